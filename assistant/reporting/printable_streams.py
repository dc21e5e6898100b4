"""Standard output and error as the commands write them: no text from elsewhere can drive the terminal.

Printers escape what they print where it matters how it looks (`core.printable`); this is the last stop for all
of them, errors and JSON included, so that one that forgot cannot do harm.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from assistant.core.errors import AssistantError
from assistant.core.printable import is_harmful

_OWN = re.compile(r"(\x1b\[[0-9;]*m|\r\x1b\[K)")
"""What our own printers send to a terminal: colours, and the start of a line that is written again."""


class PrintableStream:
    """A text stream that escapes what could drive a terminal; everything else is the stream's own.

    Escapes are JSON's (`\\u202e`), so that a line of JSON stays the same document.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text`, harmful characters escaped; the number of characters taken."""
        escaped = _escaped_but_own if self.stream.isatty() else _escaped
        with _output_errors():
            self.stream.write(text if text.isascii() and text.isprintable() else escaped(text))
        return len(text)

    def flush(self) -> None:
        """Raises `OutputError` where what was written cannot be kept."""
        with _output_errors():
            self.stream.flush()

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _escaped_but_own(text: str) -> str:
    parts = _OWN.split(text)
    return "".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    return "".join(json.dumps(c)[1:-1] if is_harmful(c) else c for c in text)


class OutputError(AssistantError):
    """Standard output cannot be written."""


@contextmanager
def _output_errors() -> Iterator[None]:
    """A full disk behind standard output in words. A reader that has gone stays a `BrokenPipeError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"the output cannot be written ({error.strerror}): send it somewhere else"
        ) from None


def opened_streams() -> bool:
    """Make standard output and error usable; whether standard output was closed from outside.

    What is closed goes to the null device: else the next file that is opened takes its place, and gets what libraries
    print. Characters that the terminal's encoding has not are escaped.
    """
    was_closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for all its life
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    return was_closed


@contextmanager
def printable_output() -> Iterator[None]:
    """Standard output and error pass through `PrintableStream` while this lasts."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, PrintableStream(unfiltered(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def unfiltered(stream: TextIO) -> TextIO:
    """The stream itself, for a library that draws with cursor movements of its own."""
    return stream.stream if isinstance(stream, PrintableStream) else stream
