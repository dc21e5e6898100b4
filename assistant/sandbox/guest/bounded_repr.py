"""A bounded `repr` for plain values: it stops writing at the limit, whatever the value's size."""

from __future__ import annotations

import collections
import types
from collections.abc import Iterable
from typing import Any

LIMIT = 2000
"""Characters of one shown value."""


_VIEWS = frozenset(map(type, ({}.keys(), {}.values(), {}.items())))


class _Full(Exception):
    """The limit is reached."""


class _Writer:
    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self._left = limit

    def write(self, text: str) -> None:
        self.parts.append(text[: self._left])
        self._left -= len(text)
        if self._left < 0:
            raise _Full

    def value(self, value: Any, depth: int = 0) -> None:
        kind = type(value)
        if depth > 60:
            self.write("…")
        elif kind is list:
            self._items("[", value, "]", depth)
        elif kind is tuple:
            self._items("(", value, ",)" if len(value) == 1 else ")", depth)
        elif kind in (set, frozenset) and value:
            self._set(value, depth)
        elif kind is dict:
            self._pairs("{", value, "}", depth)
        elif kind in (collections.Counter, collections.OrderedDict):
            self._pairs(kind.__name__ + "({", value, "})", depth)
        elif kind is collections.defaultdict:
            self._pairs("{", value, "}", depth)
        elif kind is collections.deque:
            self._items("deque([", value, "])", depth)
        elif kind in _VIEWS:
            self._items(kind.__name__ + "([", value, "])", depth)
        else:
            self.write(scalar(value, self._left))

    def _set(self, value: Any, depth: int) -> None:
        opened, closed = ("{", "}") if type(value) is set else ("frozenset({", "})")
        self._items(opened, in_order(value), closed, depth)

    def _items(self, opened: str, items: Iterable[Any], closed: str, depth: int) -> None:
        self.write(opened)
        for index, item in enumerate(items):
            if index:
                self.write(", ")
            self.value(item, depth + 1)
        self.write(closed)

    def _pairs(self, opened: str, mapping: dict[Any, Any], closed: str, depth: int) -> None:
        self.write(opened)
        for index, (key, value) in enumerate(mapping.items()):
            if index:
                self.write(", ")
            self.value(key, depth + 1)
            self.write(": ")
            self.value(value, depth + 1)
        self.write(closed)


def in_order(items: Iterable[Any]) -> Iterable[Any]:
    """A set's members in a repeatable order where they can be compared."""
    listed = list(items)
    if len(listed) > 10_000:
        return listed
    try:
        return sorted(listed)
    except Exception:  # not only `TypeError`: a NaN among Decimals is an `InvalidOperation`
        return listed


def scalar(value: Any, limit: int) -> str:
    """`repr` of something without parts."""
    if isinstance(shown := getattr(type(value), "shown_as", None), types.FunctionType):
        return str(shown(value))
    if isinstance(value, str | bytes | bytearray) and len(value) > limit:
        return repr(value[: limit + 1])
    if type(value) is int and value.bit_length() > 12_000:
        return f"<an integer of {value.bit_length()} bits>"
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def show(value: Any, limit: int = LIMIT) -> str:
    """`repr(value)` in at most about `limit` characters, ending in `…` where it was cut; never an `Exception`."""
    writer = _Writer(limit)
    try:
        writer.value(value)
    except _Full:
        return "".join(writer.parts) + "…"
    except Exception:
        return f"<{type(value).__name__}>"
    return "".join(writer.parts)
