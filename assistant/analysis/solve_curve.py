"""The paper's figure: the share of sessions whose problem is solved after 0, 1, 2 … interventions.

Words alone count: what a person changed by hand is not solved by the model, and what came of a further draw that
they went on from is not solved by one sample: a curve of its own counts that, too (`with_draws_curve`). Every
session with a first answer is in every point: one that stopped early (given up, still open, no more rounds allowed)
counts as unsolved from then on, so a curve never falls.

Every feedback that was given before a program is an intervention, also one on another path: going back to an earlier
program gives no intervention for nothing.

A control arm's point at r interventions is: the person's words up to r - 1, the arm at r. It is measured from the
very state in which the person spoke. Where only some of those states have the control, the others are taken to be
like them, so that the point is about the same sessions as the person's (see `CurvePoint`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from assistant.core.control_arms import RECORDED
from assistant.core.events import DRAW
from assistant.core.stats.crossed import Cluster, crossed_wilson, partly_measured
from assistant.core.stats.proportion import wilson
from assistant.journal.records import ProgramRecord, SessionRecord

LEAST_COVERAGE = 0.1
"""An arm has a point only where its control was made in at least this share of the states that words led on from."""


@dataclass(frozen=True)
class CurvePoint:
    """Solve rate after `interventions`, with a 95% Wilson interval and one that knows of shared problems and
    people (`crossed_wilson`).

    For an arm whose control is missing in some states, `rate` is
    `(settled + open * asked_solved / asked) / sessions`, where `settled` is `solved - asked_solved`.
    """

    arm: str
    interventions: int
    sessions: int
    problems: int
    solved: int
    """Seen to be solved: before by the words, or by what was asked here."""
    rate: float
    low: float
    high: float
    low_clustered: float
    high_clustered: float
    false_solves: int
    """Solved by the visible tests, not by the hidden ones."""
    hidden_scored: int
    """Solves that the hidden tests have judged."""
    asked: int
    """Sessions in which the last of these interventions took place; for an arm, in which its control was made."""
    stopped: int
    """Unsolved sessions that stopped before it."""
    open: int
    """Sessions in which the person's words were used for it: those that an arm could have been asked in."""
    asked_solved: int
    """Of `asked`, those that it solved."""

    @property
    def false_solves_text(self) -> str:
        """False solves of the solves that hidden tests judged; a dash where they judged none."""
        return f"{self.false_solves} of {self.hidden_scored}" if self.hidden_scored else "–"


Counts = Callable[[ProgramRecord], bool]


def answered(sessions: Iterable[SessionRecord]) -> list[SessionRecord]:
    """Sessions with a complete first answer; the others say nothing about solving."""
    return [session for session in sessions if session.is_answered]


def human_curve(
    sessions: Sequence[SessionRecord],
    solved_at: Callable[[SessionRecord, int], ProgramRecord | None] = SessionRecord.solved_at,
) -> list[CurvePoint]:
    """Points after 0, 1, … interventions, as far as any session was to go or went."""
    sessions = answered(sessions)
    return [_human_point(sessions, round_, solved_at) for round_ in range(longest(sessions) + 1)]


def with_draws_curve(sessions: Sequence[SessionRecord]) -> list[CurvePoint]:
    """The person's curve with what further draws solved that they went on from; empty where they took none."""
    if not any(session.draws_chosen for session in sessions):
        return []
    return [replace(point, arm=DRAW) for point in human_curve(sessions, SessionRecord.solved_with_draws_at)]


def longest(sessions: Iterable[SessionRecord]) -> int:
    """The most interventions that any of the sessions was to have or had; -1 where there is none."""
    return max((s.effective_rounds for s in sessions), default=-1)


def arm_curves(sessions: Sequence[SessionRecord], counts: Counts = lambda _: True) -> list[CurvePoint]:
    """Every arm's points where it was made often enough, from one intervention on; in order of arms.

    `counts` says which of the solves count.
    """
    sessions = answered(sessions)
    points = [p for round_ in range(1, longest(sessions) + 1) for p in _arm_points(sessions, round_, counts)]
    return sorted(points, key=lambda point: RECORDED.index(point.arm))


def all_curves(sessions: Sequence[SessionRecord]) -> list[CurvePoint]:
    """The person's curve, then every arm's."""
    return human_curve(sessions) + arm_curves(sessions)


def true_curves(sessions: Sequence[SessionRecord]) -> list[CurvePoint]:
    """`all_curves`, where a solve counts only if it passes the hidden tests as well.

    The sessions are the same: one that ended with a false solve stays unsolved.
    """

    def true_solve_at(session: SessionRecord, round_: int) -> ProgramRecord | None:
        solve = session.solved_at(round_)
        return solve if solve is not None and not solve.false_solve else None

    return human_curve(sessions, true_solve_at) + arm_curves(sessions, lambda p: not p.false_solve)


def first_solve(programs: Iterable[ProgramRecord]) -> ProgramRecord | None:
    """The first of the programs that solves."""
    return next((p for p in programs if p.solved), None)


Cell = tuple[str, str]
"""A problem and an annotator."""


def _counted(solve: ProgramRecord | None, counts: Counts) -> ProgramRecord | None:
    return solve if solve is not None and counts(solve) else None


@dataclass
class _Tally:
    """Sessions and what solved them, counted by problem and annotator. `asked` ones stand for all open ones."""

    settled: dict[Cell, list[int]] = field(default_factory=dict)
    """Solved, and all, of the sessions whose answer here is known without asking."""
    asked: dict[Cell, list[int]] = field(default_factory=dict)
    """The same of those that were asked."""
    false_solves: int = 0
    hidden_scored: int = 0

    def copy(self) -> _Tally:
        """One that can be added to without changing this."""
        settled = {cell: list(counts) for cell, counts in self.settled.items()}
        return _Tally(settled, {}, self.false_solves, self.hidden_scored)

    def add(self, session: SessionRecord, solve: ProgramRecord | None, *, asked: bool = False) -> None:
        counts = (self.asked if asked else self.settled).setdefault(_cell(session), [0, 0])
        counts[0] += solve is not None
        counts[1] += 1
        if solve is not None:
            self.false_solves += solve.false_solve
            self.hidden_scored += solve.hidden_passed is not None

    def known_point(self, round_: int, asked: int, stopped: int, asked_solved: int) -> CurvePoint:
        """The person's: nothing is missing."""
        solved, sessions = _sums(self.settled)
        return CurvePoint(
            "human", round_, sessions, _problems(self.settled), solved, solved / sessions if sessions else 0.0,
            *wilson(solved, sessions), *crossed_wilson({cell: (x, n) for cell, (x, n) in self.settled.items()}),
            self.false_solves, self.hidden_scored, asked, stopped, asked, asked_solved,
        )  # fmt: skip

    def arm_point(self, arm: str, round_: int, open_: Sequence[SessionRecord], stopped: int) -> CurvePoint:
        """The arm's: what was asked stands for all open sessions."""
        settled_solved, settled = _sums(self.settled)
        solved, asked = _sums(self.asked)
        cells = self.settled.keys() | {_cell(session) for session in open_}
        share = partly_measured(
            {cell: _cluster(self.settled.get(cell), self.asked.get(cell)) for cell in cells}, len(open_)
        )
        return CurvePoint(
            arm, round_, settled + len(open_), _problems(cells), settled_solved + solved, share.rate,
            share.low, share.high, share.low_clustered, share.high_clustered,
            self.false_solves, self.hidden_scored, asked, stopped, len(open_), solved,
        )  # fmt: skip


def _cluster(settled: Sequence[int] | None, asked: Sequence[int] | None) -> Cluster:
    return Cluster(*(settled or (0, 0)), *(asked or (0, 0)))


def _cell(session: SessionRecord) -> Cell:
    return session.problem_sha256, session.annotator


def _problems(cells: Iterable[Cell]) -> int:
    return len({problem for problem, _ in cells})


def _sums(counts: dict[Cell, list[int]]) -> tuple[int, int]:
    return sum(x for x, _ in counts.values()), sum(n for _, n in counts.values())


def _human_point(
    sessions: Sequence[SessionRecord],
    round_: int,
    solved_at: Callable[[SessionRecord, int], ProgramRecord | None],
) -> CurvePoint:
    tally, asked, stopped, by_asked = _Tally(), 0, 0, 0
    for session in sessions:
        solve = solved_at(session, round_)
        tally.add(session, solve)
        answers = [session.interventions(p) for p in session.dialogue]
        came = round_ in answers
        asked += came
        by_asked += came and solve is not None and session.interventions(solve) == round_
        stopped += max(answers, default=0) < round_ and session.solved_at(round_ - 1) is None
    return tally.known_point(round_, asked, stopped, by_asked)


def _arm_points(sessions: Sequence[SessionRecord], round_: int, counts: Counts) -> Iterator[CurvePoint]:
    """The point of each arm: sessions that the words had settled before, and those in which words were used."""
    settled, open_ = _Tally(), list[tuple[SessionRecord, tuple[str, int]]]()
    stopped = 0
    for session in sessions:
        before = session.solved_at(round_ - 1)
        state = None if before else session.state_before(round_)
        if state is not None:
            open_.append((session, state))
        else:
            settled.add(session, _counted(before, counts))
            stopped += before is None
    for arm in RECORDED:
        tally, asked = settled.copy(), 0
        for session, state in open_:
            made = session.controls.get((arm, *state))
            if made:
                tally.add(session, _counted(first_solve(made), counts), asked=True)
                asked += 1
        if asked and asked >= LEAST_COVERAGE * len(open_):
            yield tally.arm_point(arm, round_, [session for session, _ in open_], stopped)
