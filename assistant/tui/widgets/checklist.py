"""A list with check marks, readable without colour."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from assistant.tui.text.spans import Line, Piece
from assistant.tui.widgets.virtual_list import VirtualList


class Checklist(VirtualList):
    """One thing a row, `[x]` when it is marked; Space or a click marks."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "mark", "Mark")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._things: list[tuple[str, str]] = []
        self._marked: set[str] = set()

    def show(self, things: list[tuple[str, str]], marked: tuple[str, ...] = ()) -> None:
        """Names and how they are called, and which are marked."""
        self._things, self._marked = things, set(marked)
        self.lines_changed()

    @property
    def marked(self) -> tuple[str, ...]:
        """Names that are marked, in the order of the rows."""
        return tuple(name for name, _ in self._things if name in self._marked)

    @property
    def line_count(self) -> int:
        return len(self._things)

    def line(self, y: int) -> Line:
        name, title = self._things[y]
        is_marked = name in self._marked
        return (
            Piece("[x] " if is_marked else "[ ] ", "case--passed" if is_marked else "line--note"),
            Piece(title),
        )

    def action_mark(self) -> None:
        if self._things:
            self._marked ^= {self._things[self.row][0]}
            self.lines_changed()
