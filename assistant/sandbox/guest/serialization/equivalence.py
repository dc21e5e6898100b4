"""Whether two encodings mean the same value: a set that was put together again may list its members anew."""

from __future__ import annotations

from assistant.sandbox.guest.serialization.base import Json

_SETS = ("s", "z")


def same_encoding(one: Json, other: Json) -> bool:
    """Equal as JSON text (1 is neither True nor 1.0), but for the order in which sets list their members."""
    return repr(one) == repr(other) or repr(_in_order(one)) == repr(_in_order(other))


def _in_order(data: Json) -> Json:
    if type(data) is not list:
        return data
    parts = [_in_order(part) for part in data]
    if len(parts) > 1 and data[0] in _SETS and type(parts[1]) is list:
        parts[1].sort(key=repr)
    return parts
