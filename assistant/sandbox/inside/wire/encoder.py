"""From a value to JSON. No method of a subclass runs: plain types are read by their own methods."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
from collections.abc import Callable, Iterable
from typing import Any

from assistant.sandbox.inside.wire import base
from assistant.sandbox.inside.wire.base import (
    DEFAULTING,
    PAIRED,
    TYPES,
    CannotCross,
    Json,
    Origins,
    TooLarge,
    without_collection,
)

_SMALL = 1 << 62
_TAGS: dict[type, str] = {
    list: "l",
    tuple: "t",
    set: "s",
    frozenset: "z",
    collections.deque: "q",
    dict: "d",
    collections.OrderedDict: "O",
    collections.Counter: "C",
    collections.defaultdict: "D",
    type({}.keys()): "K",
    type({}.values()): "V",
    type({}.items()): "I",
}
"""Containers. Those in `PAIRED` hold pairs, the others items."""
_MUTABLE = frozenset({*"lsqdOCDB", *DEFAULTING})
_DEFAULTING = {kind: tag for tag, kind in DEFAULTING.items()}
_ITEMS: dict[str, Callable[[Any], Iterable[Any]]] = {
    "l": list.__iter__,
    "t": tuple.__iter__,
    "s": set.__iter__,
    "z": frozenset.__iter__,
    "q": collections.deque.__iter__,
    "K": type({}.keys()).__iter__,
    "V": type({}.values()).__iter__,
}
_DATES: dict[type, str] = {datetime.date: "date", datetime.datetime: "datetime", datetime.time: "time"}
_bases_of = type.__dict__["__mro__"].__get__
"""The real base types, whatever a metaclass says."""
_factory_of = collections.defaultdict.__dict__["default_factory"].__get__


class Encoder:
    """Turns one value into JSON. `special` gets what has no tag of its own (iterators, functions)."""

    def __init__(
        self,
        origins: Origins | None = None,
        special: Callable[[Any], Json] | None = None,
        *,
        number_new: bool = False,
    ) -> None:
        self._origins = origins
        self._special = special
        self._number_new = number_new
        self._sent: dict[int, int] = {}
        self._open: set[int] = set()
        self._nodes = 0
        self._bytes = 0

    def encode(self, value: Any) -> Json:
        """JSON of `value`; `WireError` when it cannot cross. Each value is bounded by itself."""
        self._nodes = self._bytes = 0
        with without_collection():
            return self._encode(value, 0)

    def _encode(self, value: Any, depth: int) -> Json:
        kind = type(value)
        self._nodes += 1
        if self._nodes > base.MAX_NODES:
            raise TooLarge(f"cannot compare a value of more than {base.MAX_NODES:,} parts")
        if kind is int and -_SMALL < value < _SMALL:
            return value
        if kind is str:
            self._weigh(len(value))
            return value
        if value is None or kind is bool:
            return value
        if kind is float:
            return ["f", value.hex()]
        return (
            self._container(value, _TAGS[kind], depth) if kind in _TAGS else self._other(value, kind, depth)
        )

    def _other(self, value: Any, kind: type, depth: int) -> Json:
        """Subclasses of plain types, flattened by the base's own methods; rarer types."""
        for parent in _bases_of(kind):
            if parent in _TAGS:
                return self._container(value, _TAGS[parent], depth)
            if parent in _FLATTENERS:
                return _FLATTENERS[parent](self, value)
        return self._rare(value, kind)

    def _integer(self, value: int) -> Json:
        plain = int.__add__(value, 0)
        if -_SMALL < plain < _SMALL:
            return plain
        self._weigh(plain.bit_length() // 4)
        return ["i", hex(plain)]

    def _text(self, value: str) -> Json:
        plain = str.__str__(value)
        self._weigh(len(plain))
        return plain

    def _float(self, value: float) -> Json:
        return ["f", float.hex(value)]

    def _complex(self, value: complex) -> Json:
        plain = complex.__pos__(value)
        return ["c", plain.real.hex(), plain.imag.hex()]

    def _bytes_of(self, value: bytes) -> Json:
        self._weigh(2 * bytes.__len__(value))
        return ["b", bytes.hex(value)]

    def _bytearray(self, value: bytearray) -> Json:
        self._weigh(2 * bytearray.__len__(value))
        text, number = bytearray.hex(value), self._number(value, "B")
        return ["B", text] if number is None else ["B", text, number]

    def _container(self, value: Any, tag: str, depth: int) -> Json:
        key = id(value)
        if key in self._sent and self._origins is not None:
            self._nodes += self._sent[key]  # what the other side's copy will cost
            return ["r", self._origins.number(value)]
        if key in self._open:
            raise TooLarge("cannot compare a value that contains itself")
        if depth >= base.MAX_DEPTH:
            raise TooLarge(f"cannot compare a value nested more than {base.MAX_DEPTH} deep")
        before = self._nodes
        self._open.add(key)
        if tag == "D":
            tag = _tag_of_defaulting(value)
        if tag in PAIRED:
            content = self._pairs(value if tag == "I" else dict.items(value), depth + 1)
        else:
            content = self._items(_ITEMS[tag](value), depth + 1)
        self._open.discard(key)
        number = self._number(value, tag)  # after the parts: the decoder meets them in the same order
        if number is None:
            return [tag, content]
        self._sent[key] = self._nodes - before
        return [tag, content, number]

    def _number(self, value: Any, tag: str) -> int | None:
        if self._origins is None or tag not in _MUTABLE:
            return None
        number = self._origins.number(value)
        return self._origins.add(value) if number is None and self._number_new else number

    def _items(self, items: Iterable[Any], depth: int) -> list[Json]:
        encode = self._encode
        return [encode(item, depth) for item in items]

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> list[Json]:
        return [[self._encode(k, depth), self._encode(v, depth)] for k, v in pairs]

    def _rare(self, value: Any, kind: type) -> Json:
        if kind is range:
            return ["R", *(self._integer(part) for part in (value.start, value.stop, value.step))]
        if kind is decimal.Decimal:
            return ["dec", self._text(str(value))]
        if kind is fractions.Fraction:
            return ["frac", self._integer(value.numerator), self._integer(value.denominator)]
        if kind in _DATES:
            return self._date(value, kind)
        if kind is array.array:
            return self._array(value)
        if kind is datetime.timedelta:
            return ["delta", value.days, value.seconds, value.microseconds]
        if value is Ellipsis or value is NotImplemented:
            return ["k", repr(value)]
        if kind is type and any(value is known for known in TYPES.values()):
            return ["T", value.__name__]
        if self._special is not None:
            return self._special(value)
        raise CannotCross(kind.__name__)

    def _array(self, value: array.array[Any]) -> Json:
        self._weigh(2 * len(value) * value.itemsize)
        return ["a", value.typecode, value.tobytes().hex()]

    def _date(self, value: Any, kind: type) -> Json:
        zone = getattr(value, "tzinfo", None)
        if zone is not None and not _is_plain_offset(zone):
            raise CannotCross(kind.__name__ + " with a time zone")
        return [_DATES[kind], value.isoformat(), *([value.fold] if kind is not datetime.date else [])]

    def _weigh(self, size: int) -> None:
        self._bytes += size
        if self._bytes > base.MAX_BYTES:
            raise TooLarge(f"cannot compare a value of more than {base.MAX_BYTES >> 20} MiB")


def _tag_of_defaulting(value: Any) -> str:
    """The tag that names the factory, where it is a builtin type."""
    factory = _factory_of(value)
    return _DEFAULTING.get(factory, "D") if type(factory) is type else "D"


def _is_plain_offset(zone: Any) -> bool:
    """Whether a time zone is a fixed offset without a name of its own: such a one comes back the same."""
    return type(zone) is datetime.timezone and repr(zone) == repr(datetime.timezone(zone.utcoffset(None)))


_FLATTENERS: dict[type, Callable[[Encoder, Any], Json]] = {
    int: Encoder._integer,
    str: Encoder._text,
    float: Encoder._float,
    complex: Encoder._complex,
    bytes: Encoder._bytes_of,
    bytearray: Encoder._bytearray,
}
