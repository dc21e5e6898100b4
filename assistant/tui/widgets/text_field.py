"""A field for several lines of text that frees its resources when it is closed."""

from __future__ import annotations

from textual.widgets import TextArea


class TextField(TextArea):
    """Textual's text area, without two things that would keep it alive for as long as the app runs.

    They are its cursor's timer, which goes on after the field is gone, and the app's list of those that follow its
    theme.
    """

    def on_unmount(self) -> None:
        self.blink_timer.stop()
        followers: dict[str, list[tuple[object, object]]] = getattr(self.app, "__watchers", {})
        followers["theme"] = [entry for entry in followers.get("theme", []) if entry[0] is not self]
