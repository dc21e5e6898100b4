"""Ctrl+C while the program starts or ends: one line and 130, whatever is being imported. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

INTERRUPTED = 130


def leave_at_once(*_: object) -> NoReturn:
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


def watched_interrupt() -> Callable[[BaseException], bool]:
    """Begin to note Ctrl+C, and return the question whether an error is one in disguise: a library that is building
    something while it is imported may answer KeyboardInterrupt with an error of its own (pydantic's SchemaError).

    The note is Python's wakeup file, which leaves the handler as it is; an event loop takes it over, and handles
    Ctrl+C itself. Outside the main thread nothing is noted.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def was_interrupt(error: BaseException) -> bool:
        try:
            return signal.SIGINT in os.read(reading, 4096) and _within_an_import(error)
        except BlockingIOError:
            return False

    return was_interrupt


def _within_an_import(error: BaseException | None) -> bool:
    """Whether it, or an error that it was raised from, passed through the body of a module."""
    while error is not None:
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_name == "<module>":
                return True
            frame = frame.tb_next
        error = error.__cause__ or error.__context__
    return False
