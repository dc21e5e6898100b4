"""What changed between two programs: side by side where there is room, else one column."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Resize
from textual.reactive import reactive

from assistant.tui.text.diff import LinePair, compared, longest, side_by_side, unified
from assistant.tui.text.spans import Line
from assistant.tui.widgets.virtual_list import VirtualList

GUTTER = 7
"""Cells for a line number and a sign."""
NARROWEST_COLUMN = 44


@dataclass(frozen=True)
class ComparedPrograms:
    """Two programs and what to call them."""

    old: str
    new: str
    old_name: str
    new_name: str


class DiffView(VirtualList):
    """Shows `comparison`."""

    selectable_rows = False
    comparison: reactive[ComparedPrograms | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pairs: list[LinePair] = []
        self._lines: list[Line] = []

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line(self, y: int) -> Line:
        return self._lines[y]

    def watch_comparison(self, comparison: ComparedPrograms | None) -> None:
        self._pairs = compared(comparison.old, comparison.new) if comparison else []
        if comparison:
            same = "  nothing changed" if comparison.old == comparison.new else ""
            self.border_title = f"Diff  {comparison.old_name} → {comparison.new_name}{same}"
        self._lay_out()
        self.scroll_home(animate=False)

    def on_resize(self, event: Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        column = (self.scrollable_content_region.width - 1) // 2
        wide = column >= max(NARROWEST_COLUMN, min(longest(self._pairs) + GUTTER, 60))
        self._lines = side_by_side(self._pairs, column) if wide else unified(self._pairs)
        self.lines_changed()
