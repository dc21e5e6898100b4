"""What is asked: the program, one call of it, and what the call gives, recorded in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assistant.bench.load_problems import Say
from assistant.core.cores import cores
from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.core.safe_ast import read_literal
from assistant.core.test_calls import call_of
from assistant.problems.expected_values import LIMITS, LiteralRecorder
from assistant.problems.records import NotALiteral, literal


@dataclass(frozen=True)
class Asked:
    """One call of a problem's reference. `others` are the visible tests that do not make this call."""

    problem: Problem
    number: int
    call: str
    value: str
    """A Python literal."""
    others: tuple[str, ...]

    @property
    def row(self) -> str:
        """`mbpp/11 call 0`."""
        return f"{self.problem.id} call {self.number}"


def questions(problems: Iterable[Problem], recorder: LiteralRecorder, calls: int, say: Say) -> list[Asked]:
    """The first `calls` visible tests of each problem that call its function with literals and get one back."""
    problems = list(problems)
    with ThreadPoolExecutor(cores()) as threads:
        found = list(threads.map(lambda problem: list(_of(problem, recorder, calls)), problems))
    without = [problem.id for problem, asked in zip(problems, found, strict=True) if not asked]
    if without:
        some = ", ".join(without[:5]) + (", …" if len(without) > 5 else "")
        say(f"left out: {len(without)} problems without a call of literals that gives one ({some})")
    return [asked for some in found for asked in some]


def _of(problem: Problem, recorder: LiteralRecorder, calls: int) -> Iterator[Asked]:
    cases = [(test, case) for test in problem.visible_tests if (case := _as_call(test, problem.entry_point))][
        :calls
    ]
    if not problem.reference or not cases:
        return
    answers = recorder.literals(
        problem.reference, problem.entry_point, [case for _, case in cases], problem.test_setup, LIMITS
    )
    for number, ((test, case), (_, value)) in enumerate(zip(cases, answers, strict=True)):
        if value is None:
            continue
        call = case.model_copy(update={"expected": None}).text(problem.entry_point)
        others = tuple(
            other.text(problem.entry_point)
            for other in problem.visible_tests
            if other is not test and call not in other.text(problem.entry_point)
        )
        yield Asked(problem, number, call, value, others)


def _as_call(test: Test, entry_point: str) -> CallTest | None:
    """The call that a test makes; None where its arguments are no literals."""
    if isinstance(test, CallTest):
        return test
    call = call_of(test.code, entry_point) if isinstance(test, AssertTest) else None
    if call is None or call.keywords:
        return None
    try:
        return CallTest(arguments=literal([read_literal(argument) for argument in call.args]))
    except (ValueError, TypeError, NotALiteral, RecursionError):
        return None
