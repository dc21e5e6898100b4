"""Where each person of a study is: what their page asks or shows next, and what the researcher sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.core.questions import Question
from assistant.journal.consent import ConsentAnswer, add_answer, read_answers
from assistant.journal.library import list_sessions
from assistant.journal.session_summary import SessionSummary
from assistant.journal.study_answers import Part, who_answered
from assistant.server.invitations import Invitations, Person
from assistant.session.annotation_queue import AnnotationQueue
from assistant.session.slot_refill import SlotRefill
from assistant.session.study import Study, chosen_problems

Step = Literal["consent", "refused", "withdrawn", "entry", "work", "failed", "end", "done"]
HERE, AWAY = 2, 30
"""Minutes without a sign: up to the first somebody is here, from the second on they are away, between them idle."""


@dataclass(frozen=True)
class StudyPlace:
    """A study, its problems, and the folder in which everybody works."""

    study: Study
    available: tuple[Problem, ...]
    folder: Path
    text: str

    @classmethod
    def open(cls, file: Path, folder: Path) -> StudyPlace:
        """Raises UsageError for a file or problems that cannot be used."""
        from assistant.problems.load import load_source
        from assistant.session.study_file import parse_study, text_of

        text = text_of(file)
        study = parse_study(text, str(file))
        available = tuple(load_source(study.source).problems)
        place = cls(study, available, folder, text)
        for name in study.annotators[:1] or ("anybody",):
            place.check_name(name)
        return place

    def names(self, count: int, taken: Sequence[str]) -> list[str]:
        """Pseudonyms for `count` new people: those of the study file, else p001, p002, …. Raises UsageError."""
        listed = self.study.annotators
        free = [name for name in listed or (f"p{n:03}" for n in range(1, 10_000)) if name not in taken]
        if len(free) < count:
            raise UsageError(
                f"study {self.study.name} names {len(listed)} annotators, {len(free)} are not invited yet"
            )
        return free[:count]

    def check_name(self, name: str) -> None:
        """Raises UsageError where the study is for others only."""
        self._queue(name)

    def step(self, name: str) -> Step:
        """What comes next for this person. Reads the folder."""
        queue = self._queue(name)
        consented = queue.consented()
        if self.study.consent is not None and consented is None:
            return "consent"
        if consented is False:
            return "withdrawn" if self._ledger(name) == "withdrawn" else "refused"
        if queue.asked("entry"):
            return "entry"
        if queue.next() is not None or any(queue.unanswered()):
            return "work"
        if queue.failed_practice:
            return "failed"
        return "end" if queue.asked("end") else "done"

    def open_questions(self, name: str, part: Part) -> list[Question]:
        """What the person is still to be asked before the first problem, or after the last."""
        return list(self._queue(name).asked(part))

    def keep_answers(self, name: str, part: Part, answers: Sequence[tuple[Question, str]]) -> None:
        """Record answers that were found right. Raises JournalError."""
        self._queue(name).keep_answers(part, answers)

    def answer_consent(self, name: str, answer: Literal["granted", "refused", "withdrawn"]) -> None:
        """Record what the person said on their page. Raises JournalError."""
        consent = self.study.consent
        if answer == "withdrawn" or consent is None:
            add_answer(self.folder, name, "withdrawn")
        else:
            add_answer(
                self.folder,
                name,
                answer,
                version=consent.version,
                text_sha256=consent.sha256,
                text=consent.text,
            )

    def progress(self, name: str) -> tuple[bool, int, int]:
        """Whether the person has begun, how many problems they have ended, and of how many."""
        own = self._sessions(name)
        queue = self._queue(name)
        order = {problem.id for problem in queue.order()}
        ended = {session.problem for session in own if not session.resumable}
        return bool(own), len(ended & order), len(order)

    def _queue(self, name: str) -> AnnotationQueue:
        return AnnotationQueue.open(self.study, self.available, name, self.folder, self.text)

    def _ledger(self, name: str) -> str:
        answer = read_answers(self.folder, without_torn=True).get(name)
        return "" if answer is None else answer.answer

    def _sessions(self, name: str) -> list[SessionSummary]:
        return [s for s in list_sessions(self.folder) if (s.study, s.annotator) == (self.study.name, name)]


@dataclass(frozen=True)
class Row:
    """One person as the researcher sees them."""

    name: str
    state: str
    """invited, revoked, consent refused, withdrawn, here, idle, away or done."""
    ended: int
    of: int
    solved: int
    problem: str
    """What they work on; empty between problems."""
    round: int
    minutes: float
    """Their own time at work so far."""
    idle_minutes: float | None
    """Since their browser last did something; None where it never came."""


@dataclass(frozen=True)
class Status:
    """How a study goes, at one moment."""

    study: str
    at: str
    people: tuple[Row, ...]
    ended: int
    solved_by_round: tuple[int, ...]
    """How many sessions were solved after 0, 1, 2, … feedbacks."""
    faults: tuple[str, ...]
    answered: int = 0
    """How many people answered questions before or after the problems; who withdrew is not counted."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def status_of(place: StudyPlace, now: float, faults: Sequence[str] = ()) -> Status:
    """How the study goes at `now`, seconds since 1970; reads the folder once."""
    sessions = [s for s in list_sessions(place.folder) if s.study == place.study.name or s.trouble]
    unreadable = [f"{s.path.name}: {s.trouble}" for s in sessions if s.trouble]
    answers = read_answers(place.folder, without_torn=True)
    invited = {person.name: person for person in Invitations(place.folder).people()}
    names = sorted({*invited, *(s.annotator for s in sessions if not s.trouble)})
    own = {name: [s for s in sessions if s.annotator == name and not s.trouble] for name in names}
    problems = chosen_problems(place.study, place.available)
    refill = SlotRefill(place.study, place.folder)
    taken = refill.taken()
    rows = tuple(
        _row(refill.order(problems, name, taken), name, own[name], invited.get(name), answers.get(name), now)
        for name in names
    )
    counted = {problem.id for problem in problems}
    ended = [s for s in sessions if not s.trouble and not s.resumable and s.problem in counted]
    solved = [s.rounds for s in ended if s.state == "solved"]
    rounds = range(max([place.study.rounds, *solved]) + 1)
    return Status(
        place.study.name,
        datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        rows,
        len(ended),
        tuple(solved.count(number) for number in rounds),
        (*unreadable, *faults),
        who_answered(place.folder, ((place.study.name, name) for name in names)),
    )


def _row(
    problems: Sequence[Problem],
    name: str,
    sessions: Sequence[SessionSummary],
    person: Person | None,
    answer: ConsentAnswer | None,
    now: float,
) -> Row:
    wanted = {problem.id for problem in problems}
    ended = {s.problem: s for s in sessions if not s.resumable and s.problem in wanted}
    current = next((s for s in sessions if s.resumable and s.problem not in ended), None)
    idle = None if person is None or person.seen is None else max(0.0, now - person.seen) / 60
    return Row(
        name=name,
        state=_state(person, answer, len(ended) >= len(wanted), idle),
        ended=len(ended),
        of=len(wanted),
        solved=sum(s.state == "solved" for s in ended.values()),
        problem=current.problem if current is not None else "",
        round=current.rounds if current is not None else 0,
        minutes=round(sum(s.active_seconds for s in sessions) / 60, 1),
        idle_minutes=None if idle is None else round(idle, 1),
    )


def _state(person: Person | None, answer: ConsentAnswer | None, done: bool, idle: float | None) -> str:
    if answer is not None and answer.answer in ("withdrawn", "refused"):
        return "withdrawn" if answer.answer == "withdrawn" else "consent refused"
    if person is not None and person.revoked is not None:
        return "revoked"
    if done:
        return "done"
    if person is None or idle is None:
        return "invited" if person is not None else "without a link"
    return "here" if idle < HERE else "idle" if idle < AWAY else "away"
