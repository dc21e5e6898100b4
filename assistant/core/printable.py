"""Text from elsewhere made safe to print: what a terminal would obey, hide or turn around becomes an escape.

The one place for it: every screen, printer and error line uses these functions.
"""

from __future__ import annotations

import re
import unicodedata

_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what a terminal obeys, reorders, or draws as anything it likes."""
_PROSE = "\n\t\u200c\u200d"
"""Allowed in prose: the joiners are letters' business in Persian and Hindi, and hold emoji together."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159"
    "\U000e0100-\U000e01ef]"
)
"""Printable by category, yet nothing is drawn: fillers, variation selectors, the empty Braille cell."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Prose that is safe to print: control, format, private and unassigned characters as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(escape(c) if is_harmful(c) else c for c in text)


def exact(text: str) -> str:
    """Code or a value, safe to print and unambiguous: every character that cannot be seen is escaped, too.

    Line breaks and tabs stay; spaces other than the common one, joiners and blank fillers do not.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" or is_visible(c) else escape(c) for c in text)


def exact_line(text: str) -> str:
    """`exact` on one line: line breaks and tabs are escaped as well."""
    return exact(text).replace("\n", "\\n").replace("\t", "\\t")


def is_harmful(character: str) -> bool:
    """Whether printing it could do more than draw it."""
    return character not in _PROSE and unicodedata.category(character) in _HARMFUL


def is_visible(character: str) -> bool:
    """Whether it draws something that shows which character it is; the common space counts."""
    return character.isprintable() and not _BLANK.match(character)


def escape(character: str) -> str:
    """`\\x1b`, `\\u202e`, `\\U000e0001`: as Python's string literals write it."""
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def half_character(text: str) -> str:
    """The first lone surrogate in `text`, escaped; empty where all of it can be written as UTF-8."""
    found = _SURROGATE.search(text)
    return escape(found.group()) if found else ""


def shortened(text: str, length: int, keep: int = 0) -> str:
    """At most `length` characters of `text`, with `…` for what is left out; position `keep` stays in sight."""
    if len(text) <= length:
        return text
    start = max(0, min(keep - length // 2, len(text) - length))
    cut = text[start : start + length]
    head = "…" + cut[1:] if start else cut
    return head[:-1] + "…" if start + length < len(text) else head
