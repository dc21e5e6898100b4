"""A stand-in for `pytest`: tests of published datasets import `approx` (and `raises`) from it."""

from __future__ import annotations

import contextlib
import math
import sys
import types
from collections.abc import Iterator
from typing import Any


class Approx:
    """Equal within a tolerance: numbers, and numbers inside lists, tuples and dicts."""

    __array_ufunc__ = None

    def __init__(
        self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False
    ) -> None:
        self.expected, self.nan_ok = expected, nan_ok
        self.rel = 1e-6 if rel is None and abs is None else rel or 0.0
        self.abs = 1e-12 if abs is None else abs

    def __eq__(self, actual: object) -> bool:
        return self._same(actual, self.expected)

    __hash__ = None  # type: ignore[assignment]

    def _same(self, actual: Any, expected: Any) -> bool:
        if isinstance(expected, dict) and isinstance(actual, dict):
            return actual.keys() == expected.keys() and all(
                self._same(actual[k], expected[k]) for k in expected
            )
        if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
            return len(actual) == len(expected) and all(map(self._same, actual, expected))
        try:
            return self._near(actual, expected)
        except TypeError:
            return bool(actual == expected)

    def _near(self, actual: Any, expected: Any) -> bool:
        if actual == expected:
            return True
        if isinstance(expected, bool | str | bytes):
            return False
        if isinstance(expected, complex) or isinstance(actual, complex):
            return bool(abs(actual - expected) <= max(self.abs, self.rel * abs(expected)))
        if math.isnan(expected):
            return self.nan_ok and math.isnan(actual)
        return math.isclose(
            actual, expected, rel_tol=0.0, abs_tol=max(self.abs, self.rel * math.fabs(expected))
        )

    def __repr__(self) -> str:
        return f"about {self.expected!r}"


@contextlib.contextmanager
def raises(kind: Any, match: str | None = None) -> Iterator[None]:
    """The block must raise `kind`."""
    import re

    try:
        yield
    except kind as error:
        if match is not None and not re.search(match, str(error)):
            raise AssertionError(f"{match!r} is not in {str(error)!r}") from None
        return
    raise AssertionError(f"did not raise {getattr(kind, '__name__', kind)}")


def install() -> None:
    """Make `import pytest` find the stand-in."""
    module = types.ModuleType("pytest", __doc__)
    module.__dict__.update(approx=Approx, raises=raises)
    sys.modules["pytest"] = module
