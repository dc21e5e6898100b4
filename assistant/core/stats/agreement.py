"""Do several people say the same about the same thing?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

Unit = Sequence[Hashable]
"""The labels that one thing got, one from each person who judged it."""


def nominal(a: Hashable, b: Hashable) -> float:
    """0 for the same label, 1 for another."""
    return float(a != b)


def masi(a: Hashable, b: Hashable) -> float:
    """Distance of two sets of labels (Passonneau 2006): 1 - Jaccard x monotonicity."""
    first, second = frozenset(a), frozenset(b)  # type: ignore[call-overload]
    if first == second:
        return 0.0
    common = first & second
    if not common:
        return 1.0
    monotonicity = 2 / 3 if common in (first, second) else 1 / 3
    return float(1 - len(common) / len(first | second) * monotonicity)


def krippendorff_alpha(
    units: Sequence[Unit], distance: Callable[[Hashable, Hashable], float] = nominal
) -> float | None:
    """Krippendorff's alpha: 1 is full agreement, 0 what chance gives. None where nothing could differ.

    Units may be judged by different numbers of people; those judged by fewer than two say nothing.
    """
    paired = [Counter(unit) for unit in units if len(unit) >= 2]
    totals: Counter[Hashable] = sum(paired, Counter())
    count = sum(totals.values())
    observed = sum(_disagreement(unit, distance) / (sum(unit.values()) - 1) for unit in paired)
    expected = _disagreement(totals, distance) / (count - 1) if count > 1 else 0.0
    return None if expected == 0 else 1 - observed / expected


def _disagreement(labels: Counter[Hashable], distance: Callable[[Hashable, Hashable], float]) -> float:
    """Sum of distances over all ordered pairs."""
    return sum(2 * labels[a] * labels[b] * distance(a, b) for a, b in combinations(labels, 2))


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two people's labels; None where chance alone would agree fully (or there are none)."""
    if not pairs:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(first[label] * second[label] for label in first) / len(pairs) ** 2
    return None if chance == 1 else (agreed - chance) / (1 - chance)
