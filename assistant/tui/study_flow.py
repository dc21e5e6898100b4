"""A study in the app: consent once, then the study's problems in order, with its questions at the end of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from assistant.core.errors import AssistantError
from assistant.session.commands import AnyCommand, GiveConsent, Start
from assistant.tui.messages import StudyFailed, StudyNext
from assistant.tui.screens.dialogs import ConsentScreen
from assistant.tui.screens.question import QuestionScreen

if TYPE_CHECKING:
    from assistant.core.questions import Question
    from assistant.journal.session_summary import SessionSummary
    from assistant.journal.study_answers import Part
    from assistant.session.annotation_queue import AnnotationQueue, Assignment, Unanswered
    from assistant.session.session import Session
    from assistant.tui.context import AppContext


class StudyFlow:
    """Leads one annotator through a study. Reading the folder happens in threads that post messages."""

    def __init__(self, app: AppContext, open_queue: Callable[[], AnnotationQueue]) -> None:
        self._app = app
        self._open_queue = open_queue
        self._queue: AnnotationQueue | None = None
        self._granted: bool | None = None
        self.name = "study"

    @property
    def lesson(self) -> bool:
        """Whether the study shows annotators the results of hidden tests after each session."""
        return self._queue is not None and self._queue.study.lesson

    def fixed_value(self, name: str) -> str:
        """A choice of the set-up as the study makes it; empty where it leaves it to whoever runs the study."""
        if self._queue is None:
            return ""
        study, model = self._queue.study, self._app.services.model
        if name == "model" and model is not None:
            return model.name
        if name == "server":
            return self._app.launch.choice.base_url
        return str(getattr(study, {"problems": "source"}.get(name, name)))

    def next(self) -> None:
        """Find out what comes next; a `StudyNext` message follows."""
        threading.Thread(target=self._find_next, name="study", daemon=True).start()

    def _find_next(self) -> None:
        self._app.navigator.wait_until_left()
        try:
            note = ""
            if self._queue is None:
                self._queue = self._open_queue()
                self.name, note = self._queue.study.name, self._queue.changes()
                self._granted = self._queue.consented()
            queue, assignment = self._queue, self._queue.next()
            asked = queue.asked("end" if assignment is None else "entry") if self._asks(queue) else ()
            self._app.post_message(StudyNext(assignment, tuple(queue.unanswered()), note, asked))
        except AssistantError as error:
            self._app.post_message(StudyFailed(str(error)))

    def _asks(self, queue: AnnotationQueue) -> bool:
        """Whether the app asks what comes before the first problem and after the last: in a browser, pages do."""
        return not (self._app.launch.served or self._granted is False or queue.failed_practice)

    def proceed(self, found: StudyNext) -> None:
        """Ask what is still unanswered and for consent where it is missing, then open the problem."""
        if found.note:
            self._app.notify(found.note, severity="warning", timeout=30, markup=False)
        self._ask_open(list(found.unanswered), lambda: self._begin(found))

    def _begin(self, found: StudyNext) -> None:
        queue, assignment = self._queue, found.assignment
        if assignment is None and self._app.launch.served:
            self._app.exit()  # the person's page says what comes now
        elif queue is None:
            return
        elif assignment is None:
            told = partial(self._app.notify, queue.farewell(), timeout=60, markup=False)
            self._ask_around(queue, "end", found.asked, told)
        else:
            self._agree_and_work(found, assignment, queue)

    def _agree_and_work(self, found: StudyNext, assignment: Assignment, queue: AnnotationQueue) -> None:
        consent = queue.study.consent
        work = partial(self._app.navigator.work_on_assignment, assignment)

        def answered(granted: bool | None) -> None:
            self._granted = bool(granted)
            if granted:
                self._ask_around(queue, "entry", found.asked, work)
            else:
                self._app.notify(queue.refusal(), timeout=30, markup=False)
                work()

        if consent is not None and self._granted is None:
            self._app.push_screen(ConsentScreen(consent.text), answered)
        else:
            self._ask_around(queue, "entry", found.asked, work)

    def _ask_around(
        self, queue: AnnotationQueue, part: Part, asked: Sequence[Question], then: Callable[[], None]
    ) -> None:
        """The study's questions before its first problem or after its last: each answer is kept at once."""
        self._ask(asked, lambda question, answer: queue.keep_answers(part, [(question, answer)]), then)

    def belongs(self, session: SessionSummary) -> bool:
        """Whether the annotator may see this session: it is their own, in this study."""
        queue = self._queue
        return queue is not None and (session.annotator, session.study) == (queue.annotator, queue.study.name)

    def first_commands(self) -> Sequence[AnyCommand]:
        """The agreement under which the session is made, then its first answer."""
        assert self._queue is not None
        consent = () if self._granted is None else (GiveConsent(self._queue, self._granted),)
        return (*consent, Start())

    def open(self, assignment: Assignment) -> Session:
        """The session that the study wants: a new one, or the one that was interrupted. Blocks."""
        queue, services = self._queue, self._app.services
        assert queue is not None
        engine, sandbox = services.ready_engine(), services.sandbox()
        return queue.hold(assignment, engine, sandbox, self._app.launch.held)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What every session of the study asks before it ends."""
        return self._queue.study.questions if self._queue is not None else ()

    def _ask_open(self, unanswered: list[Unanswered], then: Callable[[], None]) -> None:
        """Questions after earlier sessions that a closed or killed app left open."""
        if not unanswered:
            then()
            return
        from assistant.session.annotation_queue import answer_question

        left, *others = unanswered

        def keep(question: Question, answer: str) -> None:
            answer_question(left.journal, question.text, answer)

        self._ask(left.questions, keep, lambda: self._ask_open(others, then), about=left.problem)

    def _ask(
        self,
        questions: Sequence[Question],
        keep: Callable[[Question, str], object],
        then: Callable[[], None],
        about: str = "",
    ) -> None:
        """Ask them one after the other, and keep each answer; `about` names an earlier problem."""
        if not questions:
            then()
            return
        question, *others = questions

        def answered(answer: str | None) -> None:
            try:
                keep(question, answer or "")
            except AssistantError as error:
                self._app.notify(str(error), severity="error", markup=False)
            self._ask(others, keep, then, about)

        self._app.push_screen(QuestionScreen(question, about=about), answered)
