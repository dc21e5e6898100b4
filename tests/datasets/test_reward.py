"""The reward: right programs earn it however they are put, wrong and forging ones never; rows hold all it needs."""

from __future__ import annotations

import functools
import os
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import assistant
from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, CallTest, Problem, StdinTest, ValueTest
from assistant.core.submission import Sandbox
from assistant.datasets import reward
from assistant.datasets.reward import judge_completion, sandbox_reward
from assistant.datasets.task_columns import problem_of, task_columns
from assistant.problems.load import load_source
from tests.sandbox.corpus import CASES, claims, forgeries
from tests.sandbox.corpus.case import Case

RIGHT = "def add(a, b):\n    return a + b\n"
TASK = Problem(
    id="made", text="Add.", entry_point="add", source="made",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"),),
    hidden_tests=(CallTest(arguments="[2, -5]", expected="-3"),),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _own_sandbox() -> Iterator[None]:
    yield
    reward._close(os.getpid())


def _columns(problems: Sequence[Problem]) -> dict[str, list[Any]]:
    rows = [task_columns(problem) for problem in problems]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _chat(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": text}]


COMPLETIONS: dict[str, tuple[Any, float]] = {
    "text": (RIGHT, 1.0),
    "a block in a chat": (_chat(f"Here it is:\n```python\n{RIGHT}```\nDone."), 1.0),
    "after thinking": (_chat(f"<think>\ndef add(a, b): return a - b\n</think>\n```python\n{RIGHT}```"), 1.0),
    "the last assistant's message": ([*_chat("no"), {"role": "user", "content": "?"}, *_chat(RIGHT)], 1.0),
    "parts": ([{"role": "assistant", "content": [{"type": "text", "text": RIGHT}]}], 1.0),
    "wrong": (_chat("def add(a, b):\n    return a - b\n"), 0.0),
    "made for the visible test": (_chat("def add(a, b):\n    return 3\n"), 0.0),
    "endless": (_chat("def add(a, b):\n    while True: pass\n"), 0.0),
    "no program": (_chat("I cannot do that."), 0.0),
    "another name": (_chat("def plus(a, b):\n    return a + b\n"), 0.0),
    "syntax error": (_chat("```python\ndef add(a, b:\n    return a + b\n```"), 0.0),
    "silence": (_chat(""), 0.0),
    "no message": ([], 0.0),
    "null": ([{"role": "assistant", "content": None}], 0.0),
}


def test_each_completion_of_a_batch_gets_its_own_reward() -> None:
    logged: dict[str, list[Any]] = {}
    earned = sandbox_reward(
        [completion for completion, _ in COMPLETIONS.values()],
        prompts=["?"] * len(COMPLETIONS), trainer_state=None, log_extra=logged.__setitem__, timeout=1.0,
        **_columns([TASK] * len(COMPLETIONS)),
    )  # fmt: skip
    due = {name: reward for name, (_, reward) in COMPLETIONS.items()}
    assert dict(zip(COMPLETIONS, earned, strict=True)) == due
    said = dict(zip(COMPLETIONS, logged["verdict"], strict=True))
    assert (said["text"], said["no program"], said["endless"]) == ("passed", "no program", "timed out")


def _is_attack(case: Case) -> bool:
    """A program that shall not pass, or passes unsealed; those that only run out of time are left to the sandbox."""
    unearned = not case.passes or case.unsealed_pass
    about = case in forgeries.CASES or case in claims.CASES or case.unsealed_pass
    return unearned and about and isinstance(case.source, str) and "timed_out" not in case.outcomes


ATTACKS = [case for case in CASES if _is_attack(case)]


@pytest.mark.slow
def test_no_forging_program_earns_a_reward() -> None:
    """The sandbox's own corpus of forgeries and claims, as a model would write them, between honest programs."""
    assert len(ATTACKS) >= 150
    honest = Case("honest", "def f(x):\n    return 2 * x\n", ("assert f(2) == 4",), passes=True)
    cases = [honest, *ATTACKS, honest]
    earned = sandbox_reward(
        [_chat(f"```python\n{case.source!s}```") for case in cases],
        visible_tests=[
            task_columns(
                TASK.model_copy(update={"visible_tests": tuple(AssertTest(code=c) for c in case.tests)})
            )["visible_tests"]
            for case in cases
        ],
        entry_point=["f"] * len(cases),
        test_setup=[case.setup for case in cases],
        timeout=2.0,
    )
    assert earned[0] == earned[-1] == 1.0
    assert [case.name for case, paid in zip(cases[1:-1], earned[1:-1], strict=True) if paid] == []


def test_trainers_may_send_it_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(sandbox_reward)) is sandbox_reward is assistant.sandbox_reward
    again = pickle.loads(pickle.dumps(functools.partial(sandbox_reward, timeout=2.0)))
    assert again(completions=[RIGHT], **_columns([TASK])) == [1.0]


KINDS = Problem(
    id="kinds", text="", entry_point="Solution.f", source="made", test_setup="import math", prelude="import os",
    visible_tests=(
        AssertTest(code="assert Solution().f('ä') == '\\n'", suites=("HumanEval",)),
        CallTest(arguments="[[1, 2], 3]", expected="[0.5]", atol=1e-6, also=("[0]",), compare="apps"),
    ),
    hidden_tests=(StdinTest(stdin="1\n", expected="2"), ValueTest(expected=float("inf")), CallTest(arguments="[1]")),
)  # fmt: skip


def test_columns_hold_every_kind_of_test_whole() -> None:
    problems = [KINDS, TASK, *load_source("starter").problems, *load_source("humaneval").problems]
    for problem in problems:
        again = problem_of(task_columns(problem))
        for name in ("entry_point", "test_setup", "prelude", "visible_tests", "hidden_tests"):
            assert getattr(again, name) == getattr(problem, name), (problem.id, name)


def test_reference_solutions_earn_it() -> None:
    problems = load_source("starter").problems[::12]
    assert sandbox_reward([p.reference for p in problems], **_columns(problems)) == [1.0] * len(problems)


def test_a_test_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match=r"a test is JSON like.*not 'assert add"):
        sandbox_reward([RIGHT], visible_tests=[["assert add(1, 2) == 3"]], entry_point=["add"])


def test_without_tests_nothing_is_earned() -> None:
    assert sandbox_reward([RIGHT], visible_tests=[[]], entry_point=["add"]) == [0.0]


def test_hidden_tests_wait_for_the_visible_ones() -> None:
    sandbox: Sandbox = reward._own_sandbox()
    passed = judge_completion(RIGHT, TASK, sandbox)
    failed = judge_completion("def add(a, b):\n    return a - b\n", TASK, sandbox)
    assert (passed.hidden is not None, failed.hidden) == (True, None)
    assert (passed.code, passed.reward, failed.reward) == (RIGHT, 1.0, 0.0)
