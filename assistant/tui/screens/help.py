"""All keys on one page, made from the registry of actions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.tui.actions import ACTIONS, FIXED_KEYS, PLACES, Action, binding_id
from assistant.tui.key_names import key_text
from assistant.tui.text.spans import Line, Piece
from assistant.tui.widgets.virtual_list import VirtualList


def help_lines(places: Sequence[str], keys: Mapping[str, str], width: int = 110) -> list[Line]:
    """Actions by place, those of `places` first; `keys` are the person's own. What an action does is wrapped."""
    ordered = [*places, *(place for place in PLACES if place not in places)]
    lines: list[Line] = []
    for place in ordered:
        lines.append((Piece(PLACES[place], "line--strong"),))
        for action in (*ACTIONS, *FIXED_KEYS):
            lines += _action_lines(action, keys, width) if action.where == place else []
        lines.append(())
    return lines


def _action_lines(action: Action, keys: Mapping[str, str], width: int) -> list[Line]:
    own = keys.get(binding_id(action))
    key = Piece(f"  {key_text(own or action.keys):<14} ", "line--link")
    title = Piece(f"{action.title:<14} ", "line--strong" if own else "")
    indent = len(key.text) + len(title.text)
    first, *others = textwrap.wrap(action.help, max(20, width - indent))
    rest: list[Line] = [(Piece(" " * indent), Piece(text, "line--note")) for text in others]
    return [(key, title, Piece(first, "line--note")), *rest]


class HelpLines(VirtualList):
    """The page."""

    selectable_rows = False
    lines: reactive[tuple[Line, ...]] = reactive(())

    @property
    def line_count(self) -> int:
        return len(self.lines)

    def line(self, y: int) -> Line:
        return self.lines[y]

    def watch_lines(self) -> None:
        self.lines_changed()


class HelpScreen(ModalScreen[None]):
    """Esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,question_mark", "dismiss", "Close")]

    def __init__(self, places: Sequence[str], keys: Mapping[str, str]) -> None:
        super().__init__()
        self._places, self._keys = places, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide tall"):
            yield Static("Keys  ·  Ctrl+P finds any action by name  ·  Esc closes", classes="question")
            yield HelpLines()

    def on_mount(self) -> None:
        self.query_one(HelpLines).focus()

    @on(Resize)
    def _lay_out(self) -> None:
        width = min(self.size.width * 95 // 100, 110) - 9  # the frame, its padding and the scrollbar
        self.query_one(HelpLines).lines = tuple(help_lines(self._places, self._keys, width))
