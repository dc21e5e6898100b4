"""Values that program and test would share in one process: seen by the references that remain to them.

A test's copy of a list that the program keeps (in a variable, a default argument, a cache) goes out of date when
the program changes its own; and the program does not see what a test does to the copy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from assistant.sandbox.guest import serialization

_CHANGEABLE = frozenset(kind for kind in (list, dict, set, bytearray))
_PARTED = frozenset({list, dict, tuple})
_LARGEST = 5_000
"""Items of a value that is still watched: each later call looks at it again."""
_MOST = 64
"""Values that are watched at a time, the latest."""


class Watched:
    """Changeable values, and what they were when they were last seen."""

    def __init__(self) -> None:
        self._values: list[tuple[Any, Any]] = []

    def add(self, value: Any) -> None:
        """Watch a value from now on."""
        if len(value) <= _LARGEST and (seen := _seen(value)) is not None:
            self._values = [*self._values[-_MOST:], (value, seen)]

    def changed(self) -> bool:
        """Whether any value is no longer what it was; from now on it is what it is now."""
        changed = False
        for place, (value, before) in enumerate(self._values):
            now = _seen(value)
            if now != before:
                self._values[place] = (value, now)
                changed = True
        return changed

    def held_elsewhere(self) -> bool:
        """Whether anybody else has a reference to one of the values, or to a part of one."""
        return any(is_kept(pair[0], _USUAL_IN_PAIR) for pair in self._values)

    def empty(self) -> bool:
        return not self._values

    def clear(self) -> None:
        self._values.clear()


def _seen(value: Any) -> str | None:
    """What a value is, as a text; None where it cannot be determined."""
    try:
        return repr(serialization.ValueEncoder(None, lambda part: ["object", id(part)]).encode(value))
    except (serialization.WireError, RecursionError):
        return None


class Kept:
    """In the program: reports with each answer what the program has kept of it, and what has changed since."""

    def __init__(self) -> None:
        self._watched = Watched()

    def report(self, value: Any, arguments: tuple[Any, ...]) -> dict[str, bool]:
        """`moved`: something given earlier is not what it was; `kept`, `kept_arguments`: the program has it still."""
        report = {"moved": self._watched.changed()}
        own = not any(value is argument for argument in arguments)
        if own and type(value) in _PARTED and is_kept(value, _USUAL):
            report["kept"] = True
            if type(value) in _CHANGEABLE or type(value) is tuple:
                self._watched.add(value)
        for argument in arguments:
            usual = _USUAL_ARGUMENT + (2 if argument is value else 0)
            if type(argument) in _CHANGEABLE and is_kept(argument, usual):
                report["kept_arguments"] = True
                self._watched.add(argument)
        return {name: True for name, holds in report.items() if holds}


def is_kept(value: Any, usual: int) -> bool:
    """Whether there are more references to the value than `usual`, or to one of its parts than the value's own."""
    if type(value) in _CHANGEABLE and _references(value) > usual:
        return True
    if type(value) not in _PARTED:
        return False
    parts = value.values() if type(value) is dict else value
    return any(_references(part) > _USUAL_PART for part in parts if type(part) in _CHANGEABLE)


def _references(value: Any) -> int:
    return sys.getrefcount(value)


def _usual_of(way: Callable[[Callable[[Any], int]], int]) -> int:
    """How many references there are on the way to `_references` when there is no other."""
    return way(_references)


def _of_result(count: Callable[[Any], int]) -> int:
    def is_kept_like(value: Any, usual: int) -> int:
        return count(value)

    def report_like(value: Any, arguments: tuple[Any, ...]) -> int:
        return is_kept_like(value, 0)

    value: list[Any] = []
    return report_like(value, ())


def _of_argument(count: Callable[[Any], int]) -> int:
    def is_kept_like(value: Any, usual: int) -> int:
        return count(value)

    def report_like(arguments: tuple[Any, ...]) -> int:
        return next(iter([is_kept_like(argument, 0) for argument in arguments]))

    args: tuple[list[Any]] = ([],)
    origins = serialization.Origins()
    origins.add(args[0])
    return report_like(args)


def _of_part(count: Callable[[Any], int]) -> int:
    parts: list[list[Any]] = [[]]
    return next(iter([count(part) for part in parts]))


def _of_pair(count: Callable[[Any], int]) -> int:
    def is_kept_like(value: Any, usual: int) -> int:
        return count(value)

    pairs: list[tuple[list[Any], str]] = [([], "")]
    return next(iter([is_kept_like(pair[0], 0) for pair in pairs]))


_USUAL = _usual_of(_of_result)
_USUAL_ARGUMENT = _usual_of(_of_argument)
_USUAL_PART = _usual_of(_of_part)
_USUAL_IN_PAIR = _usual_of(_of_pair)
