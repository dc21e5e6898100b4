"""Whether two encodings mean the same value: a set that was put together again may list its members anew."""

from __future__ import annotations

from assistant.sandbox.inside.wire.base import Json

_SETS = ("s", "z")


def same_encoding(one: Json, other: Json) -> bool:
    """Equal, but for the order in which sets list their members."""
    return bool(one == other) or _in_order(one) == _in_order(other)


def _in_order(data: Json) -> Json:
    if type(data) is not list:
        return data
    parts = [_in_order(part) for part in data]
    if len(parts) > 1 and data[0] in _SETS and type(parts[1]) is list:
        parts[1].sort(key=repr)
    return parts
