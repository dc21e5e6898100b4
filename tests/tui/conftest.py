"""The app on real parts: the real round loop, journal and sandbox, with the scripted engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from assistant.core.events import Settings
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import open_sandbox
from assistant.settings.preferences import Preferences
from assistant.tui.app import AssistantApp
from assistant.tui.launch import Launch

WRONG = '''Here it is:

```python
def remove_underscores(text):
    """Replace every underscore."""
    return text.replace("_", " ")
```
'''
RAISES = (
    "```python\ndef remove_underscores(text):\n    # nothing to see\n    return text.rep1ace('_', '')\n```"
)
RIGHT = "```python\ndef remove_underscores(text):\n    return text.replace('_', '')\n```"

UNDERSCORES = Problem(
    id="starter/underscores",
    text="Write a function that removes every underscore from a string.",
    entry_point="remove_underscores",
    visible_tests=(
        AssertTest(code="assert remove_underscores('a_b') == 'ab'"),
        AssertTest(code="assert remove_underscores('snake_case_name') == 'snakecasename'"),
        AssertTest(code="assert remove_underscores('plain') == 'plain'"),
    ),
    hidden_tests=(AssertTest(code="assert remove_underscores('') == ''"),),
    source="starter",
    licence="Apache-2.0",
    tags=("strings",),
    difficulty="easy",
)
ADDITION = Problem(
    id="starter/addition",
    text="Write a function that adds two numbers.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"),),
    source="starter",
    licence="Apache-2.0",
    tags=("numbers",),
    difficulty="easy",
)
PRIMES = Problem(
    id="starter/primes",
    text="Write a function that lists all primes below n.",
    entry_point="primes",
    visible_tests=(AssertTest(code="assert primes(6) == [2, 3, 5]"),),
    source="starter",
    licence="Apache-2.0",
    tags=("numbers", "lists"),
    difficulty="hard",
)


@dataclass(frozen=True)
class Shelf:
    """Problems as the app gets them."""

    name: str = "starter"
    problems: tuple[Problem, ...] = (UNDERSCORES, ADDITION, PRIMES)
    skipped: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for the whole run."""
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests wait on the app's state: on a busy machine that may take long, and is no failure."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))


MakeApp = Callable[..., AssistantApp]


@pytest.fixture
def make_app(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> MakeApp:
    """Makes apps whose model gives `answers`. Keys are meant for a screen as soon as it is there."""
    monkeypatch.setattr("assistant.tui.unrequested_screens.PAUSE", 0.0)

    def make(answers: Sequence[str] = (WRONG, RIGHT), *, pace: float = 0.0, **changes: Any) -> AssistantApp:
        engine = changes.pop("engine", None) or ScriptedEngine(list(answers), seconds_per_chunk=pace)
        settings = Settings.model_validate({"arms": (), **changes.pop("settings", {})})
        launch = Launch(
            open_engine=lambda: engine,
            open_sandbox=lambda: sandbox,
            load_problems=lambda: Shelf(),
            sessions=tmp_path / "sessions",
            settings=settings,
            annotator="tester",
            preferences=Preferences(tour_seen=True, notify="none"),
        )
        return AssistantApp(replace(launch, **changes))

    return make
