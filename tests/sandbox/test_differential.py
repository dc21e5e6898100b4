"""Right programs pass and wrong ones fail: every pair of program and test beside plain Python's verdict.

A pass in plain Python must be a pass here, or be said not to be judged. A failure there is never a pass here.
"""

from __future__ import annotations

import contextlib
import io
import sys
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import pytest

from assistant.core.outcome import CaseReport, Outcome
from tests.sandbox.conftest import Run
from tests.sandbox.differential_cases import SHAPES, Shape
from tests.thoroughness import THOROUGH

NOT_JUDGED = "not judged"
ALLOWED_NOT_JUDGED = 0.02
"""Share of the pairs that may be left without a verdict."""
counted: Counter[str] = Counter()


def passes_in_plain_python(program: str, test: str) -> bool:
    """Whether the test passes when program and test run in one module."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(program, "solution.py", "exec", dont_inherit=True), module.__dict__)
            exec(compile(test, "test", "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        return False
    finally:
        sys.modules.pop("solution", None)
    return True


def is_unjudged(case: CaseReport) -> bool:
    return case.outcome is Outcome.NOT_RUNNABLE and case.message.startswith(NOT_JUDGED)


def difference(plain: bool, case: CaseReport) -> str:
    """What is wrong with a verdict; empty where it is right or says that it is none."""
    if case.passed:
        return "" if plain else "a wrong program passes"
    return "a right program fails" if plain and not is_unjudged(case) else ""


def verdicts(run: Run, program: str, tests: Sequence[str], plain: Sequence[bool]) -> Iterator[CaseReport]:
    """Each test's verdict: of one run of all, as a session has it, or of a run of its own where that gives another.

    What one test changes in a program can be seen by the next, in plain Python too. The thorough profile runs
    every test alone.
    """
    together = () if THOROUGH else run(program, *tests, seconds=30.0).cases
    for test, passes, case in zip_longest(tests, plain, together):
        if case is None or case.passed is not passes or case.outcome is Outcome.NOT_RUNNABLE:
            case = run(program, test, seconds=30.0).cases[0]
        yield case


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_verdicts_are_those_of_plain_python(run: Run, shape: Shape) -> None:
    found = []
    for number, program in enumerate(shape.programs):
        plain = [passes_in_plain_python(program, test) for test in shape.tests]
        for test, passes, case in zip(
            shape.tests, plain, verdicts(run, program, shape.tests, plain), strict=True
        ):
            counted["pairs"] += 1
            counted["right"] += passes
            counted["unsealed"] += not case.sealed
            counted["not judged"] += passes and is_unjudged(case)
            if wrong := difference(passes, case):
                found.append(f"{wrong}: program {number}, {test!r}: {case.outcome.value} {case.message}")
    assert not found, "\n".join(found)


def test_few_pairs_are_not_judged() -> None:
    """Runs after the others; a selection of tests has nothing to count."""
    if counted["pairs"] < 1000:
        pytest.skip("only with all shapes")
    assert counted["not judged"] < ALLOWED_NOT_JUDGED * counted["pairs"], counted
