"""Train, validation or test: by problem, from a hash of its content, the same in every export."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping

from assistant.datasets.options import SPLITS

SALT = "assistant splits 1"
"""Changing it would move problems between the splits of earlier exports and later ones."""


Shares = tuple[float, float, float]
"""Of the problems: for train, validation and test."""


def split_of(group: str, shares: Shares) -> str:
    """The split of a group of near-duplicate problems, named by its smallest `content_sha256`."""
    place, upper = int.from_bytes(_digest(group)[:8], "big") / 2**64, 0.0
    for name, share in zip(SPLITS, shares, strict=True):
        upper += share
        if place < upper:
            return name
    return next(name for name, share in reversed(list(zip(SPLITS, shares, strict=True))) if share)


def assign(
    groups: Mapping[str, str],
    shares: Shares,
    earlier: Mapping[str, str],
    tests: Collection[str] = (),
    *,
    even: bool = False,
) -> dict[str, str]:
    """Each problem's split. A problem that an earlier export placed stays there, and draws its group with it.

    The groups of the problems in `tests` are test problems before all else. The others go by their hash, or, where
    it is to be `even`, fill the splits up to their shares.
    """
    held_out = {groups[problem] for problem in tests}
    earlier = {p: split for p, split in earlier.items() if p not in groups or groups[p] not in held_out}
    placed = dict.fromkeys(held_out, "test")
    for problem in sorted(groups):
        if problem in earlier:
            placed.setdefault(groups[problem], earlier[problem])
    if even:
        _fill(Counter(groups.values()), shares, placed)
    return {
        problem: earlier.get(problem) or placed.get(group) or split_of(group, shares)
        for problem, group in groups.items()
    }


def _fill(sizes: Mapping[str, int], shares: Shares, placed: dict[str, str]) -> None:
    """Place every group that has no place yet: the largest first, each where most is missing.

    The last groups go to splits that are still empty, one to each.
    """
    wanted = {
        split: share * sum(sizes.values()) for split, share in zip(SPLITS, shares, strict=True) if share
    }
    for group, split in placed.items():
        if split in wanted and group in sizes:
            wanted[split] -= sizes[group]
    empty = wanted.keys() - placed.values()
    waiting = sorted(sizes.keys() - placed.keys(), key=lambda group: (-sizes[group], _digest(group)))
    for left, group in zip(range(len(waiting), 0, -1), waiting, strict=True):
        choice = [split for split in wanted if split in empty or left > len(empty)]
        placed[group] = max(choice, key=lambda split: wanted[split])
        wanted[placed[group]] -= sizes[group]
        empty = empty - {placed[group]}


def about_empty(problems: Mapping[str, int], groups: int, shares: Shares, *, even: bool) -> str:
    """Why splits that have a share have no problem, and what fills them; nothing where all have some."""
    wanted = [split for split, share in zip(SPLITS, shares, strict=True) if share]
    empty = " and ".join(f"`{split}`" for split in wanted if not problems.get(split))
    if not empty:
        return ""
    count = sum(problems.values())
    alike = f"{_counted(count, 'problem')} in {_counted(groups, 'group')} of near-duplicates"
    if groups < len(wanted):
        return (
            f"{empty} stayed empty: {alike}, and a group is never parted; more problems fill it, or choose fewer "
            "splits with `--splits`"
        )
    if even:
        return f"{empty} stayed empty: no session on its problems may be exported"
    return (
        f"{empty} stayed empty: {alike}, and by their hashes none fell there; `--placement even` puts at least one "
        "into every split"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _digest(group: str) -> bytes:
    return hashlib.sha256(f"{SALT} {group}".encode()).digest()
