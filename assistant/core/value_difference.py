"""Where two values differ, for marking the difference, and a note where they look the same. Pure."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import NamedTuple

from assistant.core.printable import exact_line, shortened

SLOW = 400
"""Above this many characters, only what is common at both ends is looked for: that takes linear time."""
SPACE = "␣"
"""Stands for a space that only one of the values has."""
_CUT = "…"


class ValuePart(NamedTuple):
    """A stretch of a value, and whether the other value lacks it."""

    text: str
    differs: bool


def contrasted(
    expected: str, actual: str, longest: int = 2000
) -> tuple[list[ValuePart], list[ValuePart], str]:
    """Two unequal values in parts that are safe to print, and a note where they look the same.

    At most `longest` characters of each, where they differ. A space that only one of them has is `␣`.
    """
    left, right = exact_line(expected), exact_line(actual)
    at = first_difference(left, right)
    lefts, rights = differing_parts(shortened(left, longest, at), shortened(right, longest, at))
    spaced = _unspaced(expected) == _unspaced(actual)
    return _with_spaces(lefts, spaced), _with_spaces(rights, spaced), note(expected, actual)


def note(expected: str, actual: str) -> str:
    """What the eye cannot see about two values that are not equal; empty where it can."""
    if expected == actual:
        return _same_text(expected)
    if _unspaced(expected) == _unspaced(actual):
        return f"they differ in white space only ({SPACE} is a space)"
    at = first_difference(expected, actual)
    one, other = expected[at : at + 1], actual[at : at + 1]
    if one and other and _look_alike(one, other, expected, actual):
        return f"they look alike: {_named(one)} is not {_named(other)}"
    return ""


def _same_text(text: str) -> str:
    if re.search(r"\bnan\b", text, re.IGNORECASE):
        return "nan is equal to nothing, itself included"
    if text.endswith(_CUT):
        return "they differ further on: only their beginning is kept"
    return "they are written alike, but not equal: of another type, or unlike in what is not printed"


def _look_alike(one: str, other: str, expected: str, actual: str) -> bool:
    """One composed and one not, or letters of two scripts where nearly all the rest is the same."""
    if unicodedata.normalize("NFKC", expected) == unicodedata.normalize("NFKC", actual):
        return True
    if len(expected) != len(actual) or (one.isascii() and other.isascii()):
        return False
    unlike = sum(a != b for a, b in zip(expected, actual, strict=True))
    return unlike <= 3 and one.isprintable() and other.isprintable() and _script(one) != _script(other)


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name').lower()}"


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _with_spaces(parts: list[ValuePart], every: bool) -> list[ValuePart]:
    """Spaces of differing parts made visible: of those that are nothing else, or of `every` one."""
    return [
        ValuePart(part.text.replace(" ", SPACE), True)
        if part.differs and (every or part.text.isspace())
        else part
        for part in parts
    ]


def differing_parts(left: str, right: str) -> tuple[list[ValuePart], list[ValuePart]]:
    """Both texts cut into what they share and what they don't."""
    if max(len(left), len(right)) > SLOW:
        return _by_ends(left, right)
    lefts: list[ValuePart] = []
    rights: list[ValuePart] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        lefts.append(ValuePart(left[a:b], kind != "equal"))
        rights.append(ValuePart(right[c:d], kind != "equal"))
    if sum(len(part.text) for part in lefts if not part.differs) * 3 < len(left):
        # Hardly anything in common: a sprinkle of single shared letters would only distract.
        return [ValuePart(left, True)], [ValuePart(right, True)]
    return _present(lefts), _present(rights)


def first_difference(left: str, right: str) -> int:
    """Index of the first character in which the texts differ."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _by_ends(left: str, right: str) -> tuple[list[ValuePart], list[ValuePart]]:
    start = first_difference(left, right)
    room = min(len(left), len(right)) - start
    end = min(first_difference(left[::-1], right[::-1]), room)

    def cut(text: str) -> list[ValuePart]:
        stop = len(text) - end
        return _present(
            [
                ValuePart(text[:start], False),
                ValuePart(text[start:stop], True),
                ValuePart(text[stop:], False),
            ]
        )

    return cut(left), cut(right)


def _present(parts: list[ValuePart]) -> list[ValuePart]:
    return [part for part in parts if part.text]
