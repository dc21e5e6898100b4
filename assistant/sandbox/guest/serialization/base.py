"""What both directions share: bounds, refusals, and the numbers of a call's mutable arguments."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 1200
"""Levels of nesting. (Python's own `==` gives up at about a thousand.)"""
STACK_DEPTH = 8000
"""The interpreter's recursion limit while a value is read or written."""
MAX_NODES = 1_500_000
MAX_BYTES = 32 * 1024 * 1024

Json = Any
"""What `json` can write."""

TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (int, float, complex, bool, str, bytes, list, tuple, dict, set, frozenset, type(None), object)
}
"""Builtin types, which tests pass as arguments (`only_of(values, int)`)."""
DEFAULTING = {f"D{name}": kind for name, kind in TYPES.items()}
"""Tags of a `defaultdict` whose factory is a builtin type, and the factory. (`D`: none, or another one.)"""
PAIRED = frozenset({"d", "O", "C", "D", "I", "U", "M", *DEFAULTING})
"""Tags of containers whose content is pairs."""


class WireError(Exception):
    """A value that cannot cross, or bytes that are no value. `str(error)` is one line for a person."""


class CannotCross(WireError):
    """A value of a type that has no place on the wire."""

    def __init__(self, name: str) -> None:
        super().__init__(f"cannot compare a `{name[:80]}`")
        self.name = name


class TooLarge(WireError):
    """Too deep, too many parts, too many bytes, or a cycle."""


class Origins:
    """The mutable containers of one call's arguments, numbered in the order they were met."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def add(self, value: Any) -> int:
        self._numbers[id(value)] = len(self.objects)
        self.objects.append(value)
        return len(self.objects) - 1

    def number(self, value: Any) -> int | None:
        return self._numbers.get(id(value))


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection while many small lists are made: it would look at all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def deep() -> Iterator[None]:
    """A recursion limit for nested values, whatever recursion limit the program or the test has set."""
    before = sys.getrecursionlimit()
    try:
        with contextlib.suppress(RecursionError):
            sys.setrecursionlimit(max(before, STACK_DEPTH))
        yield
    finally:
        with contextlib.suppress(RecursionError):
            sys.setrecursionlimit(before)


_SETS = ("s", "z")


def same_encoding(one: Json, other: Json) -> bool:
    """Whether two encodings mean the same value: equal as JSON text (1 is neither True nor 1.0), but for the order in
    which a set that was put together again lists its members.
    """
    return repr(one) == repr(other) or repr(_in_order(one)) == repr(_in_order(other))


def _in_order(data: Json) -> Json:
    if type(data) is not list:
        return data
    parts = [_in_order(part) for part in data]
    if len(parts) > 1 and data[0] in _SETS and type(parts[1]) is list:
        parts[1].sort(key=repr)
    return parts
