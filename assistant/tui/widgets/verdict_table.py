"""The tests of a program, each with its verdict."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from assistant.tui.test_rows import Row, Verdicts, row_lines
from assistant.tui.text.spans import Line, Piece, displayable, folded
from assistant.tui.widgets.resizable import TopEdge
from assistant.tui.widgets.virtual_list import VirtualList

INDENT = 12
"""Cells by which the rest of a long line stands further in: as far as the values."""


class VerdictTable(TopEdge, VirtualList):
    """Shows `verdicts`; the cursor moves from test to test."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "sideways(-8)", "Left", show=False),
        Binding("right", "sideways(8)", "Right", show=False),
    ]
    BORDER_TITLE = "Tests"

    verdicts: reactive[Verdicts] = reactive(Verdicts())

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._row_starts: list[int] = []
        self._row_of_line: list[int] = []

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line(self, y: int) -> Line:
        return self._lines[y]

    def rows(self) -> int:
        return len(self._row_starts)

    def row_of(self, y: int) -> int:
        return self._row_of_line[y]

    def lines_of(self, row: int) -> tuple[int, int]:
        ends = [*self._row_starts[1:], len(self._lines)]
        return self._row_starts[row], ends[row] - self._row_starts[row]

    @property
    def chosen(self) -> Row | None:
        """The test under the cursor."""
        rows = self.verdicts.rows
        return rows[self.row] if self.row < len(rows) else None

    def watch_verdicts(self, verdicts: Verdicts) -> None:
        self._build(verdicts)
        self.border_title = _title(verdicts)
        self.set_class(verdicts.tested and verdicts.all_pass, "-passed")
        self.set_class(bool(verdicts.message) or verdicts.tested, "-tested")
        self.lines_changed()
        self._go_to_first_failure(verdicts)

    def watch_folds(self) -> None:
        row = self.row
        self._build(self.verdicts)
        self.lines_changed()
        self.row = row
        self.scroll_to(x=0, animate=False)

    def on_resize(self) -> None:
        if self.folds:
            self.watch_folds()
        if self._row_starts:  # from the top: what fits now need not have fitted before
            first, count = self.lines_of(self.row)
            self.scroll_to(y=max(0, min(first, first + count - self.size.height)), animate=False)

    def _build(self, verdicts: Verdicts) -> None:
        self._lines, self._row_starts, self._row_of_line = [], [], []
        blocks = [row_lines(row) for row in verdicts.rows]
        if verdicts.message:
            note: Line = (Piece(" ✗ ", "case--failed"), Piece(displayable(verdicts.message), "case--failed"))
            blocks = [[note, *(blocks[0] if blocks else [])], *blocks[1:]]
        if verdicts.hint and blocks:
            hint: Line = (Piece(" ! ", "case--label"), Piece(displayable(verdicts.hint), "case--label"))
            blocks[0] = [hint, *blocks[0]]
        if verdicts.printed and blocks:
            for text in verdicts.printed.splitlines()[:20]:
                look = Piece(displayable(text), "case--printed")
                blocks[-1].append((Piece("   printed  ", "case--label"), look))
        width = self.fold_width if self.folds else 0
        for row, lines in enumerate(blocks):
            block = [part for line in lines for part in folded(line, width, INDENT)] if width else lines
            self._row_starts.append(len(self._lines))
            self._lines += block
            self._row_of_line += [row] * len(block)

    def _go_to_first_failure(self, verdicts: Verdicts) -> None:
        failing = (n for n, row in enumerate(verdicts.rows) if row.case is not None and not row.case.passed)
        self.row = next(failing, 0)
        if self._lines:
            self.show_row(self.row)

    def action_sideways(self, step: int) -> None:
        self.scroll_relative(x=step, animate=False)


def _title(verdicts: Verdicts) -> str:
    if not verdicts.tested:
        return "Tests"
    seal = "" if verdicts.sealed else ", unsealed: a test ran in the program's process"
    hidden = [row.case.passed for row in verdicts.rows if row.hidden and row.case is not None]
    hidden_score = f", hidden: {sum(hidden)} of {len(hidden)}" if hidden else ""
    return f"Tests  {verdicts.passed} of {len(verdicts.visible)} pass{hidden_score}{seal}"
