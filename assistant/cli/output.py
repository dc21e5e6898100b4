"""Standard output and error as the commands write them: no text from elsewhere can drive the terminal.

Printers escape what they print where it matters how it looks (`domain.printable`); this is the last stop for all
of them, errors and JSON included, so that one that forgot cannot do harm.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from assistant.domain.printable import is_harmful

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
        self.stream.write(text if text.isascii() and text.isprintable() else escaped(text))
        return len(text)

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


@contextmanager
def libraries_output() -> Iterator[None]:
    """Standard error as it is while this lasts: for a library's own progress bars."""
    before, sys.stderr = sys.stderr, unfiltered(sys.stderr)
    try:
        yield
    finally:
        sys.stderr = before
