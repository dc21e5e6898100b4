"""Tries without a person: the first answer, and fresh samples of the very first prompt.

Only `resample` controls of the first round are without a person; later ones have the person's words in their
prompt. Where a session's first answer failed and no sample was drawn, it is taken to be like those where some were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assistant.analysis.solve_curve import answered
from assistant.core.stats.bootstrap import cluster_bootstrap
from assistant.core.stats.pass_at_k import expected_tries, unsolved_after
from assistant.journal.records import ProgramRecord, SessionRecord


@dataclass(frozen=True)
class Alone:
    """Solve rate of `tries` samples without a person, one stopping at the first that passes."""

    tries: int
    sessions: int
    measured: int
    """Sessions whose first answer failed and that have enough further samples."""
    rate: float
    low: float | None
    high: float | None
    tokens: float
    """Mean tokens read and written per session."""
    generated_tokens: float


@dataclass(frozen=True)
class _Draws:
    """One problem and model: the further samples drawn anywhere, pooled over sessions."""

    made: int
    solved: int
    tokens: float
    generated: float


@dataclass
class _Starts:
    """First answers of the sessions of one problem and model, with the same number of samples."""

    problem_sha256: str
    samples: int
    pool: _Draws
    solved: int = 0
    failed: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    """Of the solved ones together, and of the failed ones; read and written."""
    generated: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, first: Sequence[ProgramRecord]) -> None:
        has_failed = not any(p.solved for p in first)
        self.failed += has_failed
        self.solved += not has_failed
        self.tokens[has_failed] += sum(p.tokens for p in first)
        self.generated[has_failed] += sum(p.generated_tokens for p in first)

    def can_be_tried(self, tries: int) -> bool:
        """Whether enough samples were drawn for so many tries."""
        return self.samples + self.pool.made >= tries

    def after(self, tries: int) -> tuple[float, float]:
        """For a failed one: chance of being solved after so many tries, and mean number of further samples."""
        further = tries - self.samples
        if further <= 0:
            return 0.0, 0.0
        rate = 1 - unsolved_after(further, self.pool.solved, self.pool.made)
        return rate, expected_tries(further, self.pool.solved, self.pool.made)


def alone_curve(sessions: Sequence[SessionRecord], most: int = 20) -> list[Alone]:
    """One try, two, … as far as at least half of the sessions that need further samples have enough."""
    sessions = answered(sessions)
    pools = _pools(sessions)
    starts = _starts(sessions, pools)
    found: list[Alone] = []
    for tries in range(1, most + 1):
        point = _alone(starts, tries)
        # A rate that falls with more tries says that those with enough samples are no longer like the others.
        if point is None or (found and point.rate < found[-1].rate):
            break
        found.append(point)
    return found


def flat_line(curve: Sequence[Alone], rounds: int) -> tuple[int, float] | None:
    """The most tries, but no more than the person's samples (rounds and the first): tries and rate."""
    fitting = [point for point in curve if 1 < point.tries <= rounds + 1]
    return (fitting[-1].tries, fitting[-1].rate) if fitting else None


def _pools(sessions: Sequence[SessionRecord]) -> dict[tuple[str, str], _Draws]:
    drawn: dict[tuple[str, str], list[ProgramRecord]] = {}
    for session in sessions:
        drawn.setdefault(_pool_of(session), []).extend(
            p
            for p in session.programs
            if p.arm == "resample" and p.round == 1 and p.counts and _is_alone(session, p)
        )
    return {key: _draws(programs) for key, programs in drawn.items()}


def _is_alone(session: SessionRecord, program: ProgramRecord) -> bool:
    """Whether it is a sample of the very first prompt, drawn whatever the other samples were.

    Where the first draw was a program of the person's session, the next three were drawn to get another one.
    """
    parent = session.by_id.get(program.parent or "")
    if parent is not None and session.follows_words(parent):
        return False
    if program.turn in session.redrawn:
        return program.turn in session.drawn_for_another
    return program.redraw_of not in session.drawn_for_another


def _pool_of(session: SessionRecord) -> tuple[str, str]:
    return session.problem_sha256, f"{session.model} {session.precision} {session.visible_tests}"


def _draws(programs: Sequence[ProgramRecord]) -> _Draws:
    count = len(programs) or 1
    tokens = sum(p.tokens for p in programs) / count
    generated = sum(p.generated_tokens for p in programs) / count
    return _Draws(len(programs), sum(p.solved for p in programs), tokens, generated)


def _starts(sessions: Sequence[SessionRecord], pools: Mapping[tuple[str, str], _Draws]) -> list[_Starts]:
    found: dict[tuple[tuple[str, str], int], _Starts] = {}
    for session in sessions:
        first = [p for p in session.dialogue if p.round == 0]
        key = _pool_of(session)
        if (key, len(first)) not in found:
            found[key, len(first)] = _Starts(session.problem_sha256, len(first), pools[key])
        found[key, len(first)].add(first)
    return list(found.values())


def _alone(starts: Sequence[_Starts], tries: int) -> Alone | None:
    """The point at `tries`, or None where too few sessions have enough samples."""
    sessions = sum(s.solved + s.failed for s in starts)
    failed = sum(s.failed for s in starts)
    known = sum(s.failed for s in starts if s.can_be_tried(tries))
    if not sessions or 2 * known < failed:
        return None
    # Sessions that lack samples are stood in for by the measured failures: those weigh more.
    weight = failed / known if known else 1.0
    clusters: dict[str, list[float]] = {}
    tokens = generated = 0.0
    for start in starts:
        cluster = clusters.setdefault(start.problem_sha256, [0.0, 0.0])
        cluster[0] += start.solved
        cluster[1] += start.solved
        tokens += start.tokens[False]
        generated += start.generated[False]
        if start.can_be_tried(tries):
            rate, spent = start.after(tries)
            share = weight * start.failed
            cluster[0] += share * rate
            cluster[1] += share
            tokens += weight * start.tokens[True] + share * spent * start.pool.tokens
            generated += weight * start.generated[True] + share * spent * start.pool.generated
    pairs = [(value, count) for value, count in clusters.values() if count]
    low, high = cluster_bootstrap(pairs) if len(pairs) > 1 else (None, None)
    rate = sum(value for value, _ in pairs) / sessions
    return Alone(tries, sessions, known, rate, low, high, tokens / sessions, generated / sessions)
