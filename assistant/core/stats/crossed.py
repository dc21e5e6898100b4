"""Variance of an estimate whose trials share a person and a problem at once, and intervals made of it.

Every person meets many problems and every problem many persons, so that trials are clustered two ways, neither
inside the other. A person who explains well does so on every problem; an interval that draws only problems again
says nothing of other people. With fewer than `FEW` people it can only do that: two or three say too little of how
people differ, and the interval is about these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist
from typing import Any

from assistant.core.optional_deps import need
from assistant.core.stats.exact_tests import sign_test
from assistant.core.stats.proportion import CONFIDENCE, wilson

FEW = 5
"""People, or problems, from which on their differences are part of a variance."""
Cells = Mapping[tuple[str, str], tuple[float, float]]
"""By problem and person: a sum (of successes, of differences), and the number of trials."""


@dataclass(frozen=True)
class Variance:
    """The variance of an estimate, and what it is worth as an estimate itself: degrees of freedom."""

    value: float
    freedom: float
    clusters: float = 0.0
    """Degrees of freedom if all clusters told of it alike: of both ways together."""

    @property
    def quantile(self) -> float:
        """How many standard errors an interval of 95% is wide to each side."""
        return float(need("scipy.special").stdtrit(self.freedom, (1 + CONFIDENCE) / 2))

    def p(self, estimate: float) -> float:
        """Two-sided, of an estimate being 0 in truth."""
        return 2 * float(need("scipy.special").stdtr(self.freedom, -abs(estimate) / sqrt(self.value)))

    @property
    def pooled(self) -> Variance:
        """The same with the degrees of freedom of all clusters."""
        return replace(self, freedom=self.clusters)


def crossed_variance(influence: Any, problems: Sequence[str], persons: Sequence[str]) -> Variance:
    """Variance of the sum of `influence`, what each trial moves the estimate by (Cameron, Gelbach and Miller 2011).

    Squares of the sums of each problem, and of each person, less those of what both share; a way of clustering with
    fewer than `FEW` clusters is left out where the other has more. The degrees of freedom are Satterthwaite's. Never
    below the larger of the two ways alone. Raises ValueError without two problems or two persons.
    """
    influence = need("numpy").asarray(influence, dtype=float)
    found = sorted((_codes(problems), _codes(persons)), key=lambda way: -way[1])
    ways = [(codes, count) for codes, count in found if count >= FEW] or found[:1]
    if ways[0][1] < 2:
        raise ValueError("a variance needs two problems or two persons")
    single = [_squares(influence, codes, count) * count / (count - 1) for codes, count in ways]
    total = single[0]
    if len(ways) == 2:
        (one, _), (two, count) = ways
        total = max(sum(single) - _squares(influence, *_codes(one * count + two)), *single)
    worth = sum(part**2 / (count - 1) for part, (_, count) in zip(single, ways, strict=True))
    most, clusters = ways[0][1] - 1.0, sum(count - 1.0 for _, count in ways)
    return Variance(total, min(most, total**2 / worth) if worth else most, clusters)


def _codes(names: Any) -> tuple[Any, int]:
    found, codes = need("numpy").unique(names, return_inverse=True)
    return codes, len(found)


def _squares(influence: Any, codes: Any, count: int) -> float:
    sums = need("numpy").bincount(codes, weights=influence, minlength=count)
    return float(sums @ sums)


def effective_trials(
    moved: Sequence[float],
    within: float,
    worth: float,
    trials: float,
    problems: Sequence[str],
    persons: Sequence[str],
) -> float:
    """How many independent trials the `trials` crossed ones are worth; `worth` if they were independent.

    `moved` is what each cell of a problem and a person moves the sum by, beyond the estimate; `within` its variance
    if trials were independent. The number is lowered for a variance that is estimated from few clusters (Korn and
    Graubard 1998). Where nothing differs there is no variance to estimate: a problem counts as one trial.
    """
    met, people = len(set(problems)), len(set(persons))
    if met == trials and people in (1, trials):
        return worth
    if within <= 0 or met < 2 > people:
        return worth * met / trials
    variance = crossed_variance(moved, problems, persons)
    effect = variance.value / within
    if effect <= 1:
        return worth
    normal = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return float(worth / effect * (normal / variance.quantile) ** 2)


def crossed_wilson(cells: Cells) -> tuple[float, float]:
    """Wilson's interval of a share, with the effective number of trials; (0, 1) where nothing was tried.

    Where nothing or everything is a success there is no variance to estimate: a problem counts as one trial.
    """
    ordered = sorted(cells.items())
    trials, solved = sum(n for _, (_, n) in ordered), sum(x for _, (x, _) in ordered)
    if not trials:
        return 0.0, 1.0
    share = solved / trials
    worth = effective_trials(
        [x - share * n for _, (x, n) in ordered],
        trials * share * (1 - share),
        trials,
        trials,
        *_names(ordered),
    )
    return wilson(share * worth, worth)


def crossed_difference(cells: Cells, only_first: int, only_second: int) -> tuple[float, float] | None:
    """Interval of the difference of two shares of the same pairs, (only_first - only_second) / pairs.

    Agresti and Min (2005), whose half a pair in each cell keeps it from having no width where all pairs are alike,
    with the effective number of pairs. None where only one problem and one person are there.
    """
    ordered = sorted(cells.items())
    problems, persons = _names(ordered)
    if len(set(problems)) < 2 and len(set(persons)) < 2:
        return None
    pairs = sum(n for _, (_, n) in ordered)
    difference = (only_first - only_second) / pairs
    within = only_first + only_second - pairs * difference**2
    moved = [x - difference * n for _, (x, n) in ordered]
    worth = effective_trials(moved, within, pairs, pairs, problems, persons)
    better, worse = worth * only_first / pairs + 0.5, worth * only_second / pairs + 0.5
    count = worth + 2
    middle = (better - worse) / count
    normal = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    half = normal * sqrt(max(0.0, better + worse - count * middle**2)) / count
    return max(-1.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Cluster:
    """Trials of one person on one problem: `settled` ones are all known; of the open ones only the `asked` are."""

    settled_solved: int
    settled: int
    asked_solved: int
    asked: int


@dataclass(frozen=True)
class Share:
    """A share with 95% intervals, without and with regard to clusters."""

    rate: float
    low: float
    high: float
    low_clustered: float
    high_clustered: float


def partly_measured(cells: Mapping[tuple[str, str], Cluster], open_: int) -> Share:
    """The share of successes when `open_` trials are not settled and the asked ones (one or more) stand for them.

    The estimate is (settled successes + open_ * share of the asked) / all. Its variance is that of a share of all
    trials, plus that of a sample of the asked from the open ones. Where all open ones were asked, rate and intervals
    are those of `wilson` and `crossed_wilson`. `cells` are by problem and person.
    """
    ordered = sorted(cells.items())
    clusters = [cluster for _, cluster in ordered]
    settled, asked = sum(c.settled for c in clusters), sum(c.asked for c in clusters)
    solved, asked_solved = sum(c.settled_solved for c in clusters), sum(c.asked_solved for c in clusters)
    rate = (solved + open_ * asked_solved / asked) / (settled + open_)
    if asked == open_:
        both = {name: (c.settled_solved + c.asked_solved, c.settled + c.asked) for name, c in ordered}
        return Share(rate, *wilson(solved + asked_solved, settled + open_), *crossed_wilson(both))
    trials, weight = _worth(solved, settled, asked_solved, asked, open_), open_ / asked
    successes, failures = (
        solved + weight**2 * asked_solved,
        settled - solved + weight**2 * (asked - asked_solved),
    )
    fewer = effective_trials(
        [c.settled_solved + weight * c.asked_solved - rate * (c.settled + weight * c.asked) for c in clusters],
        successes * (1 - rate) ** 2 + failures * rate**2, trials, settled + asked, *_names(ordered),
    )  # fmt: skip
    return Share(rate, *wilson(rate * trials, trials), *wilson(rate * fewer, fewer))


def _worth(solved: int, settled: int, asked_solved: int, asked: int, open_: int) -> float:
    """Number of independent trials that would give the share with the same precision.

    The share of the asked is drawn towards a half by one success and one failure: none or all of few is no certainty.
    """
    trials, share = settled + open_, (asked_solved + 1) / (asked + 2)
    rate = (solved + open_ * share) / trials
    whole = rate * (1 - rate) / trials
    missing = (open_ / trials) ** 2 * share * (1 - share) * (1 / asked - 1 / open_)
    return rate * (1 - rate) / (whole + missing)


def crossed_test(cells: Cells) -> float:
    """Two-sided p of the sums of differences being 0 on average, other people on other problems considered.

    A t-test with the variance and the degrees of freedom of `crossed_variance`. Where each problem has one pair, of
    few people, the exact sign test, which needs no variance. (With several people a problem that is no fair coin: any
    of many who solves a problem makes it count, while a greedy control has one answer for all of them.)
    """
    ordered = sorted(cells.items())
    problems, persons = _names(ordered)
    values, pairs = [value for _, (value, _) in ordered], sum(n for _, (_, n) in ordered)
    met, people = len(set(problems)), len(set(persons))
    if people < FEW and met == pairs:
        return sign_test(values)
    if not any(values) or met < 2 > people:
        return 1.0
    mean = sum(values) / pairs
    variance = crossed_variance([value - mean * n for _, (value, n) in ordered], problems, persons)
    if variance.value <= 1e-12 * pairs:  # every pair alike
        return sign_test([mean] * max(met, people))
    return variance.p(sum(values))


def _names(ordered: Iterable[tuple[tuple[str, str], Any]]) -> tuple[list[str], list[str]]:
    names = [name for name, _ in ordered]
    return [problem for problem, _ in names], [person for _, person in names]
