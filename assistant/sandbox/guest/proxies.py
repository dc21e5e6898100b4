"""What stands in the judge for values that stay with the program.

Whatever is asked of them is asked over the wire and answered with plain values, which the judge then compares
itself. Where the program would decide what equals a plain value, the comparison is refused. A test that cannot do
without the program's own objects runs in the program's process.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from assistant.sandbox.guest import serialization
from assistant.sandbox.guest.pytest_shim import Approx
from assistant.sandbox.guest.refusals import (
    Decisive,
    MustRunUnsealed,
    ProgramDied,
    ProgramRefused,
    RemoteKind,
    overlooked,
)

__all__ = ["Decisive", "MustRunUnsealed", "ProgramDied", "ProgramRefused", "overlooked"]


class Asking(Protocol):
    """The judge's side of the wire, as far as proxies need it."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]: ...

    def value_of(self, answer: dict[str, Any], origins: serialization.Origins) -> Any: ...

    def call(self, target: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...


PLAIN = (
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, type(None)),
    *(collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict),
    *(decimal.Decimal, fractions.Fraction),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
)
"""Types whose values cross the wire."""
_VIEWS = tuple(map(type, ({}.keys(), {}.values(), {}.items())))
_CROSSING = (
    *(*PLAIN, array.array, slice, memoryview, types.MappingProxyType, *_VIEWS),
    *(collections.UserDict, collections.UserList, collections.UserString, collections.ChainMap, Approx),
)
"""What a program would have given as a value, had it meant one of these."""
_CONSTANTS = [Ellipsis, NotImplemented, *serialization.TYPES.values()]
_PLAIN_ATTRIBUTES = frozenset(name for kind in PLAIN for name in dir(kind))

_GIVING = frozenset(
    {
        "append",
        "appendleft",
        "extend",
        "insert",
        "add",
        "remove",
        "discard",
        "clear",
        "update",
        "sort",
        "reverse",
    }
    | {"pop", "popleft", "keys", "values", "items", "get", "copy"}
)
"""Methods of plain containers that give values and judge nothing: a container of the program's may be asked for
them. (Not `startswith` or `issubset`: they would receive what the test expects, and could answer yes.)"""


def is_own_attribute(name: str) -> bool:
    """Whether no plain value has such an attribute: a test that asks for it means an object of the program's."""
    return name not in _PLAIN_ATTRIBUTES


def is_plain(value: object) -> bool:
    """Whether a program would have given a plain value, had it meant to give something equal to this one."""
    kind = type(value)
    known = type(kind) is not RemoteKind and issubclass(kind, _CROSSING)
    return known or any(value is constant for constant in _CONSTANTS)


class RemoteObject(metaclass=RemoteKind):
    """Something that stayed with the program, and the number by which the program knows it."""

    _link: Asking
    _held_number: int | None
    _held_type: str

    def __getattr__(self, name: str) -> Any:
        raise MustRunUnsealed(f"the test looks inside an object of the program's (`{name}`)")

    def __setattr__(self, name: str, value: object) -> None:
        raise MustRunUnsealed(f"the test changes an object of the program's (`{name}`)")

    def shown_as(self) -> str:
        """What is shown of it: the program is not asked."""
        return f"<{self._held_type} object>"


class Opaque(RemoteObject):
    """A value that has no plain form (or none that could be brought over: `why` says so)."""

    _own: bool
    """Whether its class compares in a way of its own."""
    _why: str

    def __init__(self, link: Asking, number: int, kind: str, own: bool, why: str = "") -> None:
        vars(self).update(_link=link, _held_number=number, _held_type=kind, _own=own, _why=why)

    def __bool__(self) -> bool:
        return self._link.ask({"do": "truth", "held": self._held_number}).get("truth") is not False

    def __call__(self, *args: Any, **named: Any) -> Any:
        if not vars(self).get("_is_called", True):
            raise MustRunUnsealed("the test calls what the program says is nothing to call")
        return self._link.call({"held": self._held_number}, args, named)

    def __getattr__(self, name: str) -> Any:
        if name in _GIVING and not self._why:
            return self._asked(name)
        raise MustRunUnsealed(f"the test looks inside an object of the program's (`{name}`)")

    def _compared(self, other: object) -> Any:
        """Against a plain value the program has no say; anything else means objects of a kind of their own."""
        if not is_plain(other):
            raise MustRunUnsealed(f"the test compares objects (`{self._held_type}`)")
        if self._own:
            raise ProgramRefused(self._why or f"cannot compare a `{self._held_type}` with a plain value")
        return NotImplemented

    def _difference(self, other: object) -> Any:
        """`abs(f(x) - 2.5) < 1e-6` is a comparison: the program would receive what the test expects."""
        if is_plain(other):
            raise ProgramRefused(f"cannot compare a `{self._held_type}` with a plain value")
        raise MustRunUnsealed(f"the test subtracts objects (`{self._held_type}`)")

    def _as_number(self, *_args: object) -> Any:
        raise ProgramRefused(f"a `{self._held_type}` is no number")

    def _asked(self, name: str) -> Any:
        answer = self._link.ask({"do": "attribute", "held": self._held_number, "name": name})
        return self._link.value_of(answer, serialization.Origins())


def _operation(name: str) -> Callable[..., Any]:
    """An operation that is asked for over the wire, where the object has it."""

    def operate(self: Opaque, *args: Any) -> Any:
        if self._why:
            raise MustRunUnsealed(f"the test uses an object of the program's (`{name}`)")
        try:
            operation = self._asked(name)
        except AttributeError:  # Python may have another way (`__getitem__` for `__iter__`)
            raise MustRunUnsealed(f"the test uses an object of the program's (`{name}`)") from None
        return operation(*args)

    return operate


def _only_unsealed(name: str) -> Callable[..., Any]:
    def operate(self: RemoteObject, *_args: Any, **_named: Any) -> Any:
        raise MustRunUnsealed(f"the test uses `{name}` of an object of the program's (`{self._held_type}`)")

    return operate


_ASKED = ("__iter__", "__next__", "__getitem__", "__setitem__", "__delitem__", "__str__", "__repr__")
"""What may be asked of an object over the wire: it gives values, and receives nothing that a test expects."""
_ARITHMETIC = tuple(
    "add sub mul truediv floordiv mod divmod pow lshift rshift and xor or matmul".split()  # noqa: SIM905
)
_OTHERS = (
    "len contains hash int float complex index abs round trunc floor ceil neg pos invert format dir reversed enter "
    "exit await aiter anext aenter aexit reduce_ex bytes fspath length_hint instancecheck subclasscheck buffer"
)
_UNSEALED_METHODS = [f"__{name}__" for name in _OTHERS.split()] + [
    f"__{kind}{name}__" for name in _ARITHMETIC for kind in ("", "r", "i")
]
for _name in _ASKED:
    setattr(Opaque, _name, _operation(_name))
for _name in _UNSEALED_METHODS:
    setattr(Opaque, _name, _only_unsealed(_name))
for _name in ("__sub__", "__rsub__"):
    setattr(Opaque, _name, Opaque._difference)
for _name in ("__float__", "__round__"):
    setattr(Opaque, _name, Opaque._as_number)
for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
    setattr(Opaque, _name, lambda self, other: self._compared(other))


class RemoteIterator(RemoteObject):
    """A generator or an iterator of the standard library; each item is asked for when it is needed."""

    def __init__(self, link: Asking, number: int, kind: str) -> None:
        vars(self).update(_link=link, _held_number=number, _held_type=kind)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        answer = self._link.ask({"do": "next", "held": self._held_number})
        if "stop" in answer:
            raise StopIteration(self._link.value_of({"value": answer["stop"]}, serialization.Origins()))
        return self._link.value_of(answer, serialization.Origins())

    def __repr__(self) -> str:
        return f"<{self._held_type} object>"


class RemoteFunction(RemoteObject):
    """A function of the program's, by name or (a function that it returned) by number."""

    _target: dict[str, Any]

    def __init__(self, link: Asking, target: dict[str, Any], shown: str) -> None:
        number = target.get("held")
        vars(self).update(_link=link, _target=target, _held_type=shown, _held_number=number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.call(self._target, args, kwargs)

    def __eq__(self, other: object) -> bool:
        if self is other or type(type(other)) is not RemoteKind:
            return self is other
        if isinstance(other, RemoteFunction) and self._target == other._target:
            return True
        raise MustRunUnsealed("the test compares functions of the program's")

    def __hash__(self) -> int:
        if self._held_number is not None:
            raise MustRunUnsealed("the test uses the `hash` of a function of the program's")
        return hash(self._held_type)

    def __repr__(self) -> str:
        return f"<function {self._held_type}>"

    def shown_as(self) -> str:
        """What is shown of it."""
        return repr(self)


_KEPT = ("__length_hint__", "__float__", "__round__", "__sub__", "__rsub__", "__abs__")
for _name in (
    *_UNSEALED_METHODS,
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__iter__",
    "__next__",
    "__get__",
):
    if _name not in _KEPT and _name not in vars(RemoteFunction):  # those would compare with a tolerance
        setattr(RemoteFunction, _name, _only_unsealed(_name))
for _kind in (RemoteIterator, RemoteFunction):
    for _name in ("__enter__", "__exit__", "__dir__", "__reduce_ex__", "__format__"):
        setattr(_kind, _name, _only_unsealed(_name))


def is_held(value: object) -> bool:
    """Whether the value is a proxy of something that stayed with the program."""
    return type(type(value)) is RemoteKind and isinstance(value, RemoteObject)


@functools.lru_cache(256)
def named(kind: type[RemoteObject], name: str) -> Any:
    """A class of proxies that bears the name of the program's own class, as messages of Python's will show it."""
    return RemoteKind(name, (kind,), {})


_KNOWN = frozenset({*PLAIN, object})


def ask_isinstance(value: Any, kinds: Any, /) -> bool:
    """The program's own objects are no plain values; whether they are anything else, only the program knows."""
    if is_held(value) and vars(value).get("_why"):
        raise MustRunUnsealed("the test asks for the class of a value that cannot be brought over")
    if type(type(value)) is RemoteKind and not all(kind in _KNOWN for kind in _listed(kinds)):
        raise MustRunUnsealed("the test asks for the class of an object of the program's")
    if type(type(value)) is RemoteKind and _of_numpy(value):
        raise MustRunUnsealed("the test asks for the class of a number of numpy's")
    return isinstance(value, kinds)


def ask_hasattr(value: Any, name: str, /) -> bool:
    if type(type(value)) is RemoteKind:
        raise MustRunUnsealed(f"the test looks inside an object of the program's (`{name}`)")
    return hasattr(value, name)


def ask_callable(value: Any, /) -> bool:
    if is_held(value) and isinstance(value, Opaque):
        raise MustRunUnsealed("the test asks whether an object of the program's can be called")
    return callable(value)


def _listed(kinds: Any) -> list[Any]:
    """The classes of a class, a tuple of them (of tuples, too) or a union."""
    parts = kinds.__args__ if isinstance(kinds, types.UnionType) else kinds
    return [kind for part in parts for kind in _listed(part)] if isinstance(parts, tuple) else [parts]


def _of_numpy(value: Any) -> bool:
    """Whether a stand-in is one of numpy's numbers, most of which are no subclasses of Python's."""
    return type(value).__name__.startswith(("int", "uint", "float", "complex"))


TYPE_QUERIES = {"isinstance": ask_isinstance, "hasattr": ask_hasattr, "callable": ask_callable}
"""The builtins as tests have them: they know what stands for the program's objects."""
