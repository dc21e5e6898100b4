"""Tags for feedback: proposed, never required."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.tui.feedback_suggestions import FORMS, KINDS
from assistant.tui.widgets.checklist import Checklist

QUESTION = "Label your feedback (optional, for research): what is it about, how is it said?"


class KindsScreen(ModalScreen[tuple[str, ...]]):
    """Space marks, Enter is done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", "Done", priority=True),
        Binding("escape", "done", "Done", show=False),
    ]

    def __init__(self, chosen: tuple[str, ...], proposed: tuple[str, ...]) -> None:
        super().__init__()
        self._chosen = chosen
        self._proposed = proposed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(
                "Label your feedback (optional, for research): what is it about, how is it said?",
                classes="question",
            )
            yield Checklist(id="kinds")
            yield Static("Space marks · Enter is done · all of it is optional", classes="hint")

    def on_mount(self) -> None:
        kinds = self.query_one(Checklist)
        kinds.show([(kind, self._title(kind)) for kind in (*KINDS, *FORMS)], self._chosen)
        kinds.row = next(((*KINDS, *FORMS).index(kind) for kind in self._proposed), 0)
        kinds.focus()

    def _title(self, kind: str) -> str:
        proposed = "  (proposed)" if kind in self._proposed else ""
        return f"{'said as: ' if kind in FORMS else 'about: '}{kind}{proposed}"

    def action_done(self) -> None:
        self.dismiss(self.query_one(Checklist).marked)
