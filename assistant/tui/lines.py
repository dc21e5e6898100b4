"""Lines of pieces: text with the name of a look. Which colours a look has is the stylesheet's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assistant.domain.printable import exact_line, shortened

__all__ = ["TAB", "Line", "Piece", "displayable", "plain", "shortened"]

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
    """One line that is safe to print: tabs widened, whatever else cannot be seen shown as `\\x1b`."""
    return exact_line(text.replace("\t", TAB))
