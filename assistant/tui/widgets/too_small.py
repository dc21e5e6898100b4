"""A message where the terminal is too small; everything else is hidden by the stylesheet."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

WIDTH, HEIGHT = 60, 15


class TooSmall(Widget):
    """Shown only in a small terminal."""

    def render(self) -> RenderResult:
        size = self.screen.size
        return Content(
            f"This terminal has {size.width}×{size.height} cells.\n"
            f"The app needs {WIDTH}×{HEIGHT}: make the window larger,\n"
            "or use: assistant --plain\n\nNothing is lost. Ctrl+Q quits."
        )
