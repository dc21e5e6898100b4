"""How likely a study is to see the effect that it hopes for."""

from __future__ import annotations

from math import comb


def paired_power(problems: int, effect: float, *, harmed: float = 0.05, alpha: float = 0.05) -> float:
    """Power of the exact two-sided sign (McNemar) test on `problems` pairs.

    Of all pairs a share `effect + harmed` is solved only with the person's words and `harmed` only without
    them, so that the solve rate differs by `effect`. Exact: summed over all numbers of discordant pairs.
    """
    helped = min(1.0, effect + harmed)
    discordant = min(1.0, helped + harmed)
    share = helped / discordant if discordant else 0.0
    return sum(
        _binomial(problems, m, discordant) * _sign_test_power(m, share, alpha) for m in range(problems + 1)
    )


def problems_needed(effect: float, power: float = 0.8, most: int = 2000) -> int | None:
    """The smallest number of problems (in steps of 5) with at least this power; None above `most`."""
    return next((n for n in range(5, most + 1, 5) if paired_power(n, effect) >= power), None)


def _sign_test_power(pairs: int, share: float, alpha: float) -> float:
    """Chance that a two-sided exact sign test rejects when each pair favours the words with chance `share`."""
    tail, limit = 0.0, -1
    for k in range(pairs // 2 + 1):
        tail += _binomial(pairs, k, 0.5)
        if 2 * tail > alpha:
            break
        limit = k
    if limit < 0:
        return 0.0
    low = sum(_binomial(pairs, k, share) for k in range(limit + 1))
    high = sum(_binomial(pairs, k, share) for k in range(pairs - limit, pairs + 1))
    return low + high


def _binomial(n: int, k: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k) if 0 < p < 1 else float(k == (n if p >= 1 else 0))
