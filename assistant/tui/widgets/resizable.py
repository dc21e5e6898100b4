"""Panes whose edge can be dragged with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import MouseDown, MouseMove, MouseUp

if TYPE_CHECKING:
    from textual.widget import Widget
else:
    Widget = object  # a widget that is mixed in first would hide its sibling's component classes

LEAST_HEIGHT, LEAST_WIDTH = 3, 20


class TopEdge(Widget):
    """Dragging the upper frame makes the pane higher or lower."""

    _dragged_from: tuple[int, int] | None = None

    def on_mouse_down(self, event: MouseDown) -> None:
        if event.y == 0:
            self._dragged_from = (int(event.screen_y), self.outer_size.height)
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: MouseMove) -> None:
        if self._dragged_from is not None:
            from_y, height = self._dragged_from
            most = self.screen.size.height - 10
            self.styles.height = max(LEAST_HEIGHT, min(height + from_y - int(event.screen_y), most))

    def on_mouse_up(self, event: MouseUp) -> None:
        if self._dragged_from is not None:
            self._dragged_from = None
            self.release_mouse()


class RightEdge(Widget):
    """Dragging the right frame makes the pane wider or narrower."""

    _dragged_from: tuple[int, int] | None = None

    def on_mouse_down(self, event: MouseDown) -> None:
        if event.x >= self.outer_size.width - 1 and not self.screen.has_class("-narrow"):
            self._dragged_from = (int(event.screen_x), self.outer_size.width)
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: MouseMove) -> None:
        if self._dragged_from is not None:
            from_x, width = self._dragged_from
            most = self.screen.size.width - 30
            self.styles.width = max(LEAST_WIDTH, min(width + int(event.screen_x) - from_x, most))

    def on_mouse_up(self, event: MouseUp) -> None:
        if self._dragged_from is not None:
            self._dragged_from = None
            self.release_mouse()
