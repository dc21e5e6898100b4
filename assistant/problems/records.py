"""Raw records as a source gives them, and the one error a format raises for a record that it cannot use."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

Record = dict[str, Any]


class BadRecord(ValueError):
    """One record is off; the text says how. The record is skipped by name and the rest is kept."""


class NotALiteral(BadRecord):
    """A value that cannot be written as a Python literal."""


def plain_text(text: str) -> str:
    """Newlines as `\\n`: MBPP's code comes with CRLF, which would otherwise reach prompts and hashes."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_field(record: Record, name: str, *, default: str | None = None) -> str:
    """A text field with plain newlines; `BadRecord` when it is missing (without default) or not a text."""
    value = record.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRecord(f"{name} is missing" if value is None else f"{name} is not a text")
    return plain_text(value)


def text_list_field(record: Record, name: str) -> list[str]:
    """A list of texts, stripped and without empty ones; missing counts as empty."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRecord(f"{name} is not a list of texts")
    return [text for item in value if (text := plain_text(item).strip())]


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong with a record, as `field: reason`."""
    first = error.errors()[0]
    if first["type"] == "string_unicode":
        return "its text holds half a character (a lone surrogate), which is no Unicode"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"


def literal(value: object) -> str:
    """A JSON-like value as a Python literal. Infinity is written `1e999`, which reads back as infinity.

    `NotALiteral` for NaN, for which there is none.
    """
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise NotALiteral("NaN cannot be compared")
        return "1e999" if value > 0 else "-1e999"
    match value:
        case list():
            return f"[{_joined(value)}]"
        case tuple():
            return f"({_joined(value)},)" if len(value) == 1 else f"({_joined(value)})"
        case set():
            return f"{{{_joined(sorted(value, key=repr))}}}" if value else "set()"
        case dict():
            return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
        case _:
            return repr(value)


def _joined(values: Iterable[object]) -> str:
    return ", ".join(literal(value) for value in values)
