"""Text from untrusted code made safe to display: bounded, control characters escaped."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(r"[^\n\t\x20-\x7e]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_INVISIBLE_RANGES = (
    *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF)),
)
_INVISIBLE = frozenset(chr(code) for low, high in _INVISIBLE_RANGES for code in range(low, high + 1))
"""Letters and marks without a shape of their own (fillers, joiners, variation selectors)."""


def safe(text: str, limit: int = 2200) -> str:
    """At most `limit` characters; what a terminal would obey, hide or turn around is written as an escape."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return _UNSAFE.sub(_escaped, cut)


def safe_line(text: str, limit: int = 600) -> str:
    """`safe` on one line."""
    return safe(text, limit).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if unicodedata.category(character) not in _HIDDEN and character not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode("ascii")


def safe_output(data: bytes, limit: int) -> str:
    """Printed bytes as text: undecodable ones replaced, the end cut off at `limit` bytes and said so."""
    text = data[:limit].decode("utf-8", "replace").replace("\r\n", "\n")
    return safe(text, limit) + ("\n… (output cut)" if len(data) > limit else "")
