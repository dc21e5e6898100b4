"""How often the default model alone solves a starter problem, where that was measured.

The file is written by `tests/benchmarks/starter_difficulty.py`, which says how; a rate counts only for the very
text and tests that it was measured on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from assistant.core.problem import FrozenModel, Problem

FILE = Path(__file__).with_name("starter_rates.json")
_LEVELS = ("medium", "easy", "hard")


class MeasuredProblem(FrozenModel):
    """Programs that pass every test, of those that were drawn."""

    sha256: str
    """`identity` of the problem that was measured."""
    solved: int
    of: int
    won_after: int | None = None
    """Sentences after which the model's program was right in a session; 0 where its first answer was; None where it
    never was, or nobody tried."""


class Measurement(FrozenModel):
    """Rates of one model under one wording."""

    date: str
    model: str
    precision: str = ""
    weights_sha256: str = ""
    template: str
    template_sha256: str
    temperature: float
    problems: dict[str, MeasuredProblem]

    def of(self, problem: Problem) -> MeasuredProblem | None:
        """The result on this very problem."""
        found = self.problems.get(problem.id)
        return found if found is not None and found.sha256 == identity(problem) else None


def identity(problem: Problem) -> str:
    """A problem's hash, the same before and after its difficulty is written."""
    return problem.model_copy(update={"difficulty": ""}).sha256


@cache
def measured_rates(file: Path = FILE) -> Measurement | None:
    """The measurement that ships with the starter problems; None where there is none."""
    try:
        return Measurement.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def rate_text(problem: Problem) -> str:
    """`3 of 5`: programs of the default model alone that pass every test; empty where that was not measured."""
    rates = measured_rates() if problem.source == "starter" else None
    found = rates.of(problem) if rates is not None else None
    return f"{found.solved} of {found.of}" if found is not None else ""


def winnable_first(problems: Sequence[Problem], rates: Measurement | None) -> tuple[Problem, ...]:
    """Problems in the order in which words are worth most: first those that a sentence or two were seen to win, then
    those that the model alone solves sometimes, always, never; each in its order.

    A source without the levels easy, medium and hard stays as it is.
    """
    if not all(problem.difficulty in _LEVELS for problem in problems):
        return tuple(problems)

    def place(problem: Problem) -> tuple[bool, int]:
        found = rates.of(problem) if rates is not None else None
        won = found is not None and found.won_after in (1, 2)
        return not won, _LEVELS.index(problem.difficulty)

    return tuple(sorted(problems, key=place))
