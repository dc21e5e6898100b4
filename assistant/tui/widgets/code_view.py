"""The program, with line numbers and colours, also while it is being written."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich.cells import cell_len
from textual.reactive import reactive

from assistant.tui.text.highlight import PythonLines
from assistant.tui.text.spans import Line, Piece, displayable, folded, plain
from assistant.tui.widgets.virtual_list import VirtualList

GUTTER = 7
"""Cells for a line number and a mark."""


@dataclass(frozen=True)
class Code:
    """What the code pane shows."""

    text: str = ""
    marked_line: int | None = None
    """1-based line where a test raised."""
    note: str = ""
    """What it raised, shown at the end of that line."""
    writing: bool = False
    """The text is still growing: stay at its end."""
    placeholder: str = ""
    prose: bool = False
    """Words rather than a program: wrapped, without numbers and colours."""


class CodeView(VirtualList):
    """Shows `code`; the cursor stands on a line of it."""

    BORDER_TITLE = "Code"

    code: reactive[Code] = reactive(Code())

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = PythonLines()
        self._prose: list[str] = []
        self._folded: list[tuple[int, Line]] = []
        """While lines fold: the source line of each shown line, and its pieces."""
        self._width = 0

    @property
    def line_count(self) -> int:
        if self._is_prose:
            return len(self._prose)
        return len(self._folded) if self.folds else len(self._source.lines)

    @property
    def _is_prose(self) -> bool:
        return self.code.prose or not self.code.text

    def rows(self) -> int:
        return 0 if self._is_prose else len(self._source.lines)

    def line(self, y: int) -> Line:
        if self._is_prose:
            return (Piece(self._prose[y], "" if self.code.text else "line--note"),)
        return self._folded[y][1] if self.folds else self._source_line(y)

    def _source_line(self, y: int) -> Line:
        marked = y + 1 == self.code.marked_line
        number = Piece(f"{y + 1:>4} ", "line--number")
        mark = Piece("▶ " if marked else "  ", "case--failed")
        note = (Piece(f"   ← {self.code.note}", "case--failed"),) if marked and self.code.note else ()
        return (number, mark, *self._source.lines[y], *note)

    def line_look(self, y: int) -> str:
        return "line--marked" if not self._is_prose and self.row_of(y) + 1 == self.code.marked_line else ""

    def lead_pieces(self, y: int) -> int:
        if self._is_prose:
            return 0
        return 2 if not self.folds or not y or self._folded[y - 1][0] != self._folded[y][0] else 1

    def row_of(self, y: int) -> int:
        return self._folded[y][0] if self.folds and not self._is_prose else y

    def lines_of(self, row: int) -> tuple[int, int]:
        if not self.folds or self._is_prose:
            return row, 1
        shown = [y for y, (number, _) in enumerate(self._folded) if number == row]
        return (shown[0], len(shown)) if shown else (0, 1)

    def watch_folds(self) -> None:
        self._lay_out()
        self.scroll_to(x=0, animate=False)

    def _lay_out(self) -> None:
        """Take all lines anew, folded or not."""
        width = self.fold_width if self.folds else 0
        numbered = enumerate(self._source_line(y) for y in range(len(self._source.lines))) if width else ()
        self._folded = [(y, part) for y, line in numbered for part in folded(line, width, GUTTER + 4)]
        if not self._is_prose:
            self.lines_changed(width=width or self._width)

    @property
    def line_number(self) -> int:
        """1-based number of the line under the cursor."""
        return self.row + 1

    def line_text(self, number: int) -> str:
        """The text of a 1-based line, without indentation."""
        lines = self.code.text.split("\n")
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def watch_code(self, old: Code, code: Code) -> None:
        was_at_end = self.scroll_offset.y >= self.max_scroll_y
        if self._is_prose:
            self._wrap()
            if code.writing and old.writing and was_at_end:
                self.scroll_end(animate=False, immediate=True)
            else:
                self.scroll_to(y=0, animate=False)
            return
        changed = self._source.set(code.text)
        grew = code.writing and old.writing and bool(old.text)
        first = max(0, changed - 1) if grew else 0
        widest = max(
            (sum(cell_len(piece.text) for piece in line) for line in self._source.lines[first:]), default=0
        )
        self._width = max(self._width if first else 0, widest + GUTTER, self._marked_width())
        if self.folds:
            self._lay_out()
        else:
            self.lines_changed(width=self._width, from_line=first)
        if code.writing and was_at_end:
            self.scroll_end(animate=False, immediate=True, x_axis=False)
        elif not code.writing:
            self._rest(code)

    def _marked_width(self) -> int:
        """Cells of the marked line with what it raised."""
        marked = self.code.marked_line or 0
        return cell_len(plain(self._source_line(marked - 1))) if 0 < marked <= len(self._source.lines) else 0

    def _rest(self, code: Code) -> None:
        """Once the text stands still, begin at its top, or where it went wrong."""
        self.row = (code.marked_line or 1) - 1
        self.scroll_to(y=0, animate=False)
        if code.marked_line is not None and self.size.height:
            self.show_row(self.row)

    def _wrap(self) -> None:
        width = max(20, self.fold_width - 1)
        lines = (self.code.text or self.code.placeholder).splitlines()
        wrapped = (
            textwrap.wrap(displayable(line), width, replace_whitespace=False) or [""] for line in lines
        )
        self._prose = [f" {part}" for parts in wrapped for part in parts]
        self.lines_changed()

    def on_resize(self) -> None:
        if self._is_prose:
            self._wrap()
        elif self.folds:
            self._lay_out()
