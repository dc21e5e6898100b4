"""Stand-ins in the judge for instances of a program's subclasses of plain types (named tuples, enums, an own `str`).

A stand-in is a plain value in everything that the subclass leaves as it is. What the subclass does in its own way,
and every attribute that a plain value lacks, only exists in the program's process: the test must run in that process.
Only a comparison with a plain value is refused instead, since there the program would decide what is equal.
"""

from __future__ import annotations

import array
import collections
import datetime
import fractions
from collections.abc import Callable
from typing import Any

from assistant.sandbox.guest.bounded_repr import show
from assistant.sandbox.guest.refusals import MustRunUnsealed, ProgramRefused, RemoteKind
from assistant.sandbox.guest.subclass_differences import COMPARING, ROUNDED

PLAIN_KEY = "<plain>"
NUMBER_KEY = "<number>"
_NEAR = 0.01
_DIFFERENCES = ("__sub__", "__rsub__", "__float__", "__round__", "__abs__")
"""What a number is asked for when it is compared within a tolerance."""
_KEPT = (
    "__class__ __new__ __init__ __dict__ __getattribute__ __getattr__ __setattr__ __delattr__ __del__ __doc__ "
    "__init_subclass__ __subclasshook__ __slots__ __module__ __weakref__ __annotations__ __class_getitem__ "
    "__set_name__ __name__ __qualname__ __mro_entries__ __prepare__"
)
NEVER_TAKEN = frozenset(_KEPT.split())
"""Names that make a class what it is; a stand-in has its own."""
_CHANGING = (
    "append extend insert remove pop clear sort reverse __setitem__ __delitem__ __iadd__ __imul__ update setdefault "
    "popitem __ior__ __iand__ __isub__ __ixor__ add discard difference_update intersection_update "
    "symmetric_difference_update appendleft extendleft popleft rotate subtract move_to_end"
)
_CHANGES = frozenset(_CHANGING.split())
_CHANGEABLE = (list, dict, set, bytearray, collections.deque)


def is_stand_in(value: Any) -> bool:
    """Whether the value stands for an instance of a class of the program's."""
    return type(type(value)) is RemoteKind and PLAIN_KEY in vars(value)


def number_of(stand_in: Any) -> int:
    """The number that the program knows the instance by."""
    number: int = vars(stand_in)[NUMBER_KEY]
    return number


class StandIns:
    """Makes stand-ins; the classes are kept for the length of a run."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[type, str, tuple[str, ...]], Any] = {}

    def made(self, plain: Any, number: int, name: str, names: tuple[str, ...]) -> Any:
        """A stand-in for an instance of class `name`, in which `names` are not what they are in a plain value."""
        parent = type(plain)
        key = (parent, name, names)
        if key not in self._kinds:
            self._kinds[key] = RemoteKind(name, (parent,), _body(parent, name, names))
        value = _instance(self._kinds[key], parent, plain)
        vars(value).update({PLAIN_KEY: plain, NUMBER_KEY: number})
        return value


def _instance(kind: Any, parent: Any, plain: Any) -> Any:
    """`kind(plain)` by the methods of `parent` alone."""
    if issubclass(parent, dict):
        value = parent.__new__(kind)
        for key, item in dict.items(plain):
            parent.__setitem__(value, key, item)
        return value
    if issubclass(parent, _CHANGEABLE):
        value = parent.__new__(kind)
        parent.__init__(value, plain)
        return value
    return parent.__new__(kind, *_parts(plain))


def _parts(plain: Any) -> tuple[Any, ...]:
    """Arguments with which a plain value is made again."""
    if isinstance(plain, datetime.datetime):
        return _reduced(plain)
    if isinstance(plain, datetime.date):
        return plain.year, plain.month, plain.day
    if isinstance(plain, datetime.time):
        return _reduced(plain)
    if isinstance(plain, datetime.timedelta):
        return plain.days, plain.seconds, plain.microseconds
    if isinstance(plain, fractions.Fraction):
        return plain.numerator, plain.denominator
    if isinstance(plain, array.array):
        return plain.typecode, plain
    if isinstance(plain, complex):
        return plain.real, plain.imag
    return (plain,)


def _reduced(plain: Any) -> tuple[Any, ...]:
    parts = plain.__reduce_ex__(2)[1]
    return parts if isinstance(parts, tuple) else ()


def _body(parent: type, name: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The class of a stand-in."""
    body: dict[str, Any] = {
        "__getattr__": _no_attribute,
        "__setattr__": _no_change,
        "__delattr__": _no_change,
        "__reduce_ex__": _only_unsealed("copy"),
        "__dir__": _only_unsealed("dir"),
        "shown_as": _shown_as,
    }
    if issubclass(parent, _CHANGEABLE):
        body |= {change: _only_unsealed(change) for change in _CHANGES if hasattr(parent, change)}
    for own in names:
        if own in COMPARING:
            body[own] = _comparing(name)
        elif own.removeprefix(ROUNDED) in COMPARING:
            body[own.removeprefix(ROUNDED)] = _rounding(own.removeprefix(ROUNDED), name, parent)
        elif own in _DIFFERENCES and issubclass(parent, int | float | complex):
            body[own] = _comparing(name)
        elif own in NEVER_TAKEN:
            continue
        elif own.startswith("__") and own.endswith("__"):
            body[own] = _only_unsealed(own)
        else:
            body[own] = property(_only_unsealed(own))
    if "__eq__" in body:  # or Python would take the hash away
        body.setdefault("__hash__", getattr(parent, "__hash__", None))
    return body


def _no_attribute(_self: Any, name: str) -> Any:
    raise MustRunUnsealed(f"the test looks inside an object of the program's (`{name}`)")


def _no_change(_self: Any, name: str, *_value: Any) -> None:
    raise MustRunUnsealed(f"the test changes an object of the program's (`{name}`)")


def _only_unsealed(name: str) -> Callable[..., Any]:
    def ask(self: Any, *_args: Any, **_named: Any) -> Any:
        raise MustRunUnsealed(
            f"the test uses `{name}` of an object of the program's (`{type(self).__name__}`)"
        )

    return ask


def _comparing(name: str) -> Callable[[Any, Any], Any]:
    def compare(_self: Any, other: Any = None) -> Any:
        if type(type(other)) is RemoteKind:
            raise MustRunUnsealed(f"the test compares objects (`{name}`)")
        raise ProgramRefused(f"a `{name}` decides itself what it is equal to")

    return compare


def _rounding(operation: str, name: str, parent: Any) -> Callable[[Any, Any], Any]:
    """A comparison of a number of numpy's that rounds the other one: certain where they are equal or far apart."""
    usual = getattr(parent, operation)

    def compare(self: Any, other: Any) -> Any:
        plain = vars(self)[PLAIN_KEY]
        number = isinstance(other, int | float) and not isinstance(plain, complex)
        if number and plain != other and abs(plain - other) <= _NEAR * max(abs(plain), abs(other)):
            raise ProgramRefused(f"a `{name}` rounds what it is compared with")
        return usual(self, other)

    return compare


def _shown_as(self: Any) -> str:
    return show(vars(self)[PLAIN_KEY])
