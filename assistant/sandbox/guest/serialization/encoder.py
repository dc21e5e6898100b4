"""From a value to JSON. No method of a subclass runs: plain types are read by their own methods."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import gc
import itertools
import math
import types
from collections.abc import Callable, Iterable
from typing import Any

from assistant.sandbox.guest.serialization import base
from assistant.sandbox.guest.serialization.base import (
    DEFAULTING,
    PAIRED,
    TYPES,
    CannotCross,
    Json,
    Origins,
    TooLarge,
    deep,
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
    slice: "x",
}
"""Containers. Those in `PAIRED` hold pairs, the others items."""
_WRAPPERS: dict[type, str] = {
    collections.UserDict: "U",
    collections.UserList: "L",
    collections.ChainMap: "H",
    types.MappingProxyType: "M",
}
"""Containers around plain ones. An instance of a subclass stays with the program."""
_MUTABLE = frozenset({*"lsqQdOCDBULH", *DEFAULTING})
_HASHED = frozenset("szdOCD")
"""Containers that find their members by hash and `==`."""
_SIMPLE = frozenset({int, float, str, bool, type(None)})
"""What JSON can write itself."""
_FEW = 16
"""A list that short is not worth a second look."""
_DEFAULTING = {kind: tag for tag, kind in DEFAULTING.items()}
_maxlen_of = collections.deque.__dict__["maxlen"].__get__
_ITEMS: dict[str, Callable[[Any], Iterable[Any]]] = {
    "l": list.__iter__,
    "t": tuple.__iter__,
    "s": set.__iter__,
    "z": frozenset.__iter__,
    "q": collections.deque.__iter__,
    "K": type({}.keys()).__iter__,
    "V": type({}.values()).__iter__,
    "x": lambda value: (value.start, value.stop, value.step),
    "Q": lambda value: itertools.chain((_maxlen_of(value),), collections.deque.__iter__(value)),
    "L": lambda value: list.__iter__(value.data),
    "H": lambda value: list.__iter__(value.maps),
}
_PAIRS: dict[str, Callable[[Any], Iterable[tuple[Any, Any]]]] = {
    "I": iter,
    "O": collections.OrderedDict.items,
    "U": lambda value: dict.items(value.data),
    "M": lambda value: dict(value).items(),
}
_DATES: dict[type, str] = {datetime.date: "date", datetime.datetime: "datetime", datetime.time: "time"}
_bases_of = type.__dict__["__mro__"].__get__
"""The real base types, whatever a metaclass says."""
_factory_of = collections.defaultdict.__dict__["default_factory"].__get__


def _wraps_plain(value: Any, kind: type) -> bool:
    """Whether a wrapper has the plain container in it that its copy would have."""
    if kind is types.MappingProxyType:
        inside: Any = gc.get_referents(value)[0]  # the only way to it that runs no method
    else:
        inside = getattr(value, "maps" if kind is collections.ChainMap else "data", None)
    return type(inside) is (dict if kind in (types.MappingProxyType, collections.UserDict) else list)


class ValueEncoder:
    """Turns one value into JSON. `special` gets what has no tag of its own (iterators, functions).

    `derived` gets an instance of a subclass of a plain type, that type, and a function that encodes the plain value,
    and says what is sent; without it the plain value is. A set or dictionary with an `own_key` is special as a whole.
    """

    def __init__(
        self,
        origins: Origins | None = None,
        special: Callable[[Any], Json] | None = None,
        *,
        number_new: bool = False,
        derived: Callable[[Any, type, Callable[[], Json]], Json] | None = None,
        own_key: Callable[[Any], bool] | None = None,
    ) -> None:
        self._origins = origins
        self._special = special
        self._derived = derived
        self._own_key = own_key
        self._number_new = number_new
        self._sent: dict[int, int] = {}
        self._open: set[int] = set()
        self._nodes = 0
        self._bytes = 0

    def encode(self, value: Any) -> Json:
        """JSON of `value`; `WireError` when it cannot cross. Each value is bounded by itself."""
        self._nodes = self._bytes = 0
        with without_collection(), deep():
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
            return value if value == value else _not_a_number(value)
        return (
            self._container(value, _TAGS[kind], depth) if kind in _TAGS else self._other(value, kind, depth)
        )

    def _other(self, value: Any, kind: type, depth: int) -> Json:
        """Subclasses of plain types, flattened by the base's own methods; rarer types."""
        for parent in _bases_of(kind):
            if parent in _TAGS or parent in _FLATTENERS or parent in _SCALARS:
                return self._of_subclass(value, kind, parent, depth)
        if kind in _WRAPPERS and _wraps_plain(value, kind):
            return self._container(value, _WRAPPERS[kind], depth)
        return self._rare(value)

    def _of_subclass(self, value: Any, kind: type, parent: type, depth: int) -> Json:
        if kind is parent or self._derived is None:
            return self._plain(value, parent, depth)
        return self._derived(value, parent, lambda: self._plain(value, parent, depth, numbered=False))

    def _plain(self, value: Any, parent: type, depth: int, *, numbered: bool = True) -> Json:
        """The value as one of `parent`."""
        if parent in _TAGS:
            return self._container(value, _TAGS[parent], depth, numbered=numbered)
        return _FLATTENERS[parent](self, value) if parent in _FLATTENERS else self._scalar(value, parent)

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
        return self._encode(float.__pos__(value), 0)

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

    def _container(self, value: Any, tag: str, depth: int, *, numbered: bool = True) -> Json:
        key = id(value)
        if key in self._sent and self._origins is not None:
            self._nodes += self._sent[key]  # what the other side's copy will cost
            return ["r", self._origins.number(value)]
        if key in self._open:
            raise TooLarge("cannot compare a value that contains itself")
        if depth >= base.MAX_DEPTH:
            raise TooLarge(f"cannot compare a value nested more than {base.MAX_DEPTH} deep")
        if self._special is not None and tag in _HASHED and self._has_own_key(value, tag):
            return self._special(value)
        before = self._nodes
        self._open.add(key)
        tag, lossy = self._exact_tag(value, tag)
        if tag in PAIRED:
            content = self._pairs(_PAIRS.get(tag, dict.items)(value), depth + 1)
        else:
            content = self._items(_ITEMS[tag](value), depth + 1)
        self._open.discard(key)
        if lossy and self._derived is not None:
            return self._derived(value, dict, lambda: ["d", content])
        number = self._number(value, tag) if numbered else None  # as the decoder meets them: after the parts
        if number is None:
            return [tag, content]
        self._sent[key] = self._nodes - before
        return [tag, content, number]

    def _has_own_key(self, value: Any, tag: str) -> bool:
        keys = list(_ITEMS.get(tag, dict.__iter__)(value)) if self._own_key is not None else []
        return not _SIMPLE.issuperset(map(type, keys)) and any(map(self._own_key, keys))  # type: ignore[arg-type]

    def _exact_tag(self, value: Any, tag: str) -> tuple[str, bool]:
        """The tag that names a `defaultdict`'s factory or a `deque`'s bound; whether something would be lost."""
        if tag == "q" and _maxlen_of(value) is not None:
            return "Q", False
        if tag != "D":
            return tag, False
        tag = _tag_of_defaulting(value)
        return tag, tag == "D" and _factory_of(value) is not None and self._derived is not None

    def _number(self, value: Any, tag: str) -> int | None:
        if self._origins is None or tag not in _MUTABLE:
            return None
        number = self._origins.number(value)
        return self._origins.add(value) if number is None and self._number_new else number

    def _items(self, items: Iterable[Any], depth: int) -> list[Json]:
        encode, listed = self._encode, list(items)
        if len(listed) > _FEW and self._is_simple(listed):
            self._nodes += len(listed)
            return listed
        return [encode(item, depth) for item in listed]

    def _is_simple(self, items: list[Any]) -> bool:
        """Whether JSON can write the items as they are: a million numbers should not take seconds."""
        kinds = set(map(type, items))
        if not kinds <= _SIMPLE:
            return False
        by_kind = {kind: _only(items, kind, kinds) for kind in kinds & {str, int, float}}
        self._weigh(sum(map(len, by_kind.get(str, ()))))
        whole = by_kind.get(int)
        fits = not whole or (min(whole) > -_SMALL and max(whole) < _SMALL)
        return fits and not any(map(math.isnan, by_kind.get(float, ())))

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> list[Json]:
        return [[self._encode(k, depth), self._encode(v, depth)] for k, v in pairs]

    def _scalar(self, value: Any, kind: type) -> Json:
        """A value of one of the rarer plain types (or of a subclass of one)."""
        if kind is range:
            return ["R", *(self._integer(part) for part in (value.start, value.stop, value.step))]
        if kind is decimal.Decimal:
            return ["dec", self._text(decimal.Decimal.__str__(value))]
        if kind is fractions.Fraction:
            return ["frac", self._integer(value.numerator), self._integer(value.denominator)]
        if kind is array.array:
            return self._array(value)
        if kind is datetime.timedelta:
            return ["delta", value.days, value.seconds, value.microseconds]
        return self._date(value, kind)

    def _rare(self, value: Any) -> Json:
        kind = type(value)
        if value is Ellipsis or value is NotImplemented:
            return ["k", repr(value)]
        if kind is collections.UserString and type(value.data) is str:
            return ["u", self._text(value.data)]
        if kind is type and any(value is known for known in TYPES.values()):
            return ["T", value.__name__]
        if self._special is not None:
            return self._special(value)
        raise CannotCross(kind.__name__)

    def _array(self, value: array.array[Any]) -> Json:
        self._weigh(2 * len(value) * value.itemsize)
        return ["a", value.typecode, value.tobytes().hex()]

    def _date(self, value: Any, kind: Any) -> Json:
        """A date or time; one whose zone would not come back the same is sent with its offset and as `derived`."""
        zone = None if kind is datetime.date else value.tzinfo
        tag, fold = _DATES[kind], [] if kind is datetime.date else [value.fold]
        if zone is None or _is_plain_offset(zone):
            return [tag, kind.isoformat(value), *fold]
        offset, name = value.utcoffset(), value.tzname()
        if self._derived is None or type(offset) is not datetime.timedelta or type(name) is not str:
            raise CannotCross(kind.__name__ + " with a time zone")
        plain = kind.replace(value, tzinfo=datetime.timezone(offset))
        return self._derived(value, kind, lambda: [tag, kind.isoformat(plain), *fold, self._text(name)])

    def _weigh(self, size: int) -> None:
        self._bytes += size
        if self._bytes > base.MAX_BYTES:
            raise TooLarge(f"cannot compare a value of more than {base.MAX_BYTES >> 20} MiB")


def _only(items: list[Any], kind: type, kinds: set[type]) -> list[Any]:
    return items if kinds == {kind} else [item for item in items if type(item) is kind]


def _not_a_number(value: float) -> Json:
    """`math.nan` itself is known again on the other side: containers compare by identity first."""
    return ["k", "nan"] if value is math.nan else ["f", "nan"]


def _tag_of_defaulting(value: Any) -> str:
    """The tag that names the factory, where it is a builtin type."""
    factory = _factory_of(value)
    return _DEFAULTING.get(factory, "D") if type(factory) is type else "D"


def _is_plain_offset(zone: Any) -> bool:
    """Whether a time zone is a fixed offset without a name of its own: such a one comes back the same."""
    return type(zone) is datetime.timezone and repr(zone) == repr(datetime.timezone(zone.utcoffset(None)))


_SCALARS = frozenset({range, decimal.Decimal, fractions.Fraction, array.array, datetime.timedelta, *_DATES})
_FLATTENERS: dict[type, Callable[[ValueEncoder, Any], Json]] = {
    int: ValueEncoder._integer,
    str: ValueEncoder._text,
    float: ValueEncoder._float,
    complex: ValueEncoder._complex,
    bytes: ValueEncoder._bytes_of,
    bytearray: ValueEncoder._bytearray,
}
