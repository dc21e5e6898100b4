"""Survival curves: how much of the person's time, and how many interventions, until feedback solves the problem.

Sessions that end unsolved are censored there. The curve is Kaplan and Meier's (1958), by statsmodels; its intervals
cluster by person and problem (each session's part in the cumulative hazard, summed as in Ying and Wei 1994), since
whoever is slow is slow in every session.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.analysis.solve_curve import answered
from assistant.core.optional_deps import need
from assistant.core.stats.crossed import crossed_variance
from assistant.journal.records import SessionRecord

MOST_TIMES = 200
"""Times of a curve; of more, as many at equal distances in rank."""
LEAST_SESSIONS = 5


@dataclass(frozen=True)
class SurvivalPoint:
    """The share of sessions that is still unsolved after `time`."""

    unit: str
    """`seconds` of the person's own time (reading, typing, editing), or `interventions`."""
    time: float
    at_risk: int
    """Sessions that were neither solved nor over before it."""
    unsolved: float
    low: float
    high: float


@dataclass(frozen=True)
class TimeToSolve:
    """Median time to solved of the sessions whose first answer failed."""

    unit: str
    sessions: int
    solved: int
    censored: int
    median: float | None
    """None where fewer than half are solved before the curve ends."""
    low: float | None
    high: float | None
    """None where the interval has no upper end."""


@dataclass(frozen=True)
class _Life:
    time: float
    solved: bool
    problem: str
    annotator: str


def survival(sessions: Sequence[SessionRecord]) -> tuple[list[TimeToSolve], list[SurvivalPoint]]:
    """Medians and curves in both units; of a unit that too few sessions have, none."""
    medians, points = [], []
    for unit in ("seconds", "interventions"):
        lives = sorted(_lives(sessions, unit), key=lambda x: (x.time, x.solved, x.problem, x.annotator))
        if len(lives) >= LEAST_SESSIONS and any(life.solved for life in lives):
            curve = list(_curve(unit, lives))
            points += curve
            medians.append(_median(unit, lives, curve))
    return medians, points


def _lives(sessions: Sequence[SessionRecord], unit: str) -> Iterator[_Life]:
    """Sessions with feedback on a first answer that failed, until solved, edited by hand, or over."""
    for session in answered(sessions):
        solve = session.solve
        if session.solved_at(0) is not None or not session.feedback:
            continue
        end = min(
            [edit.seq for edit in session.edits] + ([solve.seq] if solve is not None else []), default=None
        )
        said = [words for words in session.feedback if end is None or words.seq < end]
        time = float(len(said)) if unit == "interventions" else sum(words.effort.active for words in said)
        if time > 0:
            yield _Life(time, solve is not None, session.problem_sha256, session.annotator)


def _curve(unit: str, lives: Sequence[_Life]) -> Iterator[SurvivalPoint]:
    numpy = need("numpy")
    times, solved = numpy.array([x.time for x in lives]), numpy.array([x.solved for x in lives])
    fitted = need("statsmodels.duration.survfunc").SurvfuncRight(times, solved.astype(int))
    happened = fitted.n_events > 0
    at, left, risk = fitted.surv_times[happened], fitted.surv_prob[happened], fitted.n_risk[happened]
    hazard = fitted.n_events[happened] / risk**2
    clusters = [
        numpy.unique(names, return_inverse=True)[1]
        for names in ([x.problem for x in lives], [x.annotator for x in lives])
    ]
    several = any(codes.any() for codes in clusters)
    step, high = max(1, -(-len(at) // MOST_TIMES)), 1.0
    for place in sorted({*range(0, len(at), step), len(at) - 1}):
        low = 0.0  # and `high` as before: where nobody is left unsolved there is no variance to estimate
        if several and left[place] > 0:
            moved = _moved(times, solved, at, risk, hazard, at[place])
            low, high = _band(float(left[place]), crossed_variance(moved, *clusters))
        yield SurvivalPoint(unit, float(at[place]), int(risk[place]), float(left[place]), low, high)


def _moved(times: Any, solved: Any, at: Any, risk: Any, hazard: Any, until: float) -> Any:
    """What each session adds to the cumulative hazard at `until`, beyond what was expected of it."""
    numpy = need("numpy")
    ends = numpy.searchsorted(at, numpy.minimum(times, until), side="right")
    expected = numpy.concatenate([[0.0], numpy.cumsum(hazard)])[ends]
    happened = numpy.zeros(len(times))
    own = solved & (times <= until)
    happened[own] = 1 / risk[numpy.searchsorted(at, times[own])]
    return happened - expected


def _band(left: float, variance: Any) -> tuple[float, float]:
    """Interval on the complementary log-log scale, which stays between 0 and 1."""
    numpy = need("numpy")
    half = variance.quantile * variance.value**0.5 / -numpy.log(left)
    return float(left ** numpy.exp(half)), float(left ** numpy.exp(-half))


def _median(unit: str, lives: Sequence[_Life], curve: Sequence[SurvivalPoint]) -> TimeToSolve:
    """Where curve and band cross a half (Brookmeyer and Crowley 1982)."""

    def first(share: str) -> float | None:
        return next((point.time for point in curve if getattr(point, share) <= 0.5), None)

    solved = sum(life.solved for life in lives)
    return TimeToSolve(
        unit, len(lives), solved, len(lives) - solved, first("unsolved"), first("low"), first("high")
    )
