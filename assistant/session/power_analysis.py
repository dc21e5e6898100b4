"""How likely a study is to see the effect that it hopes for, by simulating its design and its analysis.

Studies of people x problems are drawn: problems differ in how easy they are and people in what their feedback does,
both in log odds. Whoever meets a problem whose first answer solves it gives no feedback. Of the others the first
feedback is compared with every control by the test of `assistant analyze` (`core/stats/crossed.py: crossed_test`),
with Holm over the arms; here it is written for whole tables of problems x people at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb, exp, log1p, pi, sqrt
from statistics import NormalDist
from typing import Any

from assistant.core.optional_deps import need
from assistant.core.stats.crossed import FEW
from assistant.core.stats.exact_tests import holm
from assistant.session.arms.build import CONTROL_ARMS
from assistant.session.study import Study

TRIALS = 600
"""Simulated studies: a power of 80% is then known to about 3 points."""
SEARCH_TRIALS = 200
"""Of each number of problems that is tried on the way to 80%."""
WORK = 20_000_000
"""Sessions that are simulated for one number at most: fewer studies of a large design, for a time below seconds."""
LEAST_TRIALS = 40
ALPHA = 0.05
MOST = 1000
"""Largest number of problems that is tried."""
SD_PROBLEMS = 1.0
SD_PEOPLE = 0.7
HARM = 0.05


@dataclass(frozen=True)
class Power:
    """Chance of a significant difference between the feedback and one control."""

    power: float
    needed: int | None
    """Smallest number of problems (in steps of 5) with a power of 80%; None above `MOST`."""
    assumptions: str


@dataclass(frozen=True)
class Design:
    """What the simulation draws from. Rates are shares between 0 and 1, averaged over people and problems."""

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
    sd_problems: float = SD_PROBLEMS
    """How problems differ, in log odds; the same problem is easy for feedback and for controls."""
    sd_people: float = SD_PEOPLE
    """How people differ in what their feedback does, in log odds."""
    per_problem: int | None = None
    """People who meet each problem, drawn anew for it; None for all of them."""
    harm: float = HARM
    """Share of feedbacks that lead away from a solution, whatever the odds; `feedback` is what is left after it."""


def power_of(study: Study, problems: int) -> Power:
    """Power of `assistant analyze`'s test of the first feedback against one control, in this study's design."""
    design = design_of(study)
    at = cache(lambda n: power(design, n, SEARCH_TRIALS))
    return Power(power(design, problems), _needed(at), assumptions(design))


def design_of(study: Study) -> Design:
    """The design that a study file describes."""
    return Design(
        annotators=max(1, len(study.annotators)),
        arms=max(1, len(CONTROL_ARMS if study.arms is None else study.arms)),
        first=study.expected_first,
        feedback=min(1.0, study.expected_control + study.expected_effect),
        control=study.expected_control,
        per_problem=study.allocation.per_problem if study.allocation else None,
        shared_first=study.same_first_sample,
        shared_control=study.same_first_sample and study.temperature == 0,
    )


def assumptions(design: Design) -> str:
    """What the number rests on, in one line."""
    controls = "the same for all" if design.shared_control else "each their own"
    return (
        f"the first answer solves {design.first:.0%} of the problems, where nothing can be compared; of the others a "
        f"control ({controls}) solves {design.control:.0%} and the feedback {design.feedback:.0%}, "
        f"{design.harm:.0%} of feedbacks doing harm; problems differ by {design.sd_problems:g} and people by "
        f"{design.sd_people:g} in log odds (standard deviations); "
        f"{_met(design)} of {design.annotators} annotator(s) meet each problem; "
        f"test clustered by problem and person, Holm over {design.arms} arm(s) of this effect, 5% level"
    )


def power(design: Design, problems: int, trials: int = TRIALS, seed: int = 1) -> float:
    """The share of simulated studies in which the first of the design's arms differs significantly."""
    dice = need("numpy").random.default_rng([seed, problems])
    trials = max(LEAST_TRIALS, min(trials, WORK // max(1, problems * design.annotators * (design.arms + 1))))
    odds = _Odds(design)
    found = [holm(_trial(design, odds, problems, dice))[0] <= ALPHA for _ in range(trials)]
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


class _Odds:
    """Log odds of a middling person on a middling problem, such that the averages are the design's rates."""

    def __init__(self, design: Design) -> None:
        answered = min(1.0, design.feedback / max(1e-9, 1 - design.harm))
        self.feedback = _intercept(answered, sqrt(design.sd_problems**2 + design.sd_people**2))
        self.control = _intercept(design.control, design.sd_problems)


def _intercept(rate: float, sd: float) -> float:
    """The log odds whose average rate over a normal spread is `rate`, by halving."""
    if not 0 < rate < 1:
        return 40.0 if rate >= 1 else -40.0
    low, high = -40.0, 40.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if _average(middle, sd) >= rate else (middle, high)
    return high


_GRID = tuple((step / 8, exp(-((step / 8) ** 2) / 2) / 8 / sqrt(2 * pi)) for step in range(-48, 49))
"""Points of a standard normal spread, and their weights."""


def _average(odds: float, sd: float) -> float:
    return sum(weight * _rate(odds + sd * point) for point, weight in _GRID)


def _rate(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -500 else 0.0


def _rates(odds: Any) -> Any:
    return 1 / (1 + need("numpy").exp(-odds))


def _trial(design: Design, odds: _Odds, problems: int, dice: Any) -> list[float]:
    """One study: p-values, one for each arm."""
    size = (problems, design.annotators)
    open_ = dice.random((problems, 1) if design.shared_first else size) >= design.first
    ease = dice.normal(0, design.sd_problems, (problems, 1))
    people = dice.normal(0, design.sd_people, design.annotators)
    feedback = dice.random(size) < (1 - design.harm) * _rates(odds.feedback + ease + people)
    control = _rates(odds.control + ease)
    pairs = open_ & (dice.random(size).argsort(axis=1).argsort(axis=1) < _met(design))
    own = (problems, 1) if design.shared_control else size
    return [p_of(feedback * 1.0 - (dice.random(own) < control), pairs) for _ in range(design.arms)]


def _met(design: Design) -> int:
    """How many people meet each problem."""
    return min(design.annotators, design.per_problem or design.annotators)


def p_of(differences: Any, pairs: Any) -> float:
    """`crossed_test` of a table of problems x people, of which only the `pairs` were made."""
    differences, made = differences * pairs, int(pairs.sum())
    counts = [int(pairs.any(axis=axis).sum()) for axis in (1, 0)]
    met, people = counts
    total = float(differences.sum())
    if people < FEW and met == made:
        signs = differences.sum(axis=1)
        return _sign_test(int((signs > 0).sum()), int((signs < 0).sum()))
    if not differences.any() or max(counts) < 2:
        return 1.0
    centred = differences - total / made * pairs
    squares = [float((centred.sum(axis=axis) ** 2).sum()) for axis in (1, 0)]
    ways = sorted(zip(counts, squares, strict=True), reverse=True)
    ways = [way for way in ways if way[0] >= FEW] or ways[:1]
    single = [square * count / (count - 1) for count, square in ways]
    both = float((centred**2).sum()) if len(ways) == 2 else 0.0
    variance = max(sum(single) - both, *single) if len(ways) == 2 else single[0]
    if variance <= 1e-12 * made:
        return _sign_test(max(counts), 0)
    freedom = variance**2 / sum(part**2 / (count - 1) for part, (count, _) in zip(single, ways, strict=True))
    return _t_tail(abs(total) / sqrt(variance), min(freedom, ways[0][0] - 1.0))


def _t_tail(t: float, freedom: float) -> float:
    """Two-sided p of Student's t by Wallace's (1959) normal approximation, to about 0.003: without scipy."""
    normal = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom))
    return 2 * NormalDist().cdf(-normal)


@cache
def _sign_test(better: int, worse: int) -> float:
    """Two-sided exact p of so many signs each way: `stats.exact.sign_test`, without the extra that it needs."""
    signs = better + worse
    tail: int = sum(comb(signs, k) for k in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / 2**signs) if signs else 1.0
