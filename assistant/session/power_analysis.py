"""How likely a study is to see the effect that it hopes for, by simulating its design and its analysis."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb

from assistant.core.stats.exact_tests import holm
from assistant.session.arms.build import CONTROL_ARMS
from assistant.session.study import Study

TRIALS = 1000
"""Simulated studies: a power of 80% is then known to about 2.5 points."""
ALPHA = 0.05
MOST = 1000
"""Largest number of problems that is tried."""


@dataclass(frozen=True)
class Power:
    """Chance of a significant difference between the feedback and one control."""

    power: float
    needed: int | None
    """Smallest number of problems (in steps of 5) with a power of 80%; None above `MOST`."""
    assumptions: str


@dataclass(frozen=True)
class Design:
    """What the simulation draws from. Rates are shares between 0 and 1."""

    annotators: int
    arms: int
    first: float
    """Solved by the first answer: no feedback is given, so there is no pair."""
    feedback: float
    """Of the other problems, solved by the answer to the first feedback."""
    control: float
    """Of the other problems, solved by the control."""
    shared_first: bool
    """All annotators of a problem see the same first answer."""
    shared_control: bool
    """They have the same controls, too: a greedy model answers the same dialogue the same way."""


def power_of(study: Study, problems: int) -> Power:
    """Power of `assistant analyze`'s test of the first feedback against one control, in this study's design."""
    design = design_of(study)
    at = cache(lambda n: power(design, n))
    return Power(at(problems), _needed(at), assumptions(design))


def design_of(study: Study) -> Design:
    """The design that a study file describes."""
    return Design(
        annotators=max(1, len(study.annotators)),
        arms=max(1, len(CONTROL_ARMS if study.arms is None else study.arms)),
        first=study.expected_first,
        feedback=min(1.0, study.expected_control + study.expected_effect),
        control=study.expected_control,
        shared_first=study.same_first_sample,
        shared_control=study.same_first_sample and study.temperature == 0,
    )


def assumptions(design: Design) -> str:
    """What the number rests on, in one line."""
    return (
        f"the first answer solves {design.first:.0%} of the problems, where nothing can be compared; of the others a "
        f"control solves {design.control:.0%} and the feedback {design.feedback:.0%}, "
        f"independently; {design.annotators} "
        f"annotator(s) meet every problem; exact sign test over problems, Holm over {design.arms} arm(s), 5% level"
    )


def power(design: Design, problems: int, trials: int = TRIALS, seed: int = 1) -> float:
    """The share of simulated studies in which the first of the design's arms differs significantly."""
    dice = random.Random(seed * 1_000_003 + problems)
    found = [holm(_trial(design, problems, dice))[0] <= ALPHA for _ in range(trials)]
    return sum(found) / trials


def _needed(at: Callable[[int], float], wanted: float = 0.8) -> int | None:
    """The smallest number of problems (in steps of 5) with this power, by halving; None above `MOST`."""
    low, high = 0, MOST // 5
    if at(MOST) < wanted:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(5 * middle) >= wanted else (middle, high)
    return 5 * high


def _trial(design: Design, problems: int, dice: random.Random) -> list[float]:
    """One study: p-values of the sign tests over problems, one for each arm."""
    better, worse = [0] * design.arms, [0] * design.arms
    for _ in range(problems):
        for arm, difference in enumerate(_problem(design, dice.random)):
            better[arm] += difference > 0
            worse[arm] += difference < 0
    return [_sign_test(b, w) for b, w in zip(better, worse, strict=True)]


def _problem(design: Design, chance: Callable[[], float]) -> list[int]:
    """By arm, how many more annotators solve a problem with their words than without."""
    first = chance() < design.first
    controls = [chance() < design.control for _ in range(design.arms)]
    differences = [0] * design.arms
    for _ in range(design.annotators):
        if first if design.shared_first else chance() < design.first:
            continue
        feedback = chance() < design.feedback
        for arm in range(design.arms):
            control = controls[arm] if design.shared_control else chance() < design.control
            differences[arm] += feedback - control
    return differences


@cache
def _sign_test(better: int, worse: int) -> float:
    """Two-sided exact p of so many signs each way: `stats.exact.sign_test`, without the extra that it needs."""
    signs = better + worse
    tail: int = sum(comb(signs, k) for k in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / 2**signs) if signs else 1.0
