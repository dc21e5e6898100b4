"""What several tries without a person would have come to."""

from __future__ import annotations

from functools import lru_cache
from math import comb


@lru_cache(maxsize=4096)
def unsolved_after(tries: int, solved: int, made: int) -> float:
    """Chance that `tries` answers drawn from `made` of which `solved` are right are all wrong.

    Without replacement, hence unbiased for independent answers (as pass@k of Chen et al. 2021). Raises
    ValueError where fewer were made than are asked for.
    """
    if tries > made:
        raise ValueError(f"{tries} tries cannot be drawn from {made}")
    return comb(made - solved, tries) / comb(made, tries)


@lru_cache(maxsize=4096)
def expected_tries(most: int, solved: int, made: int) -> float:
    """Mean number of tries when one stops at the first right answer, or after `most`."""
    return sum(unsolved_after(done, solved, made) for done in range(most))
