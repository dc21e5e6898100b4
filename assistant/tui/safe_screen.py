"""Removes control characters from everything drawn, so that no text can control the terminal."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from assistant.core.printable import is_harmful


class SafeText(LineFilter):
    """Takes out of every line what a terminal would obey or reorder by; widths stay as they were measured."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments where all is well, which is nearly always."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.text.isprintable()
            else Segment(_without(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def _without(text: str) -> str:
    return "".join("?" * cell_len(c) if is_harmful(c) or c in "\n\t" else c for c in text)
