"""`isinstance`, `hasattr` and `callable` as tests have them: they know what stands for the program's objects."""

from __future__ import annotations

import types
from typing import Any

from assistant.sandbox.guest.proxies import PLAIN, Opaque, is_held
from assistant.sandbox.guest.refusals import MustRunUnsealed, RemoteKind

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


BUILTINS = {"isinstance": ask_isinstance, "hasattr": ask_hasattr, "callable": ask_callable}
