"""An annotator's queue: the next problem of a study, its settings, and the annotator's consent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core import events as ev
from assistant.core.errors import AssistantError, SessionLocked, UsageError
from assistant.core.generation import Engine
from assistant.core.problem import Problem
from assistant.core.questions import Question
from assistant.core.state import State
from assistant.core.submission import Sandbox
from assistant.journal.consent import read_answers
from assistant.journal.library import SessionSummary, list_sessions
from assistant.journal.reader import read_journal
from assistant.journal.study_answers import Part, add_study_answers, read_study_answers
from assistant.journal.writer import Journal
from assistant.session import study as studies
from assistant.session.header import Held
from assistant.session.session import Session
from assistant.session.slot_refill import SlotRefill
from assistant.session.study_file import parse_study
from assistant.session.study_freeze import Freeze, changed_since, differing_keys
from assistant.session.study_tables import Consent


@dataclass(frozen=True)
class Assignment:
    """One session that the study wants from this annotator."""

    problem: Problem
    settings: ev.Settings
    info: ev.StudyInfo
    place: int
    """1 for the annotator's first problem."""
    of: int
    unfinished: Path | None = None
    """Journal of the same problem that was interrupted: it is resumed instead."""


@dataclass(frozen=True)
class Unanswered:
    """Questions after a session that ended, not yet answered or skipped."""

    journal: Path
    problem: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class _Given:
    """An answer about consent in a journal."""

    time: str
    event: ev.ConsentGiven
    session: str


@dataclass(frozen=True)
class AnnotationQueue:
    """A study, its problems, and one annotator working in a folder that others may share."""

    study: studies.Study
    problems: tuple[Problem, ...]
    annotator: str
    folder: Path
    text: str = ""
    """The study's file."""
    only: Path | None = None
    """The one journal that is gone on with, where a session was resumed by its id."""
    freeze: Freeze | None = None
    """The study file as it was frozen."""
    practice: Problem | None = None
    """What is solved first, and does not count."""

    @classmethod
    def open(
        cls,
        study: studies.Study,
        available: Sequence[Problem],
        annotator: str,
        folder: Path,
        text: str = "",
        freeze: Freeze | None = None,
    ) -> AnnotationQueue:
        """Raises UsageError when the source lacks a problem of the study, or the study names others only."""
        if study.annotators and annotator not in study.annotators:
            raise UsageError(
                f"study {study.name} is for {', '.join(study.annotators[:8])}"
                f"{', …' if len(study.annotators) > 8 else ''}, not for {annotator}: say who you are with --annotator"
            )
        problems = tuple(studies.chosen_problems(study, available))
        return cls(
            study,
            problems,
            annotator,
            folder,
            text,
            freeze=freeze,
            practice=studies.practice_problem(study, available),
        )

    @classmethod
    def for_session(
        cls, header: ev.SessionStarted, journal: Path, annotator: str, folder: Path
    ) -> AnnotationQueue:
        """The queue for a study's session that is resumed by its id, made from the study in its journal.

        Of a study whose file is not in the journal (older versions) nothing is known but its name: no lesson is
        shown and no question asked.
        """
        assert header.study is not None
        name, text = header.study.name, header.study.text
        study = parse_study(text, f"the study in {journal.name}") if text else studies.Study(name=name)
        return cls(study, (header.problem,), annotator, folder, text, journal)

    def next(self) -> Assignment | None:
        """What to do now; None when the annotator has been through every problem."""
        own = self._own()
        if self.only is not None:
            return next((self._continue(s) for s in own if s.path == self.only and s.resumable), None)
        if (practice := self._practice(own)) is not None or self.failed_practice:
            return practice
        done = [s.problem for s in own if not s.resumable and s.state != "unreadable"]
        order = self.order()
        problem = studies.next_problem(order, done)
        if problem is None:
            problem = self.refill.take_over(self.problems, self.annotator, self._sessions(), time.time())
            if problem is None:
                return None
            order.append(problem)
        condition = studies.condition_of(self.study, self.problems, self.annotator, problem)
        begun = [s for s in own if s.problem == problem.id and s.resumable]
        return Assignment(
            problem=problem,
            settings=studies.settings_for(self.study, problem, self.annotator, condition),
            info=studies.info(
                self.study, condition, self.text, order.index(problem) + 1, len(order), self._frozen_at
            ),
            place=len(set(done) & {each.id for each in order}) + 1,
            of=len(order),
            unfinished=begun[0].path if begun else None,
        )

    @property
    def refill(self) -> SlotRefill:
        """What people who dropped out left to others."""
        return SlotRefill(self.study, self.folder)

    def order(self) -> list[Problem]:
        """The annotator's problems: their share, without what others took over and with what they took over."""
        return self.refill.order(self.problems, self.annotator)

    def _practice(self, own: Sequence[SessionSummary]) -> Assignment | None:
        """The problem that everybody has to solve first; None where it was, or may not be tried again."""
        problem, asked = self.practice, self.study.participants
        if problem is None or asked is None:
            return None
        tried = [s for s in own if s.problem == problem.id]
        begun = next((s for s in tried if s.resumable), None)
        passed = any(s.state == "solved" for s in tried)
        if passed or (begun is None and len(tried) >= asked.practice_tries):
            return None
        condition = {"failing_cases": "no", "practice": "yes"}
        settings = studies.settings_for(self.study, problem, self.annotator, condition)
        info = studies.info(self.study, condition, self.text, frozen_at=self._frozen_at)
        return Assignment(problem, settings, info, 1, 1, begun.path if begun is not None else None)

    @property
    def failed_practice(self) -> bool:
        """Whether the annotator has tried the practice problem as often as they may, and did not solve it."""
        if self.practice is None or self.only is not None:
            return False
        return studies.failed_practice(self.study, self._own())

    @property
    def _frozen_at(self) -> str:
        """When this very study file was frozen; empty where it was not."""
        return self.freeze.at if self.freeze is not None and self.freeze.text == self.text else ""

    def _continue(self, summary: SessionSummary) -> Assignment:
        """The assignment of the one session that is resumed by its id."""
        header = _header(summary.path)
        assert header is not None and header.study is not None
        place, of = header.study.position or 1, header.study.total or 1
        return Assignment(header.problem, header.settings, header.study, place, of, summary.path)

    def hold(self, assignment: Assignment, engine: Engine, sandbox: Sandbox, held: Held) -> Session:
        """The session that the study wants: a new one, or the one that was interrupted. Raises AssistantError."""
        session = self._opened(assignment, engine, sandbox, held)
        session.ask(self.study.questions)
        return session

    def _opened(self, assignment: Assignment, engine: Engine, sandbox: Sandbox, held: Held) -> Session:
        if assignment.unfinished is not None:
            try:
                return Session.resume(
                    assignment.unfinished, engine, sandbox, annotator=self.annotator, held=held
                )
            except SessionLocked as error:
                raise SessionLocked(self._taken(assignment, str(error))) from None
        return Session.begin(
            assignment.problem,
            assignment.settings,
            engine,
            sandbox,
            self.folder,
            annotator=self.annotator,
            study=assignment.info,
            held=held,
        )

    def _taken(self, assignment: Assignment, error: str) -> str:
        """What to do where another terminal of the same annotator holds the next problem."""
        holder = error.partition(" is being written by ")[2].partition(": ")[0] or "another process"
        return (
            f"{self.annotator} has problem {assignment.problem.id}, the next one of study {self.study.name}, open "
            f"in another terminal ({holder}). Go on there; or leave it there (Ctrl+Q, `:later`) and start again "
            "here. Another person works here with --annotator and a name of their own"
        )

    def changes(self) -> str:
        """A note where the file is not the one that was frozen, or the folder holds sessions under another version of
        it; else empty."""
        if note := changed_since(self.freeze, self.text):
            return note
        others = [s for s in self._sessions() if s.study_sha256 not in ("", self.study.sha256)]
        if not others or self.only is not None:
            return ""
        people = sorted({s.annotator for s in others})
        some = f"{', '.join(people[:4])}{', …' if len(people) > 4 else ''}"
        return (
            f"note: {len(others)} sessions of study {self.study.name} in this folder ({some}) were made under "
            f"another version of its file{self._differing(others[0].path)}; the study file has changed, or is "
            "another study's: give that one another name or another folder"
        )

    def _differing(self, journal: Path) -> str:
        """Which keys have other values in the study of an earlier session, as far as its journal says."""
        header = _header(journal)
        text = header.study.text if header is not None and header.study is not None else ""
        keys = differing_keys(text, self.text) if text else []
        return f" (other: {', '.join(keys)})" if keys else ""

    def unanswered(self) -> Iterator[Unanswered]:
        """Questions of the study that are still open after the annotator's ended sessions, oldest first."""
        for summary in reversed(self._own()):
            over = not summary.resumable and not summary.trouble
            if over and summary.study_sha256 == self.study.sha256:
                left = tuple(q for q in self.study.questions if q.text not in summary.answered)
                if left and self.only in (None, summary.path):
                    yield Unanswered(summary.path, summary.problem, left)

    def asked(self, part: Part) -> tuple[Question, ...]:
        """What is still to be asked before the first problem, or after the last. Raises JournalError."""
        around = self.study.participants
        if around is None or self.only is not None:
            return ()
        questions = around.entry_questions if part == "entry" else around.end_questions
        answered = read_study_answers(self.folder, self.study.name, self.annotator, part)
        return tuple(question for question in questions if question.text not in answered)

    def keep_answers(self, part: Part, answers: Iterable[tuple[Question, str]]) -> None:
        """Record answers before the first problem or after the last, found right. Raises JournalError."""
        add_study_answers(self.folder, (self.study.name, self.study.sha256), self.annotator, part, answers)

    def farewell(self) -> str:
        """What a terminal says when nothing is left to do."""
        around = self.study.participants
        if self.failed_practice:
            return f"study {self.study.name}: the problem for practice was not solved, so this ends here: thank you"
        code = around.completion_code if around is not None else ""
        where = around.completion_url if around is not None else ""
        told = f"; your completion code: {code}" if code else ""
        return f"study {self.study.name} is done: thank you{told}{f'; finish at {where}' if where else ''}"

    def consented(self) -> bool | None:
        """The annotator's last answer to this very consent text; None when it is to be asked."""
        consent = self.study.consent
        if consent is None:
            return None
        answers = [(given.time, given.event.granted) for given in self._consents(consent)]
        ledger = read_answers(self.folder, without_torn=True).get(self.annotator)
        if ledger is not None and (ledger.answer == "withdrawn" or ledger.text_sha256 == consent.sha256):
            answers.append((_sortable(ledger.time), ledger.answer == "granted"))
        return max(answers)[1] if answers else None

    def refusal(self) -> str:
        """What a refused consent means, and how it can be changed."""
        return (
            f"{self.annotator} does not agree to the consent text: that is on record, and the sessions are left out "
            f"of every dataset; `assistant consent {self.annotator} --study FILE` changes it"
        )

    def consent_event(self, state: State, granted: bool) -> ev.ConsentGiven | None:
        """The answer as a session's journal has to say it; None where it says so already, or nothing was asked."""
        consent = self.study.consent
        if consent is None:
            return None
        last = state.consents[-1] if state.consents else None
        same = (consent.version, consent.sha256, granted)
        if last is not None and (last.version, last.text_sha256, last.granted) == same:
            return None
        return self._answer(consent, granted)

    def _answer(self, consent: Consent, granted: bool) -> ev.ConsentGiven:
        """The answer as a session's journal holds it; where it was not given just now, it says where."""
        new = ev.ConsentGiven(
            version=consent.version, text_sha256=consent.sha256, granted=granted, text=consent.text
        )
        found = max(self._consents(consent), default=None, key=lambda given: given.time)
        ledger = read_answers(self.folder, without_torn=True).get(self.annotator)
        newer = ledger is not None and (found is None or _sortable(ledger.time) >= found.time)
        if ledger is not None and newer and granted and ledger.text_sha256 == consent.sha256:
            by = ledger.recorded_by or "annotator"
            return new.model_copy(update={"given_in": "consent.jsonl", "recorded_by": by})
        if found is None or found.event.granted != granted:
            return new
        place = found.event.given_in or found.session
        return new.model_copy(update={"given_in": place, "recorded_by": found.event.recorded_by})

    def _consents(self, consent: Consent) -> Iterator[_Given]:
        """The annotator's answers to this very text in this folder."""
        for summary in self._own():
            if summary.trouble or not summary.consents:
                continue
            recording = read_journal(summary.path)
            for stamp, event in zip(recording.stamps, recording.events, strict=True):
                if isinstance(event, ev.ConsentGiven) and event.text_sha256 == consent.sha256:
                    yield _Given(_sortable(stamp.time), event, summary.id)

    def _own(self) -> list[SessionSummary]:
        return [s for s in self._sessions() if s.annotator == self.annotator]

    def _sessions(self) -> list[SessionSummary]:
        return [s for s in list_sessions(self.folder) if s.study == self.study.name]


def answer_question(journal: Path, question: str, answer: str) -> ev.QuestionAnswered:
    """Record the answer to a question after a session that has ended; empty skips it. Raises JournalError."""
    event = ev.QuestionAnswered(question=question, answer=answer)
    file, _ = Journal.reopen(journal)
    try:
        file.append(event)
    finally:
        file.close()
    return event


def _header(journal: Path) -> ev.SessionStarted | None:
    try:
        first = read_journal(journal).events[0]
    except AssistantError:
        return None
    return first if isinstance(first, ev.SessionStarted) else None


def _sortable(time: str) -> str:
    """ISO times in UTC, to the second: those of journals and of the ledger compare as text."""
    return time[:19]
