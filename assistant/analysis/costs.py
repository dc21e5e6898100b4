"""What answers cost the machine: tokens and seconds, with a person and without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.analysis.baseline import Alone
from assistant.analysis.solve_curve import answered, longest
from assistant.core.events import DIALOGUE_ARMS
from assistant.journal.records import ProgramRecord, SessionRecord


@dataclass(frozen=True)
class Cost:
    """Per generated program of one arm and round."""

    arm: str
    round: int
    programs: int
    prompt_tokens: float
    reused_tokens: float
    generated_tokens: float
    seconds: float
    cut_off: int
    """Programs that were cancelled or failed; they are not in the means."""


@dataclass(frozen=True)
class Spent:
    """The dialogue after `interventions`, against tries without a person at equal tokens and equal samples."""

    interventions: int
    sessions: int
    rate: float
    programs: float
    """Mean programs per session."""
    tokens: float
    """Mean tokens read and written per session."""
    generated_tokens: float
    computed_tokens: float
    """Tokens that had to be computed: those in the prompt cache left out."""
    seconds: float
    alone_equal_samples: float | None
    """Solve rate of as many samples without a person; None where too few were drawn."""
    alone_equal_tokens: float | None
    """Solve rate without a person at as many tokens read and written, between whole tries by a straight line."""


def costs(sessions: Sequence[SessionRecord]) -> list[Cost]:
    """For each arm and round, in that order."""
    groups: dict[tuple[str, int], list[ProgramRecord]] = {}
    for session in sessions:
        for program in session.programs:
            if not program.edited:
                groups.setdefault((program.arm, program.round), []).append(program)
    return [_cost(arm, round_, programs) for (arm, round_), programs in sorted(groups.items())]


def spent(sessions: Sequence[SessionRecord], alone: Sequence[Alone]) -> list[Spent]:
    """The dialogue's price after 0, 1, … interventions, and what the same would have bought without a person."""
    sessions = answered(sessions)
    return [_spent(sessions, round_, alone) for round_ in range(longest(sessions) + 1)]


def _cost(arm: str, round_: int, programs: Sequence[ProgramRecord]) -> Cost:
    whole = [p for p in programs if p.counts]
    return Cost(
        arm, round_, len(whole), _mean(p.prompt_tokens for p in whole), _mean(p.reused_tokens for p in whole),
        _mean(p.generated_tokens for p in whole), _mean(p.seconds for p in whole), len(programs) - len(whole),
    )  # fmt: skip


def _spent(sessions: Sequence[SessionRecord], interventions: int, alone: Sequence[Alone]) -> Spent:
    used = [
        [
            p
            for p in s.programs
            if p.arm in DIALOGUE_ARMS and not p.edited and s.interventions(p) <= interventions
        ]
        for s in sessions
    ]
    tokens = _mean(sum(p.tokens for p in programs) for programs in used)
    samples = round(max((s.samples for s in sessions), default=1) * (interventions + 1))
    return Spent(
        interventions, len(sessions), _mean(s.solved_at(interventions) is not None for s in sessions),
        _mean(len(programs) for programs in used), tokens,
        _mean(sum(p.generated_tokens for p in programs) for programs in used),
        _mean(sum(p.tokens - p.reused_tokens for p in programs) for programs in used),
        _mean(sum(p.seconds for p in programs) for programs in used),
        next((point.rate for point in alone if point.tries == samples), None), at_tokens(alone, tokens),
    )  # fmt: skip


def at_tokens(alone: Sequence[Alone], tokens: float) -> float | None:
    """Solve rate without a person at `tokens`; None beyond what was drawn, the first rate below it."""
    for before, after in pairwise(alone):
        if before.tokens <= tokens <= after.tokens and after.tokens > before.tokens:
            part = (tokens - before.tokens) / (after.tokens - before.tokens)
            return before.rate + part * (after.rate - before.rate)
    return alone[0].rate if alone and tokens <= alone[0].tokens else None


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
