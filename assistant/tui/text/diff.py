"""Difference of two programs, line by line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from assistant.core.value_difference import differing_parts
from assistant.tui.text.highlight import PythonLines
from assistant.tui.text.spans import Line, Piece, plain

KEPT = 3
"""Unchanged lines kept around a change when a long unchanged stretch is folded."""
FOLDED_FROM = 20
"""Unchanged stretches up to this long are shown whole."""


@dataclass(frozen=True)
class Side:
    """One line of one program: its 1-based number and its pieces; `changed` when the other has no such line."""

    number: int
    line: Line
    changed: bool = False


@dataclass(frozen=True)
class LinePair:
    """What stands on one row: a line of the old program, of the new one, or both; or a number of folded lines."""

    old: Side | None = None
    new: Side | None = None
    folded: int = 0


def compared(old: str, new: str) -> list[LinePair]:
    """The rows of a comparison."""
    olds, news = old.split("\n"), new.split("\n")
    old_lines, new_lines = PythonLines(old).lines, PythonLines(new).lines
    rows: list[LinePair] = []
    for kind, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind == "equal":
            same = [
                LinePair(Side(a + i + 1, old_lines[a + i]), Side(c + i + 1, new_lines[c + i]))
                for i in range(b - a)
            ]
            rows += _folded(same, first=a == 0, last=b == len(olds))
        else:
            rows += _changed(old_lines[a:b], new_lines[c:d], a, c)
    return rows


def _changed(olds: Sequence[Line], news: Sequence[Line], a: int, c: int) -> list[LinePair]:
    rows = []
    for i, (old, new) in enumerate(zip_longest(olds, news)):
        if old is not None and new is not None:
            old, new = _marked(old, new)
        rows.append(
            LinePair(
                None if old is None else Side(a + i + 1, old, changed=True),
                None if new is None else Side(c + i + 1, new, changed=True),
            )
        )
    return rows


def _marked(old: Line, new: Line) -> tuple[Line, Line]:
    """Both lines with the parts marked in which they differ, unless they have little in common."""
    lefts, rights = differing_parts(plain(old), plain(new))
    if len(lefts) == 1 and len(rights) == 1:
        return old, new
    return (
        tuple(Piece(part.text, "diff--removed-part" if part.differs else "") for part in lefts),
        tuple(Piece(part.text, "diff--added-part" if part.differs else "") for part in rights),
    )


def _folded(rows: list[LinePair], *, first: bool, last: bool) -> list[LinePair]:
    if len(rows) <= FOLDED_FROM:
        return rows
    head, tail = (0 if first else KEPT), (0 if last else KEPT)
    middle = len(rows) - head - tail
    return [*rows[:head], LinePair(folded=middle), *rows[len(rows) - tail :]]


def unified(rows: Sequence[LinePair]) -> list[Line]:
    """One column: removed lines above added ones."""
    lines: list[Line] = []
    added: list[Line] = []
    for row in rows:
        changed = any(side is not None and side.changed for side in (row.old, row.new))
        if not changed:
            lines += [*added, _gap(row.folded) if row.folded else _single(row.new, "  ", "")]
            added = []
            continue
        if row.old is not None:
            lines.append(_single(row.old, "- ", "diff--removed"))
        if row.new is not None:
            added.append(_single(row.new, "+ ", "diff--added"))
    return lines + added


def _single(side: Side | None, sign: str, look: str) -> Line:
    assert side is not None
    number = Piece(f"{side.number:>4} ", "line--number")
    return (number, Piece(sign, look), *_over(side.line, look))


def _over(line: Line, look: str) -> Line:
    return tuple(Piece(piece.text, f"{look} {piece.look}".strip()) for piece in line)


def _gap(count: int) -> Line:
    return (Piece(f"     ⋯ {count} lines alike", "diff--gap"),)


def side_by_side(rows: Sequence[LinePair], width: int) -> list[Line]:
    """Two columns of `width` cells each, the old program on the left."""
    lines: list[Line] = []
    for row in rows:
        if row.folded:
            lines.append(_gap(row.folded))
            continue
        left = _column(row.old, "- ", "diff--removed", width)
        right = _column(row.new, "+ ", "diff--added", width)
        lines.append((*left, Piece("│", "diff--gap"), *right))
    return lines


def _column(side: Side | None, sign: str, look: str, width: int) -> Line:
    if side is None:
        return (Piece(" " * width),)
    line = _single(side, sign if side.changed else "  ", look if side.changed else "")
    return _fitted(line, width, look if side.changed else "")


def _fitted(line: Line, width: int, look: str) -> Line:
    """Exactly `width` cells; what does not fit is cut with `…`."""
    length = sum(len(piece.text) for piece in line)
    if length <= width:
        return (*line, Piece(" " * (width - length), look))
    pieces, room = [], width - 1
    for piece in line:
        pieces.append(Piece(piece.text[:room], piece.look))
        room -= len(piece.text)
        if room <= 0:
            break
    return (*pieces, Piece("…", look))


def longest(rows: Sequence[LinePair]) -> int:
    """Characters of the longest line of either program."""
    sides = [side for row in rows for side in (row.old, row.new) if side is not None]
    return max((sum(len(piece.text) for piece in side.line) for side in sides), default=0)
