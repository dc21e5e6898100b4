"""The session screen: problem, code, verdicts and feedback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, TextArea

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.core.state import Program, State
from assistant.session.effort import EffortClock
from assistant.tui import clipboard
from assistant.tui.actions import bindings
from assistant.tui.messages import DraftChanged, EditDone, FeedbackSent, Happened, ProgramPicked, StepDone
from assistant.tui.screen_state import Phase, View, phase_of, possible, shown_program
from assistant.tui.screens import code_editing, unavailable_actions
from assistant.tui.screens.dialogs import ChoiceScreen
from assistant.tui.screens.session import display, feedback
from assistant.tui.screens.try_call import ScratchScreen
from assistant.tui.session_worker import SessionWorker, Step
from assistant.tui.widgets.code_editor import CodeEditor
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.diff_view import DiffView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.problem_pane import ProblemPane
from assistant.tui.widgets.status_line import StatusLine
from assistant.tui.widgets.timeline import Timeline
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.session.session import Session
    from assistant.tui.context import AppContext

BEAT = 1 / 25
"""Seconds between two looks at what is being written: fast enough for the eye, slow enough for the processor."""
CLOCK_EVERY = 10.0
"""Seconds between two readings of the effort clock that are put on disk: a kill loses no more of them."""
LONG_WAIT = 5.0
"""Seconds of waiting after which the person is called back."""


class SessionScreen(Screen[None]):
    """One session on one problem. It sends steps to its conductor and shows what the events say."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("work")
    PLACES: ClassVar = ("work", "feedback", "editor")
    AUTO_FOCUS = "#feedback"
    app: AppContext

    def __init__(
        self,
        problem: Problem | None,
        open_session: Callable[[], Session] | None = None,
        state: State | None = None,
        first: Step | None = None,
    ) -> None:
        """Without `open_session`, the rounds of `state` are only looked at."""
        super().__init__()
        self.state = state or State(problem=problem)
        self.only_looking = open_session is None
        self._open_session = open_session or _nothing
        self._first = first
        self.phase = Phase.GETTING_READY
        self.view = View()
        self.kinds: tuple[str, ...] = ()
        """Tags for the words in the box."""
        self.working_since = self.phase_since = time.monotonic()
        """When the person's waiting began, and when what is being done now did."""
        self.beats = 0
        self.conductor = SessionWorker(self._open_session, self.post_message)
        self.effort_clock = EffortClock()
        self._composed = self._begun = self._left = self._summed_up = False
        self.seen_version = -1
        self._scratch: ScratchScreen | None = None
        self._draft_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield ProblemPane(id="problem")
            with Vertical(id="code-side"):
                yield Timeline(separator=" ", id="samples")
                yield CodeView(id="code")
                yield DiffView(id="diff")
                yield CodeEditor(id="editor")
        yield Timeline(id="timeline")
        yield VerdictTable(id="verdicts")
        yield FeedbackBox(id="feedback")
        yield StatusLine(id="status")
        yield Footer(show_command_palette=False, compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        self.query_one(CodeEditor).display = False
        self.set_interval(BEAT, self._on_beat)
        self.set_interval(CLOCK_EVERY, lambda: feedback.save_clock(self))
        self._composed = True
        self.effort_clock = EffortClock(self.state.clock, self.app.preferences.away_seconds)
        if self.app.services.model is not None:
            self.begin()
        self.present()

    # Messages of the round loop.

    def begin(self) -> None:
        """The model is ready: start the session, once."""
        if self._composed and not self._begun and not self.only_looking:
            self._begun = True
            first = self._first or (lambda session: session.start())
            self.conductor.begin(lambda session: self._timed(session, first))
            self.effort_clock.start(time.monotonic())
            self.present()

    @on(Happened)
    def event_happened(self, message: Happened) -> None:
        if message.conductor != self.conductor.number:
            return
        self.state = message.state
        match message.event:
            case ev.SessionResumed():
                self.effort_clock = EffortClock(
                    self.state.clock, self.app.preferences.away_seconds, self.state.effort
                )
                self.effort_clock.wait(time.monotonic(), True)
                self.effort_clock.start(time.monotonic())
                self.query_one(FeedbackBox).said = [
                    p.feedback for p in self.state.path(self.state.current) if p.feedback
                ]
            case ev.GenerationStarted() | ev.CodeEdited() | ev.ProgramChosen():
                self.view = View()
            case ev.ScratchCalled() if self._scratch is not None:
                self._scratch.show_result(message.event)
        self.present()

    @on(StepDone)
    def step_done(self, message: StepDone) -> None:
        if message.conductor != self.conductor.number:
            return
        if message.error:
            self.notify(message.error, severity="error", timeout=10, markup=False)
        if message.state.problem is not None:
            self.state = message.state
        self.present()
        if self.phase is Phase.ENDED:
            self._show_summary_once()
        elif not self.conductor.busy:
            feedback.give_back(self, message.returned)

    def _show_summary_once(self) -> None:
        if not self._summed_up and not self._left:
            self._summed_up = True
            self.app.navigator.show_summary(self)

    def take(self, step: Step, said: str = "") -> None:
        """Have the session take a step, the clock read before it; what was said comes back if it fails."""
        effort = self.effort_clock.read(time.monotonic())

        def timed(session: Session) -> Iterator[ev.LiveEvent]:
            session.clock("read", effort)
            yield from self._timed(session, step)

        self.conductor.do(timed, said)
        self.present()

    def _timed(self, session: Session, step: Step) -> Iterator[ev.LiveEvent]:
        """`step`, with the clock read again once verdicts are there: the session may end right after them."""
        for event in step(session):
            yield event
            if isinstance(event, ev.TestsFinished):
                session.clock("read", self.effort_clock.read(time.monotonic()))

    def choose_looked_at(self) -> None:
        """What is said or done about a program that is looked back at goes on from there: a branch."""
        program = self.view.program
        if program is not None and program != self.state.current:
            self.take(lambda session: session.choose(program))

    # Words.

    @on(FeedbackSent)
    def feedback_sent(self, message: FeedbackSent) -> None:
        feedback.send(self, message.text)

    @on(DraftChanged)
    def draft_changed(self) -> None:
        display.present_kinds(self)
        if self._draft_timer is None and self.conductor.session is not None:
            self._draft_timer = self.set_timer(feedback.DRAFT_AFTER, self._save_draft)

    def _save_draft(self) -> None:
        self._draft_timer = None
        if not self._left:
            feedback.save_draft(self)

    @on(VerdictTable.RowChosen, "#verdicts")
    def action_insert_case(self) -> None:
        feedback.quote_case(self)

    @on(CodeView.RowChosen, "#code")
    def action_insert_line(self) -> None:
        feedback.quote_line(self)

    def action_kinds(self) -> None:
        feedback.ask_kinds(self)

    # The model and the rounds.

    def action_stop(self) -> None:
        if self.phase in (Phase.WRITING, Phase.STARTING):
            self.conductor.cancel()
            display.present_status(self)
        elif self.view != View():
            self.view = View()
            self.present()
        elif self.phase is Phase.ENDED:
            self._back_from_the_end()
        else:
            self.query_one(FeedbackBox).focus()

    def _back_from_the_end(self) -> None:
        if self.only_looking:
            self.app.pop_screen()
        else:
            self.app.navigator.show_summary(self, asked=True)

    def action_again(self) -> None:
        if self.phase is Phase.GETTING_READY:
            self.app.action_retry_model()
        elif self.phase is Phase.BROKEN:
            self._begun = False
            self.conductor = SessionWorker(self._open_session, self.post_message)
            self.begin()
        elif self.phase is Phase.STOPPED:
            feedback.forget_pending(self)
            self.take(lambda session: session.again())

    @on(ProgramPicked)
    def program_picked(self, message: ProgramPicked) -> None:
        self.view = View(None if message.program == self.state.current else message.program)
        self.present()
        if message.chosen and self.view.program is not None:
            self.action_branch()

    def action_branch(self) -> None:
        if self.view.program is None or self.conductor.busy:
            self.notify("look back at a round first (Alt+Left), then branch from it")
        else:
            self.choose_looked_at()

    def action_earlier(self) -> None:
        self.query_one("#timeline", Timeline).action_point(-1)

    def action_later(self) -> None:
        self.query_one("#timeline", Timeline).action_point(1)

    def action_diff(self) -> None:
        self.view = replace(self.view, base=display.next_diff_base(self))
        self.present()

    def action_whole_answer(self) -> None:
        self.view = replace(self.view, whole=not self.view.whole, base=None)
        self.present()

    def action_give_up(self) -> None:
        if self.phase in (Phase.YOUR_TURN, Phase.STOPPED):
            question = "End this session without a solution?"
            self.app.push_screen(ChoiceScreen(question, feedback.WAYS_TO_END), self._ended_by_person)

    def _ended_by_person(self, letter: str | None) -> None:
        if letter is not None and not self.conductor.busy:
            self.take(lambda session: session.end("bad_task" if letter == "t" else "gave_up"))

    def action_leave(self) -> None:
        self.app.navigator.to_library()

    # Editing, trying, saving.

    def action_edit(self) -> None:
        code_editing.open_editor(self)

    def action_edit_outside(self) -> None:
        code_editing.edit_outside(self)

    @on(EditDone)
    def edit_done(self, message: EditDone) -> None:
        code_editing.close_editor(self, message)

    def action_scratch(self) -> None:
        entry_point = self.state.problem.entry_point if self.state.problem else ""
        self.choose_looked_at()
        self._scratch = ScratchScreen(entry_point, self._evaluate)
        self.app.push_screen(self._scratch, self._scratch_closed)

    def _evaluate(self, expression: str) -> None:
        self.take(lambda session: session.scratch(expression))

    def _scratch_closed(self, test: str | None) -> None:
        self._scratch = None
        if test:
            self.take(lambda session: session.add_test(test))

    def action_remove_test(self) -> None:
        own = self.query_one(VerdictTable).row - len(
            self.state.problem.visible_tests if self.state.problem else ()
        )
        if not 0 <= own < len(self.state.extra_tests):
            self.notify("Only a test that you added (F5) can be removed: choose it in the pane of tests")
            return
        test = self.state.extra_tests[own]
        self.choose_looked_at()
        self.take(lambda session: session.remove_test(test))

    def action_copy_code(self) -> None:
        clipboard.copy_code(self.app, self.query_one(CodeView).code.text)

    def action_save_code(self) -> None:
        clipboard.save_code(self.app, self.query_one(CodeView).code.text, self.state.problem)

    def action_grow(self) -> None:
        display.resize_focused(self, 2)

    def action_shrink(self) -> None:
        display.resize_focused(self, -2)

    def action_wrap(self) -> None:
        display.toggle_folds(self)

    def action_fold(self) -> None:
        self.toggle_class("-folded")

    # The person.

    @property
    def typing_field(self) -> TextArea:
        """Where letters go that are typed while a pane has the focus."""
        editor = self.query_one(CodeEditor)
        return editor if editor.display else self.query_one(FeedbackBox)

    def keep_draft_text(self, text: str) -> None:
        """Words that were typed on, while something else came on top."""
        box = self.query_one(FeedbackBox)
        box.insert(text, box.document.end)
        self.add_class("-words")

    @property
    def journal(self) -> Path | None:
        """The session's file; None where it was never opened."""
        session = self.conductor.session
        return session.path if session is not None else None

    @property
    def on_top(self) -> bool:
        """Whether no other screen lies over this one."""
        return self.app.screen is self

    def record_answer(self, question: str, answer: str) -> None:
        """Write the answer to a study's question into the journal."""
        self.conductor.do(lambda session: _answer(session, question, answer))

    def person_acted(self, key: bool) -> None:
        """A key, click or scroll: the effort clock hears of it."""
        typing = key and isinstance(self.focused, FeedbackBox)
        self.effort_clock.activity(time.monotonic(), typing=typing)

    def leaving(self) -> Callable[[], None] | None:
        """What releases the session, to be called once in a thread; the journal then says `interrupted`."""
        if not self._begun or self._left:
            return None
        self._left = True
        last_step = feedback.last_step(self)
        return lambda: self.conductor.leave(last_step)

    # Showing.

    @property
    def shown(self) -> Program | None:
        """The program on the screen."""
        return shown_program(self.state, self.view.program)

    def phase_now(self) -> Phase:
        """The current phase."""
        if self.only_looking:
            return Phase.ENDED
        if self._begun and self.conductor.failed:
            return Phase.BROKEN
        return phase_of(self.state, begun=self._begun, busy=self.conductor.busy)

    def present(self) -> None:
        """Hand every pane its value."""
        before, self.phase = self.phase, self.phase_now()
        if before is not self.phase:
            self.phase_since = time.monotonic()
        if before.working != self.phase.working or before is Phase.GETTING_READY is not self.phase:
            self._turn_changed()
        display.present(self)
        self.refresh_bindings()

    def _turn_changed(self) -> None:
        now = time.monotonic()
        if not self.phase.working and now - self.working_since > LONG_WAIT:
            clipboard.call_person(self.app, self.phase.value)
        self.working_since = now
        self.effort_clock.wait(now, self.phase.working)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is possible now is offered."""
        if action == "stop" and not isinstance(self.focused, FeedbackBox):
            return True
        if action == "again" and self.phase is Phase.GETTING_READY:
            return bool(self.app.model_error)
        branching = self.state.settings.branching
        return possible(action, self.phase, self.shown, self.view, may_branch=branching)

    def on_key(self, event: Key) -> None:
        unavailable_actions.explain(self, event)

    def _on_beat(self) -> None:
        if self.phase.working:
            self.beats += 1
            display.present_beat(self)


def _nothing() -> Session:
    raise UsageError("this session is only looked at")


def _answer(session: Session, question: str, answer: str) -> Iterator[ev.LiveEvent]:
    yield session.record(ev.QuestionAnswered(question=question, answer=answer))
