"""Tour at the first start, in four steps."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.core.state_labels import WHAT_WORKS

_STEPS = (
    (
        "Pick a problem",
        "A language model on this machine writes a small Python function. "
        "Type to filter the list, use the arrows, and press Enter.",
    ),
    (
        "See what is wrong",
        "Its tests run in a sandbox. For each you see what was expected and what came, "
        "with the difference marked. F4 shows what changed since the last round.",
    ),
    (
        "Say so in your own words",
        "Type what is wrong and press Enter; the model writes again, up to four times. "
        f"{WHAT_WORKS} F8 quotes a failing test, F2 lets you edit the code yourself, Esc stops the model.",
    ),
    (
        "Nothing gets lost",
        "Every step is written to a journal on this machine before you see it. "
        "F1 shows all keys, Ctrl+P finds any action, Ctrl+Q quits; sessions can be resumed.",
    ),
)


def steps(*, in_study: bool) -> tuple[tuple[str, str], ...]:
    """Heading and words of each step; what feedback works best is left out in a study, whose words are its data."""
    return tuple((head, words.replace(f"{WHAT_WORKS} ", "") if in_study else words) for head, words in _STEPS)


class TourScreen(ModalScreen[None]):
    """Enter goes on, Esc skips the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "go(1)", "Next"),
        Binding("left,backspace", "go(-1)", "Back"),
        Binding("escape,q", "dismiss", "Skip"),
    ]

    def __init__(self, *, in_study: bool = False) -> None:
        super().__init__()
        self._steps = steps(in_study=in_study)
        self._step = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(classes="question", id="heading", markup=False)
            yield Static(id="words", markup=False)
            yield Static(classes="hint", id="where", markup=False)

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        heading, words = self._steps[self._step]
        self.query_one("#heading", Static).update(heading)
        self.query_one("#words", Static).update(words)
        self.query_one("#where", Static).update(
            f"{self._step + 1} of {len(self._steps)}  ·  Enter goes on, Esc skips"
        )

    def action_go(self, step: int) -> None:
        self._step = max(0, self._step + step)
        if self._step >= len(self._steps):
            self.dismiss()
        else:
            self._show()

    def on_click(self) -> None:
        self.action_go(1)
