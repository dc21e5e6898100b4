"""Lift of feedback: the answer to it compared with a control's from the same state, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.analysis.solve_curve import answered
from assistant.core.control_arms import RECORDED
from assistant.core.stats.crossed import crossed_difference, crossed_test
from assistant.core.stats.exact_tests import holm, mcnemar_exact
from assistant.journal.records import ProgramRecord, SessionRecord


@dataclass(frozen=True)
class ArmPair:
    """One state: did the feedback solve it, and did the arm?"""

    session: str
    problem_sha256: str
    annotator: str
    arm: str
    round: int
    about: str
    human: bool
    control: bool

    @property
    def difference(self) -> int:
        return self.human - self.control


@dataclass(frozen=True)
class Lift:
    """Paired lift of the feedback over `arm`: a difference of shares, the interval by problem and annotator."""

    arm: str
    round: str
    """`all`, or the intervention."""
    pairs: int
    problems: int
    human: float
    control: float
    lift: float
    low: float | None
    high: float | None
    only_human: int
    only_control: int
    p_mcnemar: float
    """Exact test over pairs, as if those of one problem were independent."""
    p_problems: float
    """Score test clustered by problem and annotator, with the first pair of each session (exact sign test where each
    problem has one pair). Later pairs exist only where the words failed before, so that they are no fair coin."""
    p_holm: float
    """`p_problems` adjusted for the number of arms."""


def pairs_of(
    sessions: Sequence[SessionRecord], arm: str, counts: Callable[[ProgramRecord], bool] = lambda _: True
) -> Iterator[ArmPair]:
    """Every state with both answers; `counts` says which of the solves count."""
    for session in answered(sessions):
        for round_, states in sorted(session.spoken.items()):
            for about, human in states:
                control = session.controls.get((arm, about, round_))
                if control:
                    yield ArmPair(
                        session.id, session.problem_sha256, session.annotator, arm, round_, about,
                        any(p.solved and counts(p) for p in human),
                        any(p.solved and counts(p) for p in control),
                    )  # fmt: skip


def all_pairs(sessions: Sequence[SessionRecord]) -> dict[str, list[ArmPair]]:
    """The pairs of each arm."""
    return {arm: list(pairs_of(sessions, arm)) for arm in RECORDED}


def true_pairs(sessions: Sequence[SessionRecord]) -> dict[str, list[ArmPair]]:
    """The same, where a solve counts only if it passes the hidden tests as well."""
    return {arm: list(pairs_of(sessions, arm, lambda p: not p.false_solve)) for arm in RECORDED}


def lifts(by_arm: Mapping[str, Sequence[ArmPair]]) -> list[Lift]:
    """For each arm that was made: over all interventions, then for each one."""
    overall = with_holm([lift_of(arm, "all", pairs) for arm, pairs in by_arm.items() if pairs])
    found = []
    for lift in overall:
        found.append(lift)
        pairs = by_arm[lift.arm]
        for round_ in sorted({pair.round for pair in pairs}):
            found.append(lift_of(lift.arm, str(round_), [p for p in pairs if p.round == round_]))
    return found


def lift_of(arm: str, round_: str, pairs: Sequence[ArmPair]) -> Lift:
    """The lift over these pairs (at least one)."""
    count = len(pairs)
    only_human = sum(p.human and not p.control for p in pairs)
    only_control = sum(p.control and not p.human for p in pairs)
    low, high = interval_of(pairs)
    p_problems = crossed_test(cells_of(_first_of_each_session(pairs)))
    return Lift(
        arm, round_, count, len({p.problem_sha256 for p in pairs}), sum(p.human for p in pairs) / count,
        sum(p.control for p in pairs) / count, (only_human - only_control) / count, low, high,
        only_human, only_control, mcnemar_exact(only_human, only_control), p_problems, p_problems,
    )  # fmt: skip


def interval_of(pairs: Sequence[ArmPair]) -> tuple[float, float] | tuple[None, None]:
    """95% interval of the lift over these pairs; none where one annotator spoke about one problem."""
    better, worse = sum(p.difference > 0 for p in pairs), sum(p.difference < 0 for p in pairs)
    return crossed_difference(cells_of(pairs), better, worse) or (None, None)


def cells_of(pairs: Sequence[ArmPair]) -> dict[tuple[str, str], tuple[float, float]]:
    """Sum of differences and number of pairs of each annotator on each problem."""
    cells: dict[tuple[str, str], tuple[float, float]] = {}
    for pair in pairs:
        value, count = cells.get((pair.problem_sha256, pair.annotator), (0.0, 0.0))
        cells[pair.problem_sha256, pair.annotator] = (value + pair.difference, count + 1)
    return cells


def _first_of_each_session(pairs: Sequence[ArmPair]) -> list[ArmPair]:
    first: dict[str, ArmPair] = {}
    for pair in pairs:
        first.setdefault(pair.session, pair)
    return list(first.values())


def clusters_of(pairs: Sequence[ArmPair]) -> list[tuple[float, float]]:
    """Sum of differences and number of pairs of each problem."""
    sums: dict[str, list[float]] = {}
    for pair in pairs:
        cluster = sums.setdefault(pair.problem_sha256, [0.0, 0.0])
        cluster[0] += pair.difference
        cluster[1] += 1
    return [(value, count) for value, count in sums.values()]


def with_holm(found: Sequence[Lift]) -> list[Lift]:
    """The lifts with `p_holm` adjusted for how many they are."""
    adjusted = holm([lift.p_problems for lift in found])
    return [Lift(**{**vars(lift), "p_holm": p}) for lift, p in zip(found, adjusted, strict=True)]
