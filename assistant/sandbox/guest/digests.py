"""A digest of a plain value that is too long to be kept: values that are `==` have the same one.

This file is also added, as text, to a reference program whose long values are recorded: it imports nothing of ours.
"""

import hashlib


def digest_of(value: object) -> str:
    """Hex SHA-256 of the value, or an empty string where it has parts without a digest (NaN, an object)."""
    try:
        return hashlib.sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
    except (TypeError, ValueError, RecursionError):
        return ""


def _canonical(value: object) -> str:
    """A text that is the same for equal values: 1, 1.0 and True; dicts and sets in any order."""
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float, complex)):
        return _number(value)
    if isinstance(value, (str, bytes)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ",".join(map(_canonical, value)) + ")"
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(sorted(map(_canonical, value))) + "}"
    if isinstance(value, dict):
        pairs = (_canonical(key) + ":" + _canonical(item) for key, item in value.items())
        return "dict{" + ",".join(sorted(pairs)) + "}"
    raise TypeError(type(value).__name__)


def _number(value: int | float | complex) -> str:
    if value != value:
        raise ValueError("NaN equals nothing")
    if isinstance(value, complex):
        return _number(value.real) if not value.imag else f"{_number(value.real)}+{_number(value.imag)}j"
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    return repr(value) if value in (float("inf"), -float("inf")) else hex(int(value))
