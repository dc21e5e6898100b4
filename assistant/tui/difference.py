"""Where two values differ, for marking it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

SLOW = 400
"""Above this many characters, only what is common at both ends is looked for: that takes linear time."""


class Part(NamedTuple):
    """A stretch of a value, and whether the other value lacks it."""

    text: str
    differs: bool


def differing_parts(left: str, right: str) -> tuple[list[Part], list[Part]]:
    """Both texts cut into what they share and what they don't."""
    if max(len(left), len(right)) > SLOW:
        return _by_ends(left, right)
    lefts: list[Part] = []
    rights: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        lefts.append(Part(left[a:b], kind != "equal"))
        rights.append(Part(right[c:d], kind != "equal"))
    if sum(len(part.text) for part in lefts if not part.differs) * 3 < len(left):
        # Hardly anything in common: a sprinkle of single shared letters would only distract.
        return [Part(left, True)], [Part(right, True)]
    return _present(lefts), _present(rights)


def first_difference(left: str, right: str) -> int:
    """Index of the first character in which the texts differ."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _by_ends(left: str, right: str) -> tuple[list[Part], list[Part]]:
    start = first_difference(left, right)
    room = min(len(left), len(right)) - start
    end = min(first_difference(left[::-1], right[::-1]), room)

    def cut(text: str) -> list[Part]:
        stop = len(text) - end
        return _present([Part(text[:start], False), Part(text[start:stop], True), Part(text[stop:], False)])

    return cut(left), cut(right)


def _present(parts: list[Part]) -> list[Part]:
    return [part for part in parts if part.text]
