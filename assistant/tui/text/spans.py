"""Lines of pieces: text with the name of a look. The stylesheet maps looks to colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len

from assistant.core.printable import exact_line, shortened

__all__ = ["TAB", "Line", "Piece", "displayable", "folded", "plain", "shortened"]

TAB = "    "


class Piece(NamedTuple):
    """Some text and its look (a component class of `VirtualList`), or no look."""

    text: str
    look: str = ""


Line = tuple[Piece, ...]


def plain(line: Iterable[Piece]) -> str:
    """The text of a line without looks."""
    return "".join(piece.text for piece in line)


def displayable(text: str) -> str:
    """One line that is safe to print: tabs widened, whatever else cannot be seen shown as `\\x1b`."""
    return exact_line(text.replace("\t", TAB))


def folded(line: Line, width: int, indent: int) -> list[Line]:
    """`line` as lines of at most `width` cells, the following ones `indent` cells further in."""
    if width <= indent + 8 or cell_len(plain(line)) <= width:
        return [line]
    lines: list[list[Piece]] = [[]]
    room = width
    for text, look in line:
        while text:
            fitting = _fitting(text, room)
            if fitting:
                lines[-1].append(Piece(text[:fitting], look))
                room -= cell_len(text[:fitting])
                text = text[fitting:]
            if text:
                lines.append([Piece(" " * indent)])
                room = width - indent
    return [tuple(pieces) for pieces in lines]


def _fitting(text: str, room: int) -> int:
    """How many characters of `text` fit into so many cells."""
    if len(text) <= room and cell_len(text) <= room:
        return len(text)
    cells = 0
    for count, character in enumerate(text):
        cells += cell_len(character)
        if cells > room:
            return count
    return len(text)
