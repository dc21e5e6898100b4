"""Text from untrusted code made safe to display: bounded, control characters escaped."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(r"[^\n\t\x20-\x7e]")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe(text: str, limit: int = 2200) -> str:
    """At most `limit` characters; what a terminal would obey, hide or turn around is written as an escape."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return _UNSAFE.sub(_escaped, cut)


def safe_line(text: str, limit: int = 600) -> str:
    """`safe` on one line."""
    return safe(text, limit).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def safe_output(data: bytes, limit: int) -> str:
    """Printed bytes as text: undecodable ones replaced, the end cut off at `limit` bytes and said so."""
    text = data[:limit].decode("utf-8", "replace").replace("\r\n", "\n")
    return safe(text, limit) + ("\n… (output cut)" if len(data) > limit else "")
