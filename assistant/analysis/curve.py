"""The paper's figure: the share of sessions whose problem is solved after 0, 1, 2 … interventions.

Words alone count: what a person mended by hand is not solved by the model. A session that stopped early (given
up, still open) counts as unsolved from then on; one that was only ever to have fewer rounds is not counted there.

A control arm's point at r interventions is: the person's words up to r - 1, the arm at r. It is measured from the
very state in which the person spoke, so it is compared at equal interventions and equal samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.analysis.records import ARMS, Program, Session
from assistant.domain.stats.proportion import clustered_wilson, wilson


@dataclass(frozen=True)
class Point:
    """Solve rate after `interventions`, with a 95% Wilson interval and one that knows of shared problems."""

    arm: str
    interventions: int
    sessions: int
    problems: int
    solved: int
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
    """Sessions in which the last of these interventions took place."""
    stopped: int
    """Unsolved sessions that stopped before it."""


def answered(sessions: Iterable[Session]) -> list[Session]:
    """Sessions with a complete first answer; the others say nothing about solving."""
    return [session for session in sessions if session.is_answered]


def human_curve(
    sessions: Sequence[Session], solved_at: Callable[[Session, int], Program | None] = Session.solved_at
) -> list[Point]:
    """Points after 0, 1, … interventions, as far as any session was to go."""
    sessions = answered(sessions)
    most = max((session.rounds for session in sessions), default=-1)
    return [_human_point(sessions, round_, solved_at) for round_ in range(most + 1)]


def arm_curves(sessions: Sequence[Session]) -> list[Point]:
    """Every arm's points where it was made at all, from one intervention on; in order of arms."""
    sessions = answered(sessions)
    most = max((session.rounds for session in sessions), default=0)
    points = [point for round_ in range(1, most + 1) for point in _arm_points(sessions, round_)]
    return sorted(points, key=lambda point: ARMS.index(point.arm))


def all_curves(sessions: Sequence[Session]) -> list[Point]:
    """The person's curve, then every arm's."""
    return human_curve(sessions) + arm_curves(sessions)


def first_solve(programs: Iterable[Program]) -> Program | None:
    """The first of the programs that solves."""
    return next((p for p in programs if p.solved), None)


class _Tally:
    """Sessions and what solved them, counted by problem."""

    def __init__(self, start: _Tally | None = None) -> None:
        """A copy of `start`, or empty."""
        self.sessions: int = start.sessions if start else 0
        self.false_solves: int = start.false_solves if start else 0
        self.hidden_scored: int = start.hidden_scored if start else 0
        self.solved: dict[str, int] = dict(start.solved) if start else {}
        self.tried: dict[str, int] = dict(start.tried) if start else {}

    def add(self, session: Session, solve: Program | None) -> None:
        problem = session.problem_sha256
        self.sessions += 1
        self.tried[problem] = self.tried.get(problem, 0) + 1
        if solve is not None:
            self.solved[problem] = self.solved.get(problem, 0) + 1
            self.false_solves += solve.false_solve
            self.hidden_scored += solve.honest is not None

    def point(self, arm: str, round_: int, asked: int, stopped: int) -> Point:
        solved = sum(self.solved.values())
        clusters = [(self.solved.get(problem, 0), tried) for problem, tried in self.tried.items()]
        return Point(
            arm, round_, self.sessions, len(clusters), solved, solved / self.sessions if self.sessions else 0.0,
            *wilson(solved, self.sessions), *clustered_wilson(clusters), self.false_solves, self.hidden_scored,
            asked, stopped,
        )  # fmt: skip


def _human_point(
    sessions: Sequence[Session], round_: int, solved_at: Callable[[Session, int], Program | None]
) -> Point:
    tally, asked, stopped = _Tally(), 0, 0
    for session in sessions:
        if session.rounds >= round_:
            tally.add(session, solved_at(session, round_))
            came = any(p.round == round_ for p in session.dialogue)
            asked += came
            stopped += not came and session.solved_at(round_ - 1) is None
    return tally.point("human", round_, asked, stopped)


def _arm_points(sessions: Sequence[Session], round_: int) -> Iterator[Point]:
    """The point of each arm: sessions that the words had settled before, and those in which the arm was asked."""
    settled, open_ = _Tally(), list[tuple[Session, str]]()
    stopped = 0
    for session in sessions:
        if session.rounds < round_:
            continue
        before = session.solved_at(round_ - 1)
        state = None if before else session.state_before(round_)
        if state is not None:
            open_.append((session, state))
        else:
            settled.add(session, before)
            stopped += before is None
    for arm in ARMS:
        tally, asked = _Tally(settled), 0
        for session, state in open_:
            made = session.controls.get((arm, state, round_))
            if made:
                tally.add(session, first_solve(made))
                asked += 1
        if asked:
            yield tally.point(arm, round_, asked, stopped)
