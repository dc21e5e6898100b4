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

import pytest

from assistant.core.outcome import CaseReport, Outcome
from tests.sandbox.conftest import Run
from tests.sandbox.differential_cases import SHAPES, Shape

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


def difference(plain: bool, case: CaseReport) -> str:
    """What is wrong with a verdict; empty where it is right or says that it is none."""
    if case.passed:
        return "" if plain else "a wrong program passes"
    if not plain:
        return ""
    unjudged = case.outcome is Outcome.NOT_RUNNABLE and case.message.startswith(NOT_JUDGED)
    counted["not judged"] += unjudged
    return "" if unjudged else "a right program fails"


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_verdicts_are_those_of_plain_python(run: Run, shape: Shape) -> None:
    found = []
    for number, program in enumerate(shape.programs):
        for test in shape.tests:
            plain = passes_in_plain_python(program, test)
            case = run(program, test, seconds=30.0).cases[0]
            counted["pairs"] += 1
            counted["right"] += plain
            counted["unsealed"] += not case.sealed
            if wrong := difference(plain, case):
                found.append(f"{wrong}: program {number}, {test!r}: {case.outcome.value} {case.message}")
    assert not found, "\n".join(found)


def test_few_pairs_are_not_judged() -> None:
    """Runs after the others; a selection of tests has nothing to count."""
    if counted["pairs"] < 1000:
        pytest.skip("only with all shapes")
    assert counted["not judged"] < ALLOWED_NOT_JUDGED * counted["pairs"], counted
