"""Expected values for problems that publish only inputs: what the reference gives, compared as the task does.

The reference runs in a sandbox that can record (`assistant.sandbox.service`); this room knows it by its shape.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from assistant.domain.outcome import CaseReport
from assistant.domain.parsing import read_literal
from assistant.domain.problem import AssertTest, CallTest, Problem, Test
from assistant.domain.submission import Limits
from assistant.problems.collection import Collection
from assistant.problems.comparison import Comparison

LIMITS = Limits(seconds=60.0)
"""Reference solutions are trusted to end; a busy machine must not lose their values (MBPP 123 counts for seconds)."""

_RECORDED = "recorded_by_the_check"
_PLAIN = """
def plain_for_the_check(value):
    if isinstance(value, dict):
        return {key: plain_for_the_check(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(plain_for_the_check(item) for item in value)
    return value
"""
"""A `Counter` equals the dict of its items and a named tuple the tuple, and only these have literals."""


class Recorder(Protocol):
    """A sandbox that says what a program gives for each call, as a Python literal where there is one."""

    def literals(
        self, source: str, entry_point: str, tests: Sequence[CallTest], setup: str, limits: Limits
    ) -> list[tuple[CaseReport, str | None]]: ...


class Filled(NamedTuple):
    """A problem whose calls all have expected values, and one line for each call that had to be left out."""

    problem: Problem
    dropped: tuple[str, ...] = ()


def is_open(problem: Problem) -> bool:
    """Whether some call lacks its expected value."""
    return any(_lacks_value(test) for test in (*problem.visible_tests, *problem.hidden_tests))


def with_expected(problem: Problem, sandbox: Recorder) -> Filled:
    """The problem with every open call made a test, by the comparison that its first visible assert makes.

    Calls on which the reference fails, or whose value has no literal, are dropped and named.
    """
    wanting = [t for t in (*problem.visible_tests, *problem.hidden_tests) if _lacks_value(t)]
    calls = [test for test in wanting if isinstance(test, CallTest)]
    if not calls:
        return Filled(problem)
    comparison = _comparison(problem)
    source = problem.reference + _recording_part(comparison)
    answers = sandbox.literals(source, _RECORDED, calls, problem.test_setup, LIMITS)
    made: dict[CallTest, Test] = {}
    dropped: list[str] = []
    for call, (report, literal) in zip(calls, answers, strict=True):
        if literal is None:
            dropped.append(f"{problem.id}: {call.text(problem.entry_point)[:120]}: {_why(report)}")
        else:
            made[call] = comparison.test(call, read_literal(literal))
    update = {
        "visible_tests": _replaced(problem.visible_tests, made),
        "hidden_tests": _replaced(problem.hidden_tests, made),
    }
    return Filled(problem.model_copy(update=update), tuple(dropped))


def fill_collection(
    collection: Collection, sandbox: Recorder, progress: Callable[[int, int], None] = lambda done, total: None
) -> Collection:
    """Every problem with its expected values, on all cores; dropped calls are named in `skipped`."""
    filled: list[Filled] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        for result in threads.map(lambda problem: with_expected(problem, sandbox), collection):
            filled.append(result)
            progress(len(filled), len(collection))
    dropped = [line for result in filled for line in result.dropped]
    return Collection(
        name=collection.name,
        problems=tuple(result.problem for result in filled),
        skipped=(*collection.skipped, *dropped),
    )


def _lacks_value(test: Test) -> bool:
    return isinstance(test, CallTest) and test.expected is None


def _comparison(problem: Problem) -> Comparison:
    asserts = [test.code for test in problem.visible_tests if isinstance(test, AssertTest)]
    return Comparison.of(asserts[0] if asserts else "", problem.entry_point)


def _recording_part(comparison: Comparison) -> str:
    """Code that calls the reference and makes its result plain; or bool, as a match object has only a truth."""
    plain = "bool" if comparison.kind == "truth" else "plain_for_the_check"
    return f"""
{_PLAIN}

def {_RECORDED}(*arguments):
    return {plain}({comparison.entry_point}(*arguments))
"""


def _why(report: CaseReport) -> str:
    return report.message or (
        "its value has no literal or one too long to keep" if report.passed else report.outcome.word
    )


def _replaced(tests: tuple[Test, ...], made: dict[CallTest, Test]) -> tuple[Test, ...]:
    replaced = (
        made.get(test) if isinstance(test, CallTest) and _lacks_value(test) else test for test in tests
    )
    return tuple(test for test in replaced if test is not None)
