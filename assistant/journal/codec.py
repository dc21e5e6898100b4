"""One event as one line of UTF-8 JSON, and back."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from pydantic import ValidationError

from assistant.core.events import EVENT, Event, Stamp

STAMP_FIELDS = ("schema", "seq", "time", "mono", "prev")
FIRST_PREV = hashlib.sha256(b"").hexdigest()
"""`prev` of a journal's first line."""


class LineError(ValueError):
    """A line that is not an event; `kind` is `json`, `schema` or `event`, the text says what is wrong."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def hash_of(line: bytes) -> str:
    """SHA-256 of a line without its newline: what the next line carries as `prev`."""
    return hashlib.sha256(line).hexdigest()


def encode(stamp: Stamp, event: Event) -> bytes:
    """The line (without newline): the stamp's fields first, then the event's."""
    record = stamp.model_dump(mode="json", by_alias=True) | event.model_dump(mode="json")
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:  # JSON has no infinities: they are written as strings, which a float field reads back
        text = json.dumps(_spell_out(record), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _mend_surrogates(text).encode()


def decode(record: dict[str, Any]) -> tuple[Stamp, Event]:
    """Stamp and event of a record in today's schema. Raises `LineError`."""
    try:
        stamp = Stamp.model_validate({name: record[name] for name in STAMP_FIELDS if name in record})
        return stamp, EVENT.validate_python(
            {name: value for name, value in record.items() if name not in STAMP_FIELDS}
        )
    except ValidationError as error:
        raise LineError("event", _first_trouble(error)) from None


def parse(line: bytes) -> dict[str, Any]:
    """The JSON object on a line. Raises `LineError`."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LineError("json", f"not JSON: {error}") from None
    if not isinstance(record, dict):
        raise LineError("json", f"not a JSON object but {type(record).__name__}")
    return record


def _spell_out(value: Any) -> Any:
    """`value` with `inf`, `-inf` and `nan` as the strings `Infinity`, `-Infinity`, `NaN`."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _spell_out(item) for name, item in value.items()}
    return [_spell_out(item) for item in value] if isinstance(value, list) else value


def _mend_surrogates(text: str) -> str:
    r"""JSON text with surrogate pairs joined and lone surrogates spelled out, as in `\\udc80`.

    A lone surrogate is no Unicode text, and strict readers (DuckDB, jq) refuse the whole file for one.
    """
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join(f"\\\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in joined)


def _first_trouble(error: ValidationError) -> str:
    """The first thing that is wrong, and where in the record."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place}: {first['msg']}{more}" if place else f"{first['msg']}{more}"
