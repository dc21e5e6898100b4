"""Programs from outside as text, and the sources that are refused before any process is started."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.submission import Limits


class RefusedSource(Exception):
    """A source that is never run; `str(error)` is one line that says why."""


def read_program(path: Path, limits: Limits = Limits()) -> str:
    """The text of a program file, decoded as Python decodes it (BOM, coding line).

    Raises `UsageError` when there is no such file, `RefusedSource` when it is no Python text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.source_bytes + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    return decoded(data, limits)


def decoded(data: bytes, limits: Limits = Limits()) -> str:
    """Program bytes as text; `RefusedSource` when they are too many or not in the encoding they claim."""
    if len(data) > limits.source_bytes:
        raise RefusedSource(too_large(limits))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read()
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise RefusedSource(f"the program is not readable text: {error}") from None


def check_source(source: str, limits: Limits) -> None:
    """Raise `RefusedSource` for text that no process shall see."""
    if len(source) > limits.source_bytes:
        raise RefusedSource(too_large(limits))
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        raise RefusedSource("the program is not valid text: it holds half of a surrogate pair") from None
    if size > limits.source_bytes:
        raise RefusedSource(too_large(limits))
    if "\0" in source:
        raise RefusedSource("the program holds a NUL character")


def too_large(limits: Limits) -> str:
    return f"the program is larger than {limits.source_bytes:,} bytes"
