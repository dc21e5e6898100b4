"""In what a program's class differs from a plain type: read from the classes, without running any of their code."""

from __future__ import annotations

import datetime
import decimal
import fractions
from typing import Any

_bases_of = type.__dict__["__mro__"].__get__
_names_in = type.__dict__["__dict__"].__get__
_MOST = 80
COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_PLAIN_KEYS = frozenset(
    {
        int,
        float,
        bool,
        complex,
        str,
        bytes,
        type(None),
        range,
        tuple,
        frozenset,
        decimal.Decimal,
        fractions.Fraction,
    }
    | {datetime.date, datetime.datetime, datetime.time, datetime.timedelta, type(...), type}
)
ROUNDED = "~"
"""Before the name of a comparison that rounds the other number first."""
_UNSAID = frozenset({"__doc__", "__module__", "__slots__", "__dict__", "__weakref__", "__new__", "__init__"})
_DISPLAYED = ("__repr__", "__str__", "__format__")
ZONED = ("tzinfo", "astimezone", "replace", "dst", "timetz", "__add__", "__radd__", "__sub__", "__repr__")
"""What a date's copy with a fixed offset cannot answer as one in a named zone does."""
_DIVIDING = [
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "divmod",
    "rtruediv",
    "rfloordiv",
    "rmod",
    "rpow",
    "rdivmod",
]
_ADDING = ["add", "mul", "radd", "rmul"]


def differing(kind: type, parent: type) -> list[str]:
    """Names that mean something else in `kind` than in its base `parent`, special names that `parent` lacks too."""
    if _names_in(kind).get("__module__") == "numpy" or getattr(kind, "__module__", "") == "numpy":
        return differing_in_numpy(kind.__name__)
    usual = _bases_of(parent)
    names = {name for base in usual for name in _names_in(base)}
    for base in _bases_of(kind):
        if base in usual:  # others may come behind it: `Flag` gives an `IntFlag` its `__iter__`
            continue
        names |= {name for name in _names_in(base) if name[:2] == name[-2:] == "__"}
    found = sorted(n for n in names - _UNSAID if looked_up(kind, n) is not looked_up(parent, n))
    return found[:_MOST]


def differing_in_numpy(name: str) -> list[str]:
    """The same for numpy's numbers, which are equal as Python's are, and divide in their own way."""
    if name in ("float64", "int64"):
        return [*_DISPLAYED, *(f"__{operation}__" for operation in _DIVIDING)]
    exact = name.startswith(("int", "uint", "str", "bytes")) or name == "complex128"
    compared = [] if exact else [ROUNDED + name for name in COMPARING]
    return [*_DISPLAYED, *(f"__{operation}__" for operation in (*_DIVIDING, *_ADDING)), *compared]


def looked_up(kind: type, name: str) -> Any:
    """What the first class in the order of bases has under a name; None where none has it."""
    for base in _bases_of(kind):
        names = _names_in(base)
        if name in names:
            return names[name]
    return None


def is_own_key(value: Any) -> bool:
    """Whether a set's member or a dictionary's key is found in a way of its own: not as a plain value is."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return any(map(is_own_key, value))
    if kind in _PLAIN_KEYS:
        return False
    parent = next((base for base in _bases_of(kind) if base in _PLAIN_KEYS), None)
    return parent is None or any(
        looked_up(kind, n) is not looked_up(parent, n) for n in ("__eq__", "__hash__")
    )


def has_own_comparison(kind: type) -> bool:
    """Whether instances decide themselves what they are equal to, or less than."""
    return any(looked_up(kind, name) is not looked_up(object, name) for name in COMPARING)
