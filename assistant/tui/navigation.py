"""Navigation: pushes and pops screens and closes open sessions safely."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core.errors import AssistantError
from assistant.core.problem import Problem
from assistant.tui.custom_problems import (
    OwnDraft,
    change,
    keep,
    read_draft,
    with_problem,
    without_problem,
    write_draft,
)
from assistant.tui.problem_filter import next_untried

if TYPE_CHECKING:
    from assistant.core.events import ProgramGiven
    from assistant.core.state import State
    from assistant.problems.own_function import OwnWork
    from assistant.session.annotation_queue import Assignment
    from assistant.session.commands import AnyCommand
    from assistant.session.session import Session
    from assistant.tui.context import AppContext, EndedSession
    from assistant.tui.screens.problems import LibraryScreen
    from assistant.tui.screens.session.screen import SessionScreen


class Navigator:
    """Opens and closes the app's screens."""

    def __init__(self, app: AppContext) -> None:
        self._app = app
        self._leaving: list[threading.Thread] = []

    @property
    def library(self) -> LibraryScreen:
        """The lowest screen: the list of problems."""
        from assistant.tui.screens.problems import LibraryScreen

        screen = self._app.screen_stack[0]
        assert isinstance(screen, LibraryScreen)
        return screen

    def begin_waiting(self) -> None:
        """The model is ready: begin the sessions that were opened before it was."""
        for screen in self._working():
            screen.begin()

    def work_on(self, problem: Problem) -> None:
        """A new session on `problem`."""
        self._open(problem, lambda: self._begin(problem))

    def work_on_own(self, own: OwnWork) -> None:
        """A new session on the person's own function."""
        from assistant.session.header import given_program

        self._open(own.problem, lambda: self._begin(own.problem, given_program(own.function.code)))

    def write_back(self, code: str, problem: Problem | None, *, solved: bool) -> bool:
        """Offer to write a program into the person's own file. False where the session is about none."""
        from assistant.tui.screens.write_back import WriteBackScreen

        own = self._app.launch.own
        if own is None or not own.is_about(problem):
            return False
        if not own.changes(code):
            self._app.notify(
                f"there is nothing to write: {own.function.path} has this function", markup=False
            )
            return True
        try:
            new = own.function.changed(code)
        except AssistantError as error:
            self._app.notify(str(error), severity="error", timeout=15, markup=False)
            return True
        self._app.push_screen(WriteBackScreen(own.function, new, solved=solved))
        return True

    def _open(
        self,
        problem: Problem | None,
        open_session: Callable[[], Session] | None = None,
        state: State | None = None,
        first: Sequence[AnyCommand] = (),
        journal: Path | None = None,
    ) -> SessionScreen:
        from assistant.tui.screens.session.screen import SessionScreen  # not before the first paint

        screen = SessionScreen(problem, open_session, state, first, journal)
        self._app.push_screen(screen)
        return screen

    def _working(self) -> list[SessionScreen]:
        """Every working screen that is open, the lowest first."""
        if len(self._app.screen_stack) < 2:
            return []
        from assistant.tui.screens.session.screen import SessionScreen

        return [screen for screen in self._app.screen_stack if isinstance(screen, SessionScreen)]

    def run_clocks(self, running: bool) -> None:
        """The app goes to the background, or comes back: so do the effort clocks."""
        for screen in self._working():
            screen.live.run_clock(running)

    def person_acted(self, key: bool) -> None:
        """Forward a key, click or scroll to the session screen if it is on top."""
        working = self._working()
        if working and working[-1] is self._app.screen:
            working[-1].person_acted(key)

    def _begin(self, problem: Problem, given: ProgramGiven | None = None) -> Session:
        from assistant.session.session import Session

        launch, services = self._app.launch, self._app.services
        return Session.begin(
            problem,
            launch.settings,
            services.ready_engine(),
            services.sandbox(),
            launch.sessions,
            annotator=launch.annotator,
            study=launch.study,
            held=launch.held,
            given=given,
        )

    def work_on_assignment(self, assignment: Assignment) -> None:
        """What a study wants next."""
        study = self._app.study
        assert study is not None
        self._open(assignment.problem, lambda: study.open(assignment), first=study.first_commands())

    def resume(self, journal: Path) -> None:
        """The session of `journal`, where it was left."""
        study = self._app.study
        first = () if study is None else study.first_commands()
        self._open(None, lambda: self._reopen(journal), first=first)

    def _reopen(self, journal: Path) -> Session:
        from assistant.session.session import Session

        self.wait_until_left()
        launch, services = self._app.launch, self._app.services
        engine, sandbox = services.ready_engine(), services.sandbox()
        session = Session.resume(journal, engine, sandbox, annotator=launch.annotator, held=launch.held)
        session.ask(self._app.study.questions if self._app.study is not None else ())
        return session

    def look_at(self, journal: Path) -> None:
        """The rounds of a session, without going on with it; after its end one key does."""
        state = self._read(journal)
        if state is not None:
            self._look_at(state, journal)

    def open_again(self, journal: Path) -> None:
        """A session where it was left, or how it ended, from where one may go on."""
        from assistant.tui.screens.summary import SummaryScreen

        state = self._read(journal)
        if state is not None and state.is_over:
            screen = self._look_at(state, journal)
            if screen.may_go_on:
                self._app.push_screen(SummaryScreen(screen))
        elif state is not None:
            self.resume(journal)

    def _read(self, journal: Path) -> State | None:
        from assistant.core.state import replay
        from assistant.journal.reader import read_journal

        try:
            return replay(list(read_journal(journal).events))
        except AssistantError as error:
            self._app.notify(str(error), severity="error", markup=False)
            return None

    def _look_at(self, state: State, journal: Path) -> SessionScreen:
        owner = state.started.annotator if state.started else ""
        own = owner in ("", self._app.launch.annotator)
        may = own and state.may_reopen and self._app.study is None
        return self._open(
            state.problem, (lambda: self._reopen(journal)) if may else None, state, journal=journal
        )

    def write_problem(self) -> None:
        """A problem of the person's own, opened once it is written."""
        from assistant.tui.screens.custom_problem import OwnProblemScreen

        self._app.push_screen(OwnProblemScreen(), self._problem_written)

    def edit_problem(self, problem: Problem) -> None:
        """One of the person's own problems, to be changed."""
        from assistant.tui.screens.custom_problem import OwnProblemScreen

        def changed(new: Problem | None) -> None:
            if new is not None:
                self._change_own(problem, new)

        self._app.push_screen(OwnProblemScreen(problem), changed)

    def delete_problem(self, problem: Problem) -> None:
        """Take one of the person's own problems out, once they say so; its sessions stay."""
        from assistant.tui.screens.dialogs import ConfirmScreen

        question = f"Delete {problem.id}? Its sessions stay."
        self._app.push_screen(
            ConfirmScreen(question), lambda yes: self._change_own(problem, None) if yes else None
        )

    def _change_own(self, problem: Problem, new: Problem | None) -> None:
        app = self._app
        try:
            found = change(app.launch.own_problems, problem.id, new)
        except OSError as error:
            app.notify(f"not kept: {error.strerror}: {error.filename}", severity="error", markup=False)
            return
        if not found or app.problems is None:
            app.notify(f"{problem.id} was not written in this app: change it in its own file", markup=False)
            return
        app.problems = without_problem(app.problems, problem.id)
        if new is not None:
            app.problems = with_problem(app.problems, new)
        self.library.show_problems(app.problems)

    def draft(self) -> OwnDraft:
        """A problem that was begun and not finished, also before the app was last left."""
        return read_draft(self._app.launch.own_problems)

    def keep_draft(self, draft: OwnDraft) -> None:
        """Keep it; an empty one is forgotten."""
        try:
            write_draft(draft, self._app.launch.own_problems)
        except OSError as error:
            self._app.notify(f"the draft is not kept: {error.strerror}", severity="warning", markup=False)

    def _problem_written(self, problem: Problem | None) -> None:
        app = self._app
        if problem is None or app.problems is None:
            return
        try:
            keep(problem, app.launch.own_problems)
            self.keep_draft(OwnDraft())
        except OSError as error:
            app.notify(f"not kept: {error.strerror}: {error.filename}", severity="error", markup=False)
        app.problems = with_problem(app.problems, problem)
        self.library.show_problems(app.problems)
        self.work_on(problem)

    def show_summary(self, ended: EndedSession) -> None:
        """How the session ended."""
        from assistant.tui.screens.summary import SummaryScreen

        app = self._app
        if ended.journal is not None and ended.on_top:
            app.push_screen(SummaryScreen(ended, lesson=app.study is None or app.study.lesson))
            self._offer_own(ended.state)
            if app.study is None and (problem := self._next_untried()) is not None:
                app.prefill(problem)

    def _offer_own(self, state: State) -> None:
        """At the end of a session on the person's own function: what it would change."""
        own, table = self._app.launch.own, state.current_program
        if own is not None and table is not None and table.solved and own.changes(table.code):
            self.write_back(table.code or "", state.problem, solved=True)

    def to_library(self) -> None:
        """Close every screen above the library; what is open can be resumed."""
        self.release_all()
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        self.library.begin_anew()
        self._app.read_sessions()

    def leave_for_new_model(self) -> Path | None:
        """Leave every session that has begun; the journal of the one that can be gone on with, else None.

        A session that has not begun waits for whatever model comes.
        """
        begun = [screen for screen in self._working() if screen.begun]
        if not begun:
            return None
        last = begun[-1]
        journal = last.journal if last.state.ended is None else None
        self.to_library()
        return journal

    def next_problem(self) -> None:
        """The next problem that was not tried yet, or what the study wants."""
        app, problem = self._app, self._next_untried()
        self.to_library()
        if app.study is not None:
            app.study.next()
            return
        if problem is None:
            app.notify("every problem of this source was tried")
        else:
            self.work_on(problem)

    def _next_untried(self) -> Problem | None:
        app = self._app
        done = [screen.state.problem.id for screen in self._working() if screen.state.problem]
        return next_untried(app.problems.problems if app.problems else (), done, app.attempts)

    def release_all(self) -> None:
        """Have every open session leave its journal, in threads."""
        self._leaving = [thread for thread in self._leaving if thread.is_alive()]
        for screen in self._working():
            leave = screen.leaving()
            if leave is not None:
                self._leaving.append(threading.Thread(target=leave, name="leaving", daemon=True))
                self._leaving[-1].start()

    @property
    def has_left(self) -> bool:
        """Every session that was left has released its journal."""
        return not any(thread.is_alive() for thread in self._leaving)

    def wait_until_left(self) -> None:
        """Block until then. Not for the screen's own thread."""
        for thread in list(self._leaving):
            thread.join(timeout=10)
