"""From JSON back to a value. Everything is checked: the bytes may come from a hostile program."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import math
import types
from collections.abc import Callable
from typing import Any

from assistant.sandbox.guest.serialization import base
from assistant.sandbox.guest.serialization.base import (
    DEFAULTING,
    PAIRED,
    TYPES,
    Json,
    Origins,
    TooLarge,
    WireError,
    deep,
    without_collection,
)


class ValueDecoder:
    """Turns JSON back into a value. Everything is checked: the bytes may come from a hostile program."""

    def __init__(
        self,
        origins: Origins | None = None,
        special: Callable[[str, list[Json]], Any] | None = None,
        *,
        number_new: bool = False,
        derived: Callable[[Any, list[Json]], Any] | None = None,
    ) -> None:
        self._origins = origins
        self._special = special
        self._number_new = number_new
        self._derived = derived
        self._nodes = 0
        self._fills: list[Callable[[], None]] = []

    def decode(self, data: Json) -> Any:
        """The value; `WireError` for anything that no encoder writes. Mutations land only when all is read."""
        try:
            with without_collection(), deep():
                value = self._value(data, 0)
        except WireError:
            raise
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RecursionError) as error:
            raise WireError(f"not a value: {type(error).__name__}") from None
        for fill in self._fills:
            fill()
        return value

    def _value(self, data: Json, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > base.MAX_NODES or depth > base.MAX_DEPTH:
            raise TooLarge("cannot compare a value that large")
        if data is None or type(data) in _SIMPLE:
            return data
        if type(data) is not list or not data or type(data[0]) is not str:
            raise WireError("not a value")
        tag, body = data[0], data[1:]
        if tag in _READ_ITEMS:
            return self._container(tag, body, depth)
        if tag == "r":
            return self._known(body)
        if tag == "sub" and self._derived is not None:
            return self._derived(self._value(body[0], depth + 1), body[1:])
        if tag in _SCALARS:
            return _SCALARS[tag](*body)
        if self._special is not None:
            return self._special(tag, body)
        raise WireError("not a value")

    def _container(self, tag: str, body: list[Json], depth: int) -> Any:
        content, number = body[0], (body[1] if len(body) == 2 else None)
        if len(body) > 2 or (number is not None and type(number) is not int):
            raise WireError("not a value")
        if tag in PAIRED:
            made = _READ_ITEMS[tag](
                [(self._value(k, depth + 1), self._value(v, depth + 1)) for k, v in content]
            )
        elif tag == "B":
            made = bytearray.fromhex(content)
        elif type(content) is list:
            made = _READ_ITEMS[tag](self._items(content, depth + 1))
        else:
            raise WireError("not a value")
        return made if number is None else self._place(made, number)

    def _items(self, content: list[Json], depth: int) -> list[Any]:
        if len(content) > _FEW and _SIMPLE.issuperset(map(type, content)):
            self._nodes += len(content)
            return content
        return [self._value(item, depth) for item in content]

    def _place(self, made: Any, number: int) -> Any:
        origins = self._origins
        if origins is None:
            raise WireError("not a value: no origins here")
        if self._number_new and number == len(origins.objects):
            origins.add(made)
            return made
        original = origins.objects[number] if 0 <= number < len(origins.objects) else None
        if type(original) is not type(made):
            return made
        self._fills.append(lambda: refill(original, made))
        return original

    def _known(self, body: list[Json]) -> Any:
        (number,) = body
        if self._origins is None or type(number) is not int or not 0 <= number < len(self._origins.objects):
            raise WireError("not a value: unknown reference")
        return self._origins.objects[number]


def refill(target: Any, content: Any) -> None:
    """Give a mutable container the content of another of the same type."""
    if target is content:
        return
    if isinstance(target, list | bytearray):
        target[:] = content
        return
    if isinstance(target, collections.UserList | collections.ChainMap):
        vars(target).update(vars(content))
        return
    target.clear()
    if isinstance(target, collections.deque):
        target.extend(content)
    else:
        target.update(content)


def _array(code: str, content: str) -> array.array[Any]:
    return array.array(code, bytes.fromhex(content))


def _defaulting(kind: type | None) -> Callable[[Any], Any]:
    return lambda pairs: collections.defaultdict(kind, pairs)


def _integer(text: str) -> int:
    return int(text, 16)


def _complex(real: str, imag: str) -> complex:
    return complex(float.fromhex(real), float.fromhex(imag))


def _constant(name: str) -> Any:
    return {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented, "nan": math.nan}[name]


def _type(name: str) -> type:
    return TYPES[name]


def _range(start: Json, stop: Json, step: Json) -> range:
    return range(*(_integer(part[1]) if type(part) is list else part for part in (start, stop, step)))


def _fraction(numerator: Json, denominator: Json) -> fractions.Fraction:
    parts = (_integer(part[1]) if type(part) is list else part for part in (numerator, denominator))
    return fractions.Fraction(*parts)


def _zoned(kind: Any) -> Callable[..., Any]:
    """Reads a `datetime` or `time`: its text, its fold, and the name of its offset where it has one."""

    def read(text: str, fold: int, name: str | None = None) -> Any:
        value = kind.fromisoformat(text).replace(fold=fold)
        if name is None:
            return value
        return value.replace(tzinfo=datetime.timezone(value.utcoffset(), name))

    return read


def _view(text: str, readonly: bool) -> memoryview:
    return memoryview(bytes.fromhex(text) if readonly else bytearray.fromhex(text))


_SIMPLE = frozenset({int, float, str, bool, type(None)})
_FEW = 16
_READ_ITEMS: dict[str, Callable[[Any], Any]] = {
    "l": list,
    "t": tuple,
    "s": set,
    "z": frozenset,
    "q": collections.deque,
    "d": dict,
    "O": collections.OrderedDict,
    "C": lambda pairs: collections.Counter(dict(pairs)),
    "D": _defaulting(None),
    **{tag: _defaulting(kind) for tag, kind in DEFAULTING.items()},
    "B": bytearray,
    "K": lambda items: dict.fromkeys(items).keys(),
    "V": lambda items: dict(enumerate(items)).values(),
    "I": lambda pairs: dict(pairs).items(),
    "x": lambda items: slice(*items),
    "Q": lambda items: collections.deque(items[1:], maxlen=items[0]),
    "U": lambda pairs: collections.UserDict(dict(pairs)),
    "L": collections.UserList,
    "H": lambda maps: collections.ChainMap(*maps),
    "M": lambda pairs: types.MappingProxyType(dict(pairs)),
}
_SCALARS: dict[str, Callable[..., Any]] = {
    "f": float.fromhex,
    "i": _integer,
    "b": bytes.fromhex,
    "c": _complex,
    "R": _range,
    "dec": decimal.Decimal,
    "frac": _fraction,
    "date": datetime.date.fromisoformat,
    "datetime": _zoned(datetime.datetime),
    "time": _zoned(datetime.time),
    "delta": datetime.timedelta,
    "a": _array,
    "k": _constant,
    "T": _type,
    "u": collections.UserString,
    "mv": _view,
}
