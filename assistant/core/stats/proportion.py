"""Intervals for a share of successes."""

from __future__ import annotations

from collections.abc import Sequence
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
