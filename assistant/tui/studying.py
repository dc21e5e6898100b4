"""A study in the app: consent once, then problem after problem as the study wants them, its questions at each end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from assistant.domain import events as ev
from assistant.domain.errors import AssistantError
from assistant.tui.messages import StudyFailed, StudyNext
from assistant.tui.screens.asking import ConsentScreen, QuestionScreen

if TYPE_CHECKING:
    from assistant.session.desk import Assignment, Desk
    from assistant.session.runner import Session
    from assistant.tui.app import AssistantApp
    from assistant.tui.screens.work import WorkScreen


class Studying:
    """Leads one annotator through a study. Reading the folder happens in threads that post messages."""

    def __init__(self, app: AssistantApp, open_desk: Callable[[], Desk]) -> None:
        self._app = app
        self._open_desk = open_desk
        self._desk: Desk | None = None
        self._granted: bool | None = None
        self.name = "study"

    @property
    def lesson(self) -> bool:
        """Whether the study wants its annotators told, after each session, what the hidden tests found."""
        return self._desk is not None and self._desk.study.lesson

    def next(self) -> None:
        """Find out what comes next; a `StudyNext` message follows."""
        threading.Thread(target=self._find_next, name="study", daemon=True).start()

    def _find_next(self) -> None:
        self._app.go.wait_until_left()
        try:
            if self._desk is None:
                self._desk = self._open_desk()
                self.name = self._desk.study.name
                self._granted = self._desk.consented()
            self._app.post_message(StudyNext(self._desk.next()))
        except AssistantError as error:
            self._app.post_message(StudyFailed(str(error)))

    def proceed(self, assignment: Assignment | None) -> None:
        """Ask for consent where it is missing, then open the problem."""
        if assignment is None or self._desk is None:
            self._app.notify(f"the study {self.name} is done: thank you", timeout=60, markup=False)
            return
        consent = self._desk.study.consent
        if consent is not None and self._granted is None:
            self._app.push_screen(ConsentScreen(consent.text), lambda yes: self._answered(yes, assignment))
        else:
            self._app.go.work_on_assignment(assignment)

    def _answered(self, granted: bool | None, assignment: Assignment) -> None:
        self._granted = bool(granted)
        self._app.go.work_on_assignment(assignment)

    def first_step(self, session: Session) -> Iterator[ev.LiveEvent]:
        """The agreement under which the session is made, then its first answer."""
        assert self._desk is not None
        if self._granted is not None:
            yield from self._desk.record_consent(session, self._granted)
        yield from session.start()

    def open(self, assignment: Assignment) -> Session:
        """The session that the study wants: a new one, or the one that was interrupted. Blocks."""
        from assistant.session.runner import Session

        desk, services = self._desk, self._app.services
        assert desk is not None
        engine = services.ready_engine()
        if assignment.unfinished is not None:
            return Session.resume(assignment.unfinished, engine, services.sandbox())
        return Session.begin(
            assignment.problem,
            assignment.settings,
            engine,
            services.sandbox(),
            desk.folder,
            annotator=desk.annotator,
            study=assignment.info,
        )

    def ask_questions(self, screen: WorkScreen, then: Callable[[], None]) -> None:
        """The study's questions, one after the other; an empty answer skips one."""
        self._ask(list(self._desk.study.questions) if self._desk else [], screen, then)

    def _ask(self, questions: list[str], screen: WorkScreen, then: Callable[[], None]) -> None:
        if not questions:
            then()
            return
        question, *others = questions

        def answered(answer: str | None) -> None:
            if answer:
                screen.conductor.do(lambda session: _record_answer(session, question, answer))
            self._ask(others, screen, then)

        self._app.push_screen(
            QuestionScreen(question, hint="Enter keeps it · empty skips the question"), answered
        )


def _record_answer(session: Session, question: str, answer: str) -> Iterator[ev.LiveEvent]:
    yield session.record(ev.QuestionAnswered(question=question, answer=answer))
