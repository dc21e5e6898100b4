"""Every table that an analysis writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from assistant.analysis.annotators import Agreement, Between, PersonLift
from assistant.analysis.answer_rows import AnswerRow, answer_rows
from assistant.analysis.baseline import Alone
from assistant.analysis.costs import Cost, Spent
from assistant.analysis.draws import DrawCounts
from assistant.analysis.effort import Minutes, Repair
from assistant.analysis.exclusions import Excluded
from assistant.analysis.feedback_stats import FeedbackMeasures, FeedbackRate
from assistant.analysis.learning import OrderRate
from assistant.analysis.lift import Lift
from assistant.analysis.person_alone import Way
from assistant.analysis.results import Analysis, Results
from assistant.analysis.solve_curve import CurvePoint
from assistant.analysis.solve_model import MarginalEffect, ModelFit, OddsRatio
from assistant.analysis.tables import Table, sql_type, table_of
from assistant.analysis.time_to_solve import SurvivalPoint, TimeToSolve
from assistant.core.speaker import shown_arm
from assistant.journal.fast_validation import LeftOut


@dataclass(frozen=True)
class SessionRow:
    """One session in a line."""

    session: str
    annotator: str
    problem: str
    problem_sha256: str
    model: str
    precision: str
    study: str
    condition: str
    rounds: int
    samples: int
    end: str
    solved_after: int | None
    """Interventions until it was solved by feedback alone."""
    false_solve: bool
    feedbacks: int
    """Words that were given, whatever came of them."""
    rounds_used: int
    """Those that used a round up."""
    unchanged: int
    """Those whose answer was the program before."""
    no_program: int
    """Those whose answer held no program."""
    drawn_again: int
    """Answers, first ones among them, that were drawn once more by themselves."""
    draws_offered: int
    """Answers beside which a further draw passed more visible tests."""
    draws_taken: int
    """Further draws that the person went on from."""
    edits: int
    reading: float
    typing: float
    waiting: float
    away: float
    editing: float


@dataclass(frozen=True)
class LeftOutRow:
    """A file that took no part."""

    file: str
    reason: str
    message: str


_PROGRAM_COLUMNS = (
    ("id", "id", "str"), ("turn", "turn", "int"), ("sample", "sample", "int"), ("round", "round", "int"),
    ("parent", "parent", "str"), ("arm", "arm", "str"), ("edited", "edited", "bool"),
    ("complete", "counts", "bool"), ("solved", "solved", "bool"), ("honest", "hidden_passed", "bool"),
    ("code_sha256", "code_sha256", "str"), ("prompt_tokens", "prompt_tokens", "int"),
    ("reused_tokens", "reused_tokens", "int"), ("generated_tokens", "generated_tokens", "int"),
    ("seconds", "seconds", "float"), ("sealed", "sealed", "bool"), ("redraw_of", "redraw_of", "int"),
    ("hard_coded", "hard_coded", "int"),
    ("draw_of", "draw_of", "int"), ("chosen", "chosen", "bool"), ("passed", "passed", "int"),
)  # fmt: skip
"""Name, field of `Program` and Python type of each column of the table of programs."""


def tables_of(analysis: Analysis) -> list[Table]:
    """Every table; the first column names the group."""
    results = {r.group.name: r for r in analysis.groups}

    def table(name: str, kind: type, part: str) -> Table:
        return table_of(name, kind, ((g, row) for g, r in results.items() for row in getattr(r, part)))

    def curve(name: str, part: str) -> Table:
        points = ((g, r.group.speaker, point) for g, r in results.items() for point in getattr(r, part))
        shown = ((g, replace(point, arm=shown_arm(point.arm, who))) for g, who, point in points)
        return table_of(name, CurvePoint, shown)

    answers = ((g, row) for g, r in results.items() for row in answer_rows(r.group.sessions))
    return [
        curve("curve", "curve"), curve("curve_without_leaks", "clean_curve"), curve("curve_sealed", "sealed_curve"),
        table("alone", Alone, "alone"), table("lift", Lift, "lifts"),
        table("lift_without_leaks", Lift, "clean_lifts"),
        table_of("minutes", Minutes, ((g, r.minutes) for g, r in results.items())),
        table_of("draws", DrawCounts, ((g, r.draws) for g, r in results.items())),
        table("ways", Repair, "ways"), table("feedback", FeedbackMeasures, "said"),
        table("feedback_shares", FeedbackRate, "shares"),
        table("agreement", Agreement, "agreement"), table("annotators", PersonLift, "person_lifts"),
        table("between_annotators", Between, "between"), table("costs", Cost, "costs"),
        table("spent", Spent, "spent"),
        table_of("model", ModelFit, ((g, r.model.fit) for g, r in results.items())),
        table_of("model_answers", AnswerRow, answers),
        table_of("odds_ratios", OddsRatio, ((g, term) for g, r in results.items() for term in r.model.terms)),
        table_of("marginal_effects", MarginalEffect, ((g, x) for g, r in results.items() for x in r.model.effects)),
        table("time_to_solve", TimeToSolve, "times"), table("survival", SurvivalPoint, "survival"),
        table("order", OrderRate, "order"),
        table_of("sessions", SessionRow, _session_rows(analysis.groups)),
        _programs(analysis.groups),
        table_of("person_alone", Way, (("", way) for way in analysis.alone)),
        table_of("excluded", Excluded, (("", x) for x in analysis.excluded)),
        table_of("left_out", LeftOutRow, (("", _left_out_row(analysis.folder, item)) for item in analysis.left_out)),
    ]  # fmt: skip


def _session_rows(groups: Sequence[Results]) -> Iterable[tuple[str, SessionRow]]:
    for results in groups:
        for s in results.group.sessions:
            solve, spent_on = s.solve, s.effort
            outcomes = [s.outcome_of(words) for words in s.feedback]
            condition = ", ".join(f"{k}={v}" for k, v in sorted(s.condition.items()))
            yield results.group.name, SessionRow(
                s.id, s.annotator, s.problem.id, s.problem_sha256, s.model, s.precision, s.study, condition,
                s.rounds, s.samples, s.end, s.interventions(solve) if solve else None,
                bool(solve and solve.false_solve), len(s.feedback), sum(map(s.uses_round, outcomes)),
                outcomes.count("unchanged"), outcomes.count("no program"), len(s.drawn_again),
                len(s.draws_offered), len(s.draws_taken), len(s.edits), spent_on.reading, spent_on.typing,
                spent_on.waiting, spent_on.away, spent_on.editing,
            )  # fmt: skip


def _programs(groups: Sequence[Results]) -> Table:
    """Every program in a line; there are many, so that none is made into a value of its own first."""
    values = attrgetter(*(attribute for _, attribute, _ in _PROGRAM_COLUMNS))
    return Table(
        "programs",
        (
            ("group", "VARCHAR"),
            ("session", "VARCHAR"),
            ("problem_sha256", "VARCHAR"),
            *((name, sql_type(kind)) for name, _, kind in _PROGRAM_COLUMNS),
        ),
        tuple(
            (
                results.group.name,
                session.id,
                session.problem_sha256,
                *values(program._replace(arm=shown_arm(program.arm, session.speaker))),
            )
            for results in groups
            for session in results.group.sessions
            for program in session.programs
        ),
    )


def _left_out_row(folder: Path, item: LeftOut) -> LeftOutRow:
    """Its place inside the folder: tables are made to be passed on."""
    path = item.path.relative_to(folder) if item.path.is_relative_to(folder) else item.path
    return LeftOutRow(str(path), item.reason, item.message)
