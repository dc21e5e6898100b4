"""How much do true effects differ between people, beyond chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.core.optional_deps import need


@dataclass(frozen=True)
class Spread:
    """`sd`: standard deviation of the true effects. `p`: chance of such differences if there were none."""

    mean: float
    sd: float
    q: float
    p: float


def spread_between(effects: Sequence[float], variances: Sequence[float]) -> Spread:
    """Random effects by moments (DerSimonian and Laird 1986). Needs two or more effects, variances above 0."""
    weights = [1 / variance for variance in variances]
    total = sum(weights)
    fixed = sum(w * e for w, e in zip(weights, effects, strict=True)) / total
    q = sum(w * (e - fixed) ** 2 for w, e in zip(weights, effects, strict=True))
    freedom = len(effects) - 1
    scale = total - sum(w * w for w in weights) / total
    between = max(0.0, (q - freedom) / scale)
    shrunk = [1 / (variance + between) for variance in variances]
    mean = sum(w * e for w, e in zip(shrunk, effects, strict=True)) / sum(shrunk)
    return Spread(mean, between**0.5, q, float(need("scipy.special").chdtrc(freedom, q)))
