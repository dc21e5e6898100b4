"""Bootstrap over clusters: problems are drawn again with everything that happened on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import Any

from assistant.core.optional_deps import need

DRAWS = 4000
_KEPT_CELLS = 4_000_000
"""Numbers of draws that are made once and kept; larger ones are made in parts."""


def cluster_bootstrap(
    clusters: Sequence[tuple[float, float]], *, draws: int = DRAWS, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Interval for a ratio of sums (a mean, when weights count): `clusters` are (sum of values, sum of weights).

    Expanded percentile interval (Hesterberg 2015): percentiles of resampled ratios, at levels that make up for
    percentile intervals being too narrow with few clusters. Raises ValueError with fewer than two clusters.
    """
    count = len(clusters)
    if count < 2:
        raise ValueError("a bootstrap needs at least two clusters")
    numpy = need("numpy")
    table = numpy.asarray(clusters, dtype=numpy.float32)
    sums = numpy.concatenate([times @ table for times in _times_drawn(count, draws, seed)])
    ratios = sums[:, 0] / numpy.where(sums[:, 1] > 0, sums[:, 1], numpy.nan)
    tail = _expanded_tail(count, confidence)
    low, high = numpy.nanquantile(ratios, [tail, 1 - tail])
    return float(low), float(high)


def _times_drawn(count: int, draws: int, seed: int) -> Any:
    """How often each of `count` clusters comes in each draw: float32 (draws, count), perhaps in parts."""
    rows = max(1, _KEPT_CELLS // count)
    if rows >= draws:
        return [_drawn(count, draws, seed, 0)]
    parts = range(0, draws, rows)
    return (_drawn.__wrapped__(count, min(rows, draws - start), seed, start) for start in parts)


@lru_cache(maxsize=16)
def _drawn(count: int, draws: int, seed: int, part: int) -> Any:
    numpy = need("numpy")
    chosen = numpy.random.default_rng([seed, part]).integers(0, count, size=(draws, count))
    chosen += numpy.arange(draws)[:, None] * count
    return numpy.bincount(chosen.ravel(), minlength=draws * count).reshape(draws, count).astype(numpy.float32)


def _expanded_tail(clusters: int, confidence: float) -> float:
    """Tail probability to cut: the normal tail at the t quantile, widened by sqrt(n / (n - 1))."""
    quantile = float(need("scipy.special").stdtrit(clusters - 1, (1 + confidence) / 2))
    return NormalDist().cdf(-sqrt(clusters / (clusters - 1)) * quantile)
