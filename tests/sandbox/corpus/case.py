"""One program of the corpus and what must come of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

ESCAPED = "contained"
"""What an attack returns when it was stopped. (A program that got through returns something else.)"""


@dataclass(frozen=True)
class Case:
    """A program, its tests, and whether they must pass."""

    name: str
    source: str | bytes
    tests: tuple[str, ...]
    passes: bool
    outcomes: frozenset[str] = field(default_factory=frozenset)
    """Outcomes that are right for a run that does not pass; empty: any."""
    sealed: bool | None = True
    """What the report must say; None when it does not matter."""
    unsealed_pass: bool = False
    """Whether it may pass, then unsealed: the test uses an object of the program's, which may say anything."""
    needs_scratch: bool = False
    """Only where programs may write files."""
    seconds: float = 40.0
    """Limit of each case: long where it is never reached, so that a busy machine does not matter."""
    setup: str = ""
    template: bool = False
    """Whether the source has places for the traps of the run (see `traps.py`)."""


def dedented(source: str) -> str:
    return textwrap.dedent(source).strip("\n") + "\n"


def attack(
    name: str, body: str, *, top: str = "", needs_scratch: bool = False, seconds: float = 40.0
) -> Case:
    """A program that tries something forbidden; it must be told no, and say so itself.

    `{secret}`, `{canary}`, `{port}`, `{pid}` and `{name}` stand for the traps of the run (see `traps.py`).
    """
    lines = textwrap.indent(dedented(body), " " * 8)
    head = f"def f():\n    try:\n{lines}"
    tail = f"    except BaseException:\n        return {ESCAPED!r}\n    return 'harmed'\n"
    source = (dedented(top) if top else "") + head + tail
    tests = (f"assert f() == {ESCAPED!r}",)
    return Case(name, source, tests, passes=True, needs_scratch=needs_scratch, seconds=seconds, template=True)


def fails(name: str, source: str, *outcomes: str, test: str = "assert f(2) == 4", **more: object) -> Case:
    """A program that must not pass; one that may hang gets a second."""
    more.setdefault("seconds", 1.0 if "timed_out" in outcomes else 40.0)
    return Case(name, dedented(source), (test,), passes=False, outcomes=frozenset(outcomes), **more)  # type: ignore[arg-type]


def right(name: str, source: str, *tests: str, **more: object) -> Case:
    """Awkward but correct: must pass."""
    given = tests or ("assert f(2) == 4",)
    return Case(name, dedented(source), given, passes=True, **more)  # type: ignore[arg-type]
