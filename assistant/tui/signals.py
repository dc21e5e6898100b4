"""Signal handling: closes sessions, restores the terminal, and exits with the signal's status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

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
