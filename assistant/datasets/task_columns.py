"""A problem's tests as columns of a row, enough to judge a program by: formats write them, the reward reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.core.errors import UsageError
from assistant.core.problem import Problem, Test
from assistant.datasets.features import Columns

TASK: Columns = {
    "entry_point": "string", "visible_tests": "strings", "hidden_tests": "strings", "test_setup": "string",
    "prelude": "string",
}  # fmt: skip
"""Each test is a line of JSON, e.g. `{"kind": "assert", "code": "assert add(1, 2) == 3"}` (`core/problem.py`)."""
_TEST: TypeAdapter[Test] = TypeAdapter(Test)


def task_columns(problem: Problem) -> dict[str, Any]:
    """What judges a program of this problem."""
    return {
        "entry_point": problem.entry_point,
        "visible_tests": [_line(test) for test in problem.visible_tests],
        "hidden_tests": [_line(test) for test in problem.hidden_tests],
        "test_setup": problem.test_setup,
        "prelude": problem.prelude,
    }


def problem_of(row: Mapping[str, Any]) -> Problem:
    """The problem as far as the columns hold it; columns that are missing or null count as empty.

    Raises `UsageError` where a test is none of ours.
    """
    texts = {name: row.get(name) or "" for name, kind in TASK.items() if kind == "string"}
    tests = {name: tuple(row.get(name) or ()) for name, kind in TASK.items() if kind == "strings"}
    return _problem(**texts, **tests)


@lru_cache(maxsize=64)  # a trainer asks for several completions of each row
def _problem(
    *,
    entry_point: str,
    test_setup: str,
    prelude: str,
    visible_tests: tuple[str, ...],
    hidden_tests: tuple[str, ...],
) -> Problem:
    return Problem(
        id="", text="", source="", entry_point=entry_point, test_setup=test_setup, prelude=prelude,
        visible_tests=tuple(map(_test, visible_tests)), hidden_tests=tuple(map(_test, hidden_tests)),
    )  # fmt: skip


def _line(test: Test) -> str:
    return json.dumps(test.model_dump(mode="json"), ensure_ascii=False)


def _test(line: str) -> Test:
    try:
        return _TEST.validate_json(line)
    except ValidationError:
        raise UsageError(
            f"a test is JSON like the columns of `rl` hold it, "
            f'e.g. {{"kind": "assert", "code": "assert f(1) == 2"}}, not {line[:80]!r}'
        ) from None
