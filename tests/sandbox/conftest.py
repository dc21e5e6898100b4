"""One sandbox for all tests of the room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assistant.core.errors import SandboxError
from assistant.core.outcome import Report
from assistant.core.problem import AssertTest, Test
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox, open_sandbox

Run = Callable[..., Report]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[LocalSandbox]:
    try:
        opened = open_sandbox()
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def run(sandbox: LocalSandbox) -> Run:
    """`run(source, *tests, **submission)`; tests given as text are asserts."""

    def call(source: str, *tests: str | Test, seconds: float = 20.0, **more: Any) -> Report:
        made = tuple(AssertTest(code=test) if isinstance(test, str) else test for test in tests)
        return sandbox.run(Submission(source=source, tests=made, limits=Limits(seconds=seconds), **more))

    return call
