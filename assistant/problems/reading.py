"""Files of records: JSON Lines or one JSON list or object, plain or gzipped, told apart by their content."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from assistant.domain.errors import ProblemSourceError
from assistant.problems.records import BadRecord, Record

Found = tuple[str, Record | BadRecord]
"""Where a record stands (`line 3`, `record 3`), and the record or why it cannot be read."""


def read_records(path: Path) -> list[Found]:
    """Every record of a file; `ProblemSourceError` when it cannot be read at all."""
    text = _text(path)
    if text.lstrip()[:1] == "[":
        return _listed(path, text)
    lines = list(_lines(text))
    if lines and isinstance(lines[0][1], BadRecord):
        return _one_object(text) or lines
    return lines


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemSourceError(f"{path} is not UTF-8 text (byte {error.start}): is it JSON?") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ProblemSourceError(f"{path} is a damaged gzip file: {error}") from None
    except OSError as error:
        raise ProblemSourceError(f"cannot read {path}: {error.strerror or error}") from None


def _lines(text: str) -> Iterator[Found]:
    # Not splitlines(): U+2028 and its like may stand unescaped inside JSON strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"line {number}", _loaded(line)


def _listed(path: Path, text: str) -> list[Found]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProblemSourceError(f"{path} is not JSON: {error}") from None
    return [(f"record {number}", _as_record(item)) for number, item in enumerate(items, start=1)]


def _one_object(text: str) -> list[Found]:
    """An object over several lines: one record, or records by name (`{"1": {…}, "2": {…}}`); else nothing."""
    value = _loaded(text)
    if isinstance(value, BadRecord):
        return []
    if value and all(isinstance(item, dict) for item in value.values()):
        return [(f"record {name!r}", item) for name, item in value.items()]
    return [("record 1", value)]


def _loaded(line: str) -> Record | BadRecord:
    try:
        return _as_record(json.loads(line))
    except (ValueError, RecursionError) as error:
        return BadRecord(f"not JSON: {error}")


def _as_record(value: object) -> Record | BadRecord:
    return value if isinstance(value, dict) else BadRecord(f"a {type(value).__name__}, not an object")
