"""A bench on real parts: the real sandbox, the scripted engine, the real command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.cli import main as cli
from assistant.core.problem import AssertTest, Problem
from assistant.sandbox.local import LocalSandbox, open_sandbox

RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
FALSE = "```python\ndef add(a, b):\n    return abs(a) + abs(b)\n```"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
BROKEN = "```python\ndef add(a, b:\n    return\n```"
TALK = "I would rather not."


@pytest.fixture(scope="session")
def sandbox() -> Iterator[LocalSandbox]:
    """One sandbox for the whole run."""
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def problem() -> Problem:
    """Addition, with a hidden test that catches `abs`."""
    return addition("test/add")


def addition(name: str) -> Problem:
    """Addition under another id."""
    return Problem(
        id=name,
        text="Write a function add that adds two numbers.",
        entry_point="add",
        visible_tests=(AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4")),
        hidden_tests=(AssertTest(code="assert add(-1, -1) == -2"),),
        reference="def add(a, b):\n    return a + b\n",
        source="test",
    )


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `assistant` with these words; status, stdout and stderr."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(word) for word in words])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return call
