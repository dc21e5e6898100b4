"""Order and learning: what people solve, and how fast, by the place of a session in their own order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from assistant.analysis.answer_rows import positions
from assistant.analysis.solve_curve import answered
from assistant.core.stats.crossed import crossed_wilson
from assistant.journal.records import SessionRecord

MOST_PARTS = 4
LEAST_SESSIONS = 10
"""A part of the order holds at least so many sessions with feedback."""


@dataclass(frozen=True)
class OrderRate:
    """Sessions at these places of their annotator's order whose first answer failed, and what came of feedback."""

    first: int
    """Place of the earliest, from 1."""
    last: int
    sessions: int
    solved: int
    rate: float
    low: float
    high: float
    median_seconds: float | None
    """Of the person's own time a feedback; None where no clock ran."""


def order_rates(sessions: Sequence[SessionRecord]) -> list[OrderRate]:
    """Up to four parts of the order, of about as many sessions; empty where nobody held enough of them."""
    place = positions(answered(sessions))
    spoken = [s for s in answered(sessions) if s.feedback and s.solved_at(0) is None]
    places = sorted(place[s.id] for s in spoken)
    parts = min(MOST_PARTS, len(places) // LEAST_SESSIONS, len(set(places)))
    if parts < 2:
        return []
    starts = sorted({places[len(places) * part // parts] for part in range(parts)})
    ends = [*(start - 1 for start in starts[1:]), places[-1]]
    return [
        _rate([s for s in spoken if first <= place[s.id] <= last], first, last)
        for first, last in zip([places[0], *starts[1:]], ends, strict=True)
    ]


def _rate(sessions: Sequence[SessionRecord], first: int, last: int) -> OrderRate:
    cells: dict[tuple[str, str], list[int]] = {}
    for session in sessions:
        cell = cells.setdefault((session.problem_sha256, session.annotator), [0, 0])
        cell[0] += session.solve is not None
        cell[1] += 1
    solved = sum(x for x, _ in cells.values())
    seconds = [words.effort.active for s in sessions for words in s.feedback if words.effort.active > 0]
    return OrderRate(
        first + 1, last + 1, len(sessions), solved, solved / len(sessions),
        *crossed_wilson({name: (x, n) for name, (x, n) in cells.items()}), median(seconds) if seconds else None,
    )  # fmt: skip
