"""A stand-in for `pytest`: tests of published datasets import `approx`, `raises`, `warns` or `fail` from it."""

from __future__ import annotations

import contextlib
import math
import re
import sys
import types
import warnings
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


class Caught:
    """What `raises` gives: the exception, once the block has raised it."""

    value: BaseException

    @property
    def type(self) -> type[BaseException]:
        return type(self.value)

    @property
    def typename(self) -> str:
        return self.type.__name__

    def match(self, pattern: str) -> bool:
        """Raise `AssertionError` unless the exception's text matches."""
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f"{pattern!r} is not in {str(self.value)!r}")
        return True


met: list[str] = []
"""Names of the exceptions that `raises` waited for and got: such a block is as good as an assert."""


def raises(expected_exception: Any, *call: Any, match: str | None = None, **more: Any) -> Any:
    """The block (or the function that is given) must raise `expected_exception`."""
    if not call:
        return _raising(expected_exception, match)
    with _raising(expected_exception, match) as caught:
        call[0](*call[1:], **more)
    return caught


@contextlib.contextmanager
def _raising(kind: Any, match: str | None) -> Iterator[Caught]:
    caught = Caught()
    name = getattr(kind, "__name__", str(kind))
    try:
        yield caught
    except kind as error:
        caught.value = error
        if match is not None:
            caught.match(match)
        met.append(name)
        return
    raise AssertionError(f"did not raise {name}")


@contextlib.contextmanager
def warns(
    expected_warning: Any = Warning, *, match: str | None = None
) -> Iterator[list[warnings.WarningMessage]]:
    """The block must warn of `expected_warning`; gives the warnings as they come."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught
    expected = [one for one in caught if issubclass(one.category, expected_warning)]
    if not any(match is None or re.search(match, str(one.message)) for one in expected):
        raise AssertionError(f"did not warn of {getattr(expected_warning, '__name__', expected_warning)}")


def deprecated_call(*, match: str | None = None) -> Any:
    """The block must warn of something that is deprecated."""
    return warns((DeprecationWarning, PendingDeprecationWarning, FutureWarning), match=match)


def fail(reason: str = "", pytrace: bool = True) -> None:
    """End the test."""
    raise AssertionError(reason)


class Marks:
    """`pytest.mark`: whatever mark is set, the function stays as it is, for the test's own text to call."""

    def __getattr__(self, _name: str) -> Any:
        return _marking


def _marking(*given: Any, **_named: Any) -> Any:
    """A mark, used bare (`@mark.slow`) or with arguments (`@mark.parametrize("n", [1])`)."""
    bare = len(given) == 1 and not _named and callable(given[0])
    return given[0] if bare else lambda function: function


def fixture(function: Any = None, **_named: Any) -> Any:
    """`@fixture`, bare or with arguments; the function stays as it is."""
    return function if function is not None else lambda given: given


def param(*values: Any, **_named: Any) -> tuple[Any, ...]:
    """One row of a parametrization."""
    return values


def install() -> None:
    """Make `import pytest` find the stand-in."""
    module = types.ModuleType("pytest", __doc__)
    module.__dict__.update(
        approx=Approx,
        raises=raises,
        warns=warns,
        deprecated_call=deprecated_call,
        fail=fail,
        mark=Marks(),
        fixture=fixture,
        param=param,
    )
    sys.modules["pytest"] = module
