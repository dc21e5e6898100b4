"""The line of keys at the bottom of a screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer on one line, which lets go of its keys when it makes them anew.

    Each key follows the footer's `compact`, and the footer would hold on to every key that it ever showed: some ten
    for each time that one comes back to a screen.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        followers: dict[str, list[object]] = getattr(self, "__watchers", {})
        followers.pop("compact", None)
        yield from super().compose()
