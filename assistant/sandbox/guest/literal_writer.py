"""Values as Python literals that `ast.literal_eval` reads back equal."""

from __future__ import annotations

import ast
import math
from typing import Any

LIMIT = 200_000
"""Characters of one expected value; longer ones are not worth keeping."""


def literal_of(value: Any) -> str | None:
    """The literal, or None when the value cannot be written as one (a NaN, a date, an object)."""
    try:
        text = _write(value, 0)
        same = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if same == value and type(same) is type(value) and len(text) <= LIMIT else None


def _write(value: Any, depth: int) -> str:
    kind = type(value)
    if depth > 50:
        raise ValueError("too deep")
    if kind in (list, tuple, set):
        return _sequence(kind, [_write(item, depth + 1) for item in value])
    if kind is dict:
        pairs = (f"{_write(k, depth + 1)}: {_write(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if kind is float:
        return _float(value)
    if kind is int and value.bit_length() > 12_000:
        return hex(value)  # decimal literals end at 4300 digits
    if value is None or kind in (bool, int, str, bytes, complex):
        return repr(value)
    raise ValueError(kind.__name__)


def _sequence(kind: type, parts: list[str]) -> str:
    inner = ", ".join(parts)
    if kind is list:
        return f"[{inner}]"
    if kind is tuple:
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    return f"{{{inner}}}" if parts else "set()"


def _float(value: float) -> str:
    if math.isnan(value):
        raise ValueError("nan")
    return repr(value) if math.isfinite(value) else "1e999" if value > 0 else "-1e999"
