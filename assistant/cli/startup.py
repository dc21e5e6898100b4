"""Ctrl+C while the program starts or ends: one line and 130, whatever is being imported. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

INTERRUPTED = 130


def leave_at_once(*_: object) -> None:
    """End the process without running anything more: nothing has been begun that could be left half done."""
    with contextlib.suppress(OSError):
        os.write(2, b"assistant: interrupted\n")
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within this, Ctrl+C leaves at once. Without effect outside the main thread, or with an own handler."""
    try:
        handled = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        before = None if handled else signal.signal(signal.SIGINT, leave_at_once)
    except ValueError:
        before = None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
