"""Exact tests of pairs, and what many tests at once cost."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.optional_deps import need


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p of McNemar's test: are discordant pairs as likely one way as the other? 1 without any."""
    pairs = only_first + only_second
    if not pairs:
        return 1.0
    return min(1.0, 2 * float(need("scipy.special").bdtr(min(only_first, only_second), pairs, 0.5)))


def sign_test(differences: Sequence[float]) -> float:
    """Two-sided exact p of the sign test; zeros say nothing."""
    return mcnemar_exact(sum(d > 0 for d in differences), sum(d < 0 for d in differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values (Holm 1979): the chance of any false alarm among all of them stays below the level."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = worst
    return adjusted
