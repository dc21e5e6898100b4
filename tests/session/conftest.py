"""A session on real parts: the real sandbox, a real journal, the scripted engine that ships with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from assistant.core.events import LiveEvent, PromptSettings, Settings
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import open_sandbox
from assistant.session.header import Held
from assistant.session.session import Session

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
HALF = "```python\ndef add(a, b):\n    return abs(a) + abs(b)\n```"
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"

PAPER = PromptSettings(template="paper")
"""The plainest dialogue, so that what is sent is easily said."""


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for the whole run."""
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def problem() -> Problem:
    """Addition, with a hidden test that catches `abs`."""
    return Problem(
        id="test/add",
        text="Write a function add that adds two numbers.",
        entry_point="add",
        visible_tests=(AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4")),
        hidden_tests=(AssertTest(code="assert add(-1, -1) == -2"),),
        reference="def add(a, b):\n    return a + b\n",
        source="test",
    )


Begin = Callable[..., Session]


@pytest.fixture
def begin(sandbox: Sandbox, problem: Problem, tmp_path: Path) -> Iterator[Begin]:
    """Starts sessions on scripted answers."""
    opened: list[Session] = []

    def start(answers: Sequence[str], *, held: Held = Held(), **settings: object) -> Session:
        engine = ScriptedEngine(list(answers))
        session = Session.begin(
            problem,
            Settings.model_validate({"prompt": PAPER, **settings}),
            engine,
            sandbox,
            tmp_path,
            annotator="tester",
            held=held,
        )
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.close()


def types(events: Sequence[LiveEvent]) -> list[str]:
    """The recorded events' types, in order."""
    return [event.type for event in events if hasattr(event, "type")]
