"""Typed JSON for plain values: what crosses comes back equal and of the same type; the rest is refused by name.

`None`, booleans, small integers, finite floats and strings are JSON themselves; everything else is an array
whose first item is a tag. Subclasses of plain types are read through the base type's own methods, so
that no method of theirs runs. Values are bounded in depth, nodes and bytes. Never pickle.

Mutable containers of a call's arguments are numbered in the order they are met (`Origins`). The other side
tags them with their number when they come back, so that a mutation lands in the caller's own objects and
aliases stay aliases.

Imported by: `sandbox.guest`. Imports: the standard library.
Threads: none; both processes of a run use it.
Start reading at `base.py`, then `encoder.py` and `decoder.py`.
"""

from __future__ import annotations

from assistant.sandbox.guest.serialization.base import (
    TYPES,
    CannotCross,
    Origins,
    TooLarge,
    WireError,
    deep,
    same_encoding,
)
from assistant.sandbox.guest.serialization.decoder import ValueDecoder
from assistant.sandbox.guest.serialization.encoder import ValueEncoder

__all__ = [
    "TYPES",
    "CannotCross",
    "Origins",
    "TooLarge",
    "ValueDecoder",
    "ValueEncoder",
    "WireError",
    "deep",
    "same_encoding",
]
