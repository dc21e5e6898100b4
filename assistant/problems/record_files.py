"""Files of records: JSON Lines or one JSON list or object, plain or gzipped, distinguished by their content."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from assistant.core.errors import ProblemSourceError
from assistant.problems.records import BadRecord, Record

_PACKED = {
    b"PAR1": "a Parquet file: write it as JSON Lines first (pandas: read_parquet, to_json(lines=True))",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it first (unzstd FILE)",
    b"BZh": "compressed with bzip2: unpack it first (bunzip2 FILE)",
    b"\xfd7zXZ": "compressed with xz: unpack it first (unxz FILE)",
    b"PK\x03\x04": "a ZIP archive: unpack it first (unzip FILE)",
    b"ARROW1": "an Arrow file: write it as JSON Lines (datasets: Dataset.from_file(…).to_json(…))",
}
"""How files begin that hold records, but not as text; what to do with each."""

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
        _refuse_packed(path, raw)
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemSourceError(f"{path} is not UTF-8 text (byte {error.start}): is it JSON?") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ProblemSourceError(f"{path} is a damaged gzip file: {error}") from None
    except OSError as error:
        raise ProblemSourceError(f"cannot read {path}: {error.strerror or error}") from None


def _refuse_packed(path: Path, raw: bytes) -> None:
    """Name the formats that are not read here, in one line. Raises ProblemSourceError."""
    for beginning, what in _PACKED.items():
        if raw.startswith(beginning):
            raise ProblemSourceError(f"{path} is {what}; plain and gzipped JSON are read")


def _load_json(text: str) -> Any:
    """Like `json.loads`, for whole numbers of any length."""
    return json.loads(text, parse_int=_whole_number)


def _whole_number(digits: str) -> int:
    """Python refuses to read more than 4300 decimal digits as an int; a Decimal has no such bound."""
    return int(digits) if len(digits) < 4300 else int(Decimal(digits))


def _lines(text: str) -> Iterator[Found]:
    # Not splitlines(): U+2028 and its like may stand unescaped inside JSON strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"line {number}", _loaded(line)


def _listed(path: Path, text: str) -> list[Found]:
    try:
        items = _load_json(text)
    except (ValueError, RecursionError) as error:
        found = [(f"record {n}", _loaded(item)) for n, item in enumerate(_items(text), start=1)]
        if all(isinstance(record, BadRecord) for _, record in found):
            raise ProblemSourceError(f"{path} is not JSON: {error}") from None
        return found
    return [(f"record {number}", _as_record(item)) for number, item in enumerate(items, start=1)]


def _items(text: str) -> Iterator[str]:
    """The items of a JSON list as texts, separated by brackets and quotes alone: one may be damaged."""
    depth, begun = 0, 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', text, re.DOTALL):
        sign = match.group()
        if sign in "[{":
            depth += 1
            begun = match.end() if depth == 1 else begun
        elif sign in "]}" or (sign == "," and depth == 1):
            depth -= sign in "]}"
            if depth == (0 if sign in "]}" else 1) and text[begun : match.start()].strip():
                yield text[begun : match.start()].strip()
            begun = match.end() if sign == "," else begun


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
        return _as_record(_load_json(line))
    except (ValueError, RecursionError) as error:
        return BadRecord(f"not JSON: {error}")


def _as_record(value: object) -> Record | BadRecord:
    return value if isinstance(value, dict) else BadRecord(f"a {type(value).__name__}, not an object")
