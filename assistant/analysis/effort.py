"""Effort: how the person's time is spent, solves per minute, and feedback compared with editing by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from assistant.analysis.solve_curve import answered, first_solve
from assistant.core.events import Effort
from assistant.core.stats.proportion import wilson
from assistant.journal.records import SessionRecord

ENOUGH_MINUTES = 0.25
"""With less of the person's time than this in all, a rate per minute says nothing."""


@dataclass(frozen=True)
class Minutes:
    """Mean seconds of a session, and what the person's own minutes (reading, typing, editing) bought."""

    sessions: int
    timed: int
    """Sessions with any time on the clock; the means are over these."""
    reading: float
    typing: float
    waiting: float
    away: float
    editing: float
    active_minutes: float
    """Of all timed sessions together."""
    solved_by_person: int
    """Timed sessions unsolved at first and solved in the end, by words or by hand."""
    solved_per_minute: float | None


@dataclass(frozen=True)
class Repair:
    """One way to repair a program: `telling` (feedback) or `editing` (by hand)."""

    way: str
    times: int
    solved: int
    rate: float
    low: float
    high: float
    median_seconds: float | None
    """The person's own seconds of one time, where they were measured."""
    solved_per_minute: float | None


def minutes(sessions: Sequence[SessionRecord]) -> Minutes:
    """Totals over the sessions."""
    sessions = answered(sessions)
    timed = [(s, s.effort) for s in sessions if s.effort != Effort()]
    count = len(timed) or 1
    means = {name: sum(getattr(e, name) for _, e in timed) / count for name in Effort.model_fields}
    active = sum(e.active for _, e in timed) / 60
    solved = sum(_solved_in_the_end(s) and s.solved_at(0) is None for s, _ in timed)
    return Minutes(
        len(sessions), len(timed), **means, active_minutes=active, solved_by_person=solved,
        solved_per_minute=solved / active if active >= ENOUGH_MINUTES else None,
    )  # fmt: skip


def ways(sessions: Sequence[SessionRecord]) -> list[Repair]:
    """Feedback compared with editing by hand; a way without attempts is left out."""
    telling = [pair for s in sessions for pair in _tellings(s)]
    edited = [
        (e.effort, (p := s.by_id.get(e.program)) is not None and p.solved) for s in sessions for e in s.edits
    ]
    return [_way(name, tries) for name, tries in (("telling", telling), ("editing", edited)) if tries]


def _tellings(session: SessionRecord) -> Iterator[tuple[Effort, bool]]:
    """Each feedback that was answered: the time it took, and whether the answer solved."""
    for words in session.feedback:
        answers = session.answers_to(words)
        if answers:
            yield words.effort, first_solve(answers) is not None


def _way(name: str, tries: Sequence[tuple[Effort, bool]]) -> Repair:
    solved = sum(success for _, success in tries)
    timed = [(effort.active, success) for effort, success in tries if effort.active > 0]
    total = sum(seconds for seconds, _ in timed) / 60
    return Repair(
        name, len(tries), solved, solved / len(tries), *wilson(solved, len(tries)),
        median(seconds for seconds, _ in timed) if timed else None,
        sum(success for _, success in timed) / total if total >= ENOUGH_MINUTES else None,
    )  # fmt: skip


def _solved_in_the_end(session: SessionRecord) -> bool:
    return any(p.solved for p in session.dialogue_or_edited) or any(
        (p := session.by_id.get(edit.program)) is not None and p.solved for edit in session.edits
    )
