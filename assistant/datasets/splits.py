"""Train, validation or test: by problem, from a hash of its content, the same in every export."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from assistant.datasets.options import SPLITS

SALT = "assistant splits 1"
"""Changing it would move problems between the splits of earlier exports and later ones."""


def split_of(group: str, shares: tuple[float, float, float]) -> str:
    """The split of a group of near-duplicate problems, named by its smallest `content_sha256`."""
    digest = hashlib.sha256(f"{SALT} {group}".encode()).digest()
    place, upper = int.from_bytes(digest[:8], "big") / 2**64, 0.0
    for name, share in zip(SPLITS, shares, strict=True):
        upper += share
        if place < upper:
            return name
    return next(name for name, share in reversed(list(zip(SPLITS, shares, strict=True))) if share)


def assign(
    groups: Mapping[str, str],
    shares: tuple[float, float, float],
    earlier: Mapping[str, str],
    tests: Collection[str] = (),
) -> dict[str, str]:
    """Each problem's split. A problem that an earlier export placed stays there, and draws its group with it.

    The groups of the problems in `tests` are test problems before all else.
    """
    held_out = {groups[problem] for problem in tests}
    earlier = {p: split for p, split in earlier.items() if p not in groups or groups[p] not in held_out}
    placed = dict.fromkeys(held_out, "test")
    for problem in sorted(groups):
        if problem in earlier:
            placed.setdefault(groups[problem], earlier[problem])
    return {
        problem: earlier.get(problem) or placed.get(group) or split_of(group, shares)
        for problem, group in groups.items()
    }
