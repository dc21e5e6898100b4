"""Expected values for problems that publish only inputs: run the reference solution and write down what it gives."""

from __future__ import annotations

from typing import NamedTuple

from assistant.core.outcome import CaseReport
from assistant.core.problem import CallTest, Problem, Test
from assistant.core.submission import Limits
from assistant.sandbox.local import LocalSandbox

LIMITS = Limits(seconds=20.0)
"""Reference solutions are trusted to end; a busy machine must not lose their values."""


class Filled(NamedTuple):
    """A problem with its expected values, and the tests that had to be left out."""

    problem: Problem
    dropped: tuple[str, ...]
    """Why, one line a test: the reference failed on it, or its value cannot be written as a literal."""


def fill_expected(problem: Problem, sandbox: LocalSandbox) -> Problem:
    """`problem` with `expected` filled in every call test; what cannot be filled is dropped."""
    return filled(problem, sandbox).problem


def filled(problem: Problem, sandbox: LocalSandbox) -> Filled:
    """`fill_expected`, with the dropped tests."""
    dropped: list[str] = []
    visible = _fill(problem, problem.visible_tests, sandbox, dropped)
    hidden = _fill(problem, problem.hidden_tests, sandbox, dropped)
    update = {"visible_tests": visible, "hidden_tests": hidden}
    return Filled(problem.model_copy(update=update) if dropped or _open(problem) else problem, tuple(dropped))


def _open(problem: Problem) -> bool:
    return any(map(_is_open, (*problem.visible_tests, *problem.hidden_tests)))


def _is_open(test: Test) -> bool:
    return isinstance(test, CallTest) and test.expected is None


def _fill(
    problem: Problem, tests: tuple[Test, ...], sandbox: LocalSandbox, dropped: list[str]
) -> tuple[Test, ...]:
    wanting = [test for test in tests if isinstance(test, CallTest) and test.expected is None]
    if not wanting:
        return tests
    answers = iter(
        sandbox.literals(problem.reference, problem.entry_point, wanting, problem.test_setup, LIMITS)
    )
    kept: list[Test] = []
    for test in tests:
        if not isinstance(test, CallTest) or test.expected is not None:
            kept.append(test)
            continue
        report, literal = next(answers)
        if literal is None:
            dropped.append(_reason(report))
        else:
            kept.append(test.model_copy(update={"expected": literal}))
    return tuple(kept)


def _reason(report: CaseReport) -> str:
    why = report.message or ("its value has no literal form" if report.passed else report.outcome.word)
    return f"{report.test[:120]}: {why}"
