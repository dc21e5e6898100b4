"""What keeps the terminal safe: no drawn text controls it, and a signal gives it back before the app ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from assistant.core.printable import is_harmful

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def on_signals(leave: Callable[[int], None]) -> None:
    """Call `leave` with the exit status (128 and the signal's number); a second signal ends the process at once.

    To be called where the event loop runs. Does nothing in a thread, which cannot have handlers.
    """
    loop = asyncio.get_running_loop()
    come: list[int] = []

    def handle(number: int) -> None:
        if come:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        come.append(number)
        leave(128 + number)

    for number in ENDING:
        with contextlib.suppress(ValueError, RuntimeError):
            loop.add_signal_handler(number, handle, number)


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
