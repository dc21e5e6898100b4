"""Lines of pieces: text with the name of a look. Which colours a look has is the stylesheet's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

TAB = "    "


class Piece(NamedTuple):
    """Some text and its look (a component class of `LinePane`), or no look."""

    text: str
    look: str = ""


Line = tuple[Piece, ...]


def plain(line: Iterable[Piece]) -> str:
    """The text of a line without looks."""
    return "".join(piece.text for piece in line)


def displayable(text: str) -> str:
    """One line that is safe to print: tabs widened, other control characters shown as `\\x1b`."""
    text = text.replace("\t", TAB)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shortened(text: str, length: int, keep: int = 0) -> str:
    """At most `length` characters of `text`, with `…` for what is left out; position `keep` stays in sight."""
    if len(text) <= length:
        return text
    start = max(0, min(keep - length // 2, len(text) - length))
    cut = text[start : start + length]
    head = "…" + cut[1:] if start else cut
    return head[:-1] + "…" if start + length < len(text) else head
