"""How the result of a call is compared with the expected value, and how a result is written as one."""

from __future__ import annotations

import ast
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
PER_SEQUENCE = (list, tuple)


def read_literal(text: str) -> Any:
    """The value of a Python literal. (A judge has one thread: Python's parser may be used directly.)"""
    return ast.literal_eval(text)


def compared(value: Any, expected: Any, test: Json) -> tuple[bool, bool]:
    """Whether the test is passed, and whether the data set's own checker accepts the value."""
    ok = _own(value, expected, test) or any(value == read_literal(other) for other in test.get("also", ()))
    if test.get("compare") == "apps":
        return _as_lists(value, expected), apps_accepts(value, expected)
    if test.get("compare") == "livecodebench":
        return bool(_listed(value) == _listed(expected)), livecodebench_accepts(value, expected)
    return bool(ok), bool(ok)


def _own(value: Any, expected: Any, test: Json) -> bool:
    atol, rtol = test["atol"], test.get("rtol", 0.0)
    kind = test.get("compare", "equal")
    if kind == "any":
        return True
    if kind == "exists":
        return bool(expected == (value if isinstance(value, bool) else value is not None))
    if kind in ("set", "evalplus"):
        try:
            same = set(value) == set(expected) if kind == "set" else bool(value == expected)
        except TypeError:  # no collection of hashable items
            return False
        return same or (atol > 0 and _evalplus_close(value, expected, atol, rtol))
    return alike(value, expected, atol, rtol)


def alike(value: Any, expected: Any, atol: float, rtol: float = 0.0) -> bool:
    """`value == expected`; with a tolerance, each float inside equal containers may differ by its own share.

    Whole numbers and truth values are compared with `==`, whatever else is in the value.
    """
    if not (atol or rtol):
        return bool(value == expected)
    if isinstance(expected, float):
        return is_number(value) and close(value, expected, atol, rtol)
    if isinstance(expected, PER_SEQUENCE) and type(value) is type(expected):
        return len(value) == len(expected) and all(
            alike(a, b, atol, rtol) for a, b in zip(value, expected, strict=True)
        )
    if isinstance(expected, dict) and isinstance(value, dict):
        return value.keys() == expected.keys() and all(
            alike(value[k], expected[k], atol, rtol) for k in expected
        )
    return bool(value == expected)


def is_number(value: Any) -> bool:
    """A whole number, float or complex number, but no truth value."""
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def close(value: Any, expected: Any, atol: float, rtol: float) -> bool:
    """|a - b| <= atol + rtol * |b|, and equal infinities."""
    if value == expected:
        return True
    try:
        if abs(value) == float("inf") or abs(expected) == float("inf"):
            return False
        return bool(abs(value - expected) <= atol + rtol * abs(expected))
    except OverflowError:  # a whole number that no float holds
        return False


def _evalplus_close(value: Any, expected: Any, atol: float, rtol: float) -> bool:
    """EvalPlus's second look: numbers, or sequences of the same type and length with nothing but numbers."""
    if type(value) is not type(expected):
        return False
    if isinstance(expected, PER_SEQUENCE):
        return _numbers_close(value, expected, atol, rtol)
    return isinstance(expected, float | complex) and close(value, expected, atol, rtol)


def _numbers_close(value: Any, expected: Any, atol: float, rtol: float) -> bool:
    if isinstance(expected, PER_SEQUENCE):
        return (
            isinstance(value, PER_SEQUENCE)
            and len(value) == len(expected)
            and all(_numbers_close(a, b, atol, rtol) for a, b in zip(value, expected, strict=True))
        )
    if isinstance(expected, float | complex):
        return isinstance(value, int | float | complex) and close(value, expected, atol, rtol)
    return isinstance(expected, int) and bool(value == expected)


def _as_lists(value: Any, expected: Any) -> bool:
    """APPS's promise: tuples count as lists, and a list of one in the file may come unwrapped."""
    given, wanted = _listed(value), _listed(expected)
    unwrapped = isinstance(wanted, list) and len(wanted) == 1 and given == wanted[0]
    return bool(given == wanted or unwrapped)


def _listed(value: Any) -> Any:
    """Tuples as lists, at every depth."""
    if type(value) in PER_SEQUENCE:
        return [_listed(item) for item in value]
    return {k: _listed(v) for k, v in value.items()} if type(value) is dict else value


def livecodebench_accepts(value: Any, expected: Any) -> bool:
    """LiveCodeBench's own checker of calls: `==`, after an outer tuple is made a list."""
    return bool((list(value) if isinstance(value, tuple) else value) == expected)


def apps_accepts(value: Any, expected: Any) -> bool:
    """APPS's own checker of calls: the outer tuple is made a list; the first wanted item will do; and rows."""
    given = list(value) if type(value) is tuple else value
    if given == expected:
        return True
    if not isinstance(expected, list) or not expected:
        return False
    rows = isinstance(given, list) and given and type(given[0]) is tuple
    return bool(given == expected[0] or (rows and _rows(given) == expected[0]))


def _rows(given: list[Any]) -> Any:
    try:
        return [list(row) for row in given]
    except TypeError:
        return None


def number_is(value: Any, expected: float, rtol: float, atol: float) -> bool:
    """Whether a program's value is this number; fractions and decimals are numbers, too."""
    if not isinstance(value, int | float | Fraction | Decimal):
        return False
    try:
        return math.isclose(float(value), expected, rel_tol=rtol, abs_tol=atol)
    except (OverflowError, ValueError):  # a whole number that no float holds, a signalling NaN
        return False


LONGEST_LITERAL = 200_000
"""Characters of one expected value; longer ones are not worth keeping."""


def literal_of(value: Any) -> str | None:
    """The literal that `read_literal` reads back equal; None where there is none (a NaN, a date, an object)."""
    try:
        text = _write(value, 0)
        same = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if same == value and type(same) is type(value) and len(text) <= LONGEST_LITERAL else None


def _write(value: Any, depth: int) -> str:
    kind = type(value)
    if depth > 50:
        raise ValueError("too deep")
    if kind in (list, tuple, set):
        return _sequence(kind, [_write(item, depth + 1) for item in value])
    if kind is dict:
        pairs = (f"{_write(k, depth + 1)}: {_write(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if kind is float:
        return _float(value)
    if kind is int and value.bit_length() > 12_000:
        return hex(value)  # decimal literals end at 4300 digits
    if value is None or kind in (bool, int, str, bytes, complex):
        return repr(value)
    raise ValueError(kind.__name__)


def _sequence(kind: type, parts: list[str]) -> str:
    inner = ", ".join(parts)
    if kind is list:
        return f"[{inner}]"
    if kind is tuple:
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    return f"{{{inner}}}" if parts else "set()"


def _float(value: float) -> str:
    if math.isnan(value):
        raise ValueError("nan")
    return repr(value) if math.isfinite(value) else "1e999" if value > 0 else "-1e999"
