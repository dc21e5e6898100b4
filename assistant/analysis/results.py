"""Everything that is computed from the sessions of one group, and from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.analysis.annotators import Agreement, Between, PersonLift, agreement, between, person_lifts
from assistant.analysis.answer_rows import answer_rows
from assistant.analysis.baseline import Alone, alone_curve, flat_line
from assistant.analysis.caveats import cautions
from assistant.analysis.costs import Cost, Spent, costs, spent
from assistant.analysis.draws import DrawCounts, draw_counts
from assistant.analysis.effort import Minutes, Repair, minutes, ways
from assistant.analysis.exclusions import Excluded
from assistant.analysis.feedback_stats import (
    FeedbackMeasures,
    FeedbackRate,
    clean_pairs,
    clean_solved_at,
    said,
    shares,
)
from assistant.analysis.forked_task import in_fork
from assistant.analysis.grouping import SessionGroup
from assistant.analysis.learning import OrderRate, order_rates
from assistant.analysis.lift import Lift, all_pairs, lifts
from assistant.analysis.person_alone import Way
from assistant.analysis.solve_curve import CurvePoint, all_curves, human_curve, longest, with_draws_curve
from assistant.analysis.solve_model import SolveModel, solve_model
from assistant.analysis.speaker_captions import say_of
from assistant.analysis.study_plan import PlannedStudy
from assistant.analysis.time_to_solve import SurvivalPoint, TimeToSolve, survival
from assistant.journal.fast_validation import LeftOut
from assistant.journal.records import SessionRecord


@dataclass(frozen=True)
class Results:
    """One group's figures as numbers."""

    group: SessionGroup
    curve: tuple[CurvePoint, ...]
    clean_curve: tuple[CurvePoint, ...]
    """The person's, where solves after leaky words do not count."""
    sealed_curve: tuple[CurvePoint, ...]
    """The person's, where only verdicts count that no program could have forged."""
    with_draws: tuple[CurvePoint, ...]
    """The person's, where further draws that they went on from count; empty where there are none."""
    draws: DrawCounts
    alone: tuple[Alone, ...]
    flat: tuple[int, float] | None
    lifts: tuple[Lift, ...]
    clean_lifts: tuple[Lift, ...]
    """Of pairs whose words give nothing away."""
    minutes: Minutes
    ways: tuple[Repair, ...]
    said: tuple[FeedbackMeasures, ...]
    shares: tuple[FeedbackRate, ...]
    agreement: tuple[Agreement, ...]
    person_lifts: tuple[PersonLift, ...]
    between: tuple[Between, ...]
    costs: tuple[Cost, ...]
    spent: tuple[Spent, ...]
    model: SolveModel
    times: tuple[TimeToSolve, ...]
    survival: tuple[SurvivalPoint, ...]
    order: tuple[OrderRate, ...]
    cautions: tuple[str, ...] = ()

    @property
    def human(self) -> list[CurvePoint]:
        return [point for point in self.curve if point.arm == "human"]


@dataclass(frozen=True)
class Analysis:
    """A folder, analysed."""

    folder: Path
    data_sha256: str
    journals: int
    events: int
    sessions: int
    """Those chosen among the journals."""
    left_out: tuple[LeftOut, ...]
    selection: str
    """What they were chosen by, in words; empty for all."""
    groups: tuple[Results, ...] = field(default=())
    excluded: tuple[Excluded, ...] = ()
    """Chosen sessions that are in no figure: by planned rules, or by hand."""
    plans: tuple[PlannedStudy, ...] = ()
    """Frozen plans of studies that the sessions were held under."""
    alone: tuple[Way, ...] = ()
    """People who worked without a model beside those with one; empty where nobody did."""
    answers: str = ""
    """Where these people's answers before and after their problems are, in words; empty where there are none."""


MANY = 2000
"""From so many sessions on, what was said is measured in a forked process."""


def results_of(group: SessionGroup) -> Results:
    """Every measure of the group."""
    sessions = group.sessions
    of_words = in_fork(lambda: _of_words(sessions)) if len(sessions) >= MANY else lambda: _of_words(sessions)
    curve, alone = all_curves(sessions), alone_curve(sessions)
    times, points = survival(sessions)
    of_programs: dict[str, Any] = {
        "curve": tuple(curve),
        "sealed_curve": tuple(human_curve(sessions, SessionRecord.solved_sealed_at)),
        "with_draws": tuple(with_draws_curve(sessions)),
        "draws": draw_counts(sessions),
        "alone": tuple(alone),
        "flat": flat_line(alone, max(0, longest(sessions))),
        "minutes": minutes(sessions),
        "ways": tuple(ways(sessions)),
        "costs": tuple(costs(sessions)),
        "spent": tuple(spent(sessions, alone)),
        "model": solve_model(answer_rows(sessions)),
        "times": tuple(times),
        "survival": tuple(points),
        "order": tuple(order_rates(sessions)),
    }
    words = of_words()
    say = say_of(group.speaker)
    found = cautions(group, curve, words["lifts"], alone, of_programs["sealed_curve"])
    warnings = [say(caution) for caution in found]
    return Results(group=group, **of_programs, **words, cautions=tuple(warnings))


def _of_words(sessions: Sequence[SessionRecord]) -> dict[str, Any]:
    """What was said and what came of it: those fields of `Results`."""
    words, pairs = said(sessions), all_pairs(sessions)
    return {
        "clean_curve": tuple(human_curve(sessions, clean_solved_at(words))),
        "lifts": tuple(lifts(pairs)),
        "clean_lifts": tuple(lifts(clean_pairs(pairs, words))),
        "said": tuple(words),
        "shares": tuple(shares(words)),
        "agreement": tuple(agreement(sessions)),
        "person_lifts": tuple(person_lifts(pairs)),
        "between": tuple(between(pairs)),
    }
