"""All keys on one page, made from the registry of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.tui.actions import ACTIONS, PLACES, Action, binding_id
from assistant.tui.lines import Line, Piece
from assistant.tui.widgets.line_pane import LinePane

KEY_NAMES = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
}


def key_words(keys: str) -> str:
    """`ctrl+b,f1` as a person says it: `Ctrl+B, F1`."""
    return ", ".join(_one(key.strip()) for key in keys.split(","))


def _one(key: str) -> str:
    parts = key.split("+")
    return "+".join(
        KEY_NAMES.get(part, part.upper() if len(part) == 1 else part.capitalize()) for part in parts
    )


def help_lines(places: Sequence[str], keys: Mapping[str, str]) -> list[Line]:
    """Actions by place, those of `places` first; `keys` are the person's own."""
    ordered = [*places, *(place for place in PLACES if place not in places)]
    lines: list[Line] = []
    for place in ordered:
        lines.append((Piece(PLACES[place], "line--strong"),))
        lines += [_action_line(action, keys) for action in ACTIONS if action.where == place]
        lines.append(())
    return lines


def _action_line(action: Action, keys: Mapping[str, str]) -> Line:
    own = keys.get(binding_id(action))
    return (
        Piece(f"  {key_words(own or action.keys):<16}", "line--link"),
        Piece(f"{action.title:<15}", "line--strong" if own else ""),
        Piece(action.help, "line--note"),
    )


class HelpLines(LinePane):
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
        self._lines = tuple(help_lines(places, keys))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide tall"):
            yield Static("Keys  ·  Ctrl+P finds any action by name  ·  Esc closes", classes="question")
            yield HelpLines()

    def on_mount(self) -> None:
        pane = self.query_one(HelpLines)
        pane.lines = self._lines
        pane.focus()
