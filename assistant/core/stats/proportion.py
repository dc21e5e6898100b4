"""Intervals for a share of successes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from assistant.core.optional_deps import need

CONFIDENCE = 0.95


def wilson(successes: float, trials: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927); (0, 1) when nothing was tried.

    `trials` may be an effective number of trials, so neither need be whole.
    """
    if trials <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes <= 0 else max(0.0, middle - half)
    high = 1.0 if successes >= trials else min(1.0, middle + half)
    return low, high


def effective_trials(clusters: Sequence[tuple[float, int]]) -> float:
    """How many independent trials clustered ones are worth: trials divided by the design effect (Kish 1965).

    `clusters` are (successes, trials). The design effect is the variance of the share between clusters over
    the binomial one, and at least 1. Where the share is 0 or 1 there is no variance to estimate it; there, one
    cluster counts as one trial.
    """
    clusters = [(x, n) for x, n in clusters if n]
    trials, count = sum(n for _, n in clusters), len(clusters)
    if count == trials:
        return float(trials)
    share = sum(x for x, _ in clusters) / trials
    if count < 2 or share <= 0 or share >= 1:
        return float(count)
    between = count / (count - 1) * sum((x - share * n) ** 2 for x, n in clusters) / trials**2
    return trials / max(1.0, between / (share * (1 - share) / trials))


def clustered_wilson(
    clusters: Sequence[tuple[float, int]], confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Wilson's interval with the effective number of trials (Dean and Pagano 2015).

    Exactly Wilson's where no cluster has two trials. Elsewhere the design effect is an estimate from few
    clusters, and the number is lowered by (normal / t quantile) squared for it (Korn and Graubard 1998).
    """
    trials = sum(n for _, n in clusters)
    if not trials:
        return 0.0, 1.0
    effective = effective_trials(clusters)
    count = sum(n > 0 for _, n in clusters)
    if effective < trials and count > 1:
        effective *= _lowered(count, confidence)
    return wilson(sum(x for x, _ in clusters) / trials * effective, effective, confidence)


def _lowered(count: int, confidence: float) -> float:
    """(normal / t quantile) squared for a design effect estimated from `count` clusters."""
    level = (1 + confidence) / 2
    t = float(need("scipy.special").stdtrit(count - 1, level))
    return float((NormalDist().inv_cdf(level) / t) ** 2)


@dataclass(frozen=True)
class Cluster:
    """Trials of one cluster: `settled` ones are all known; of the open ones only the `asked` are."""

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


def partly_measured(clusters: Sequence[Cluster], open_: int) -> Share:
    """The share of successes when `open_` trials are not settled and the asked ones (one or more) stand for them.

    The estimate is (settled successes + open_ * share of the asked) / all. Its variance is that of a share of all
    trials, plus that of a sample of the asked from the open ones. Where all open ones were asked, rate and intervals
    are those of `wilson` and `clustered_wilson`.
    """
    settled, asked = sum(c.settled for c in clusters), sum(c.asked for c in clusters)
    solved, asked_solved = sum(c.settled_solved for c in clusters), sum(c.asked_solved for c in clusters)
    rate = (solved + open_ * asked_solved / asked) / (settled + open_)
    if asked == open_:
        both = [(c.settled_solved + c.asked_solved, c.settled + c.asked) for c in clusters]
        return Share(rate, *wilson(solved + asked_solved, settled + open_), *clustered_wilson(both))
    trials = _worth(solved, settled, asked_solved, asked, open_)
    effect = _weighted_effect(clusters, rate, open_ / asked)
    fewer = trials / effect
    count = sum(c.settled + c.asked > 0 for c in clusters)
    if effect > 1 and count > 1:
        fewer *= _lowered(count, CONFIDENCE)
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


def _weighted_effect(clusters: Sequence[Cluster], rate: float, weight: float) -> float:
    """The design effect: squares of whole clusters over those of single trials, an asked one weighing `weight`."""
    within = between = 0.0
    count = 0
    for c in clusters:
        trials = c.settled + weight * c.asked
        between += (c.settled_solved + weight * c.asked_solved - rate * trials) ** 2
        successes = c.settled_solved + weight**2 * c.asked_solved
        failures = c.settled - c.settled_solved + weight**2 * (c.asked - c.asked_solved)
        within += successes * (1 - rate) ** 2 + failures * rate**2
        count += trials > 0
    if all(c.settled + c.asked < 2 for c in clusters):
        return 1.0
    if count < 2 or not within:
        return max(1.0, sum(c.settled + c.asked for c in clusters) / max(1, count))
    return max(1.0, between * count / (count - 1) / within)
