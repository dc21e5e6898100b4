"""HumanEval+ (EvalPlus, Liu et al. 2023): HumanEval with more inputs.

Shown are the docstring's examples as in HumanEval; base and plus inputs are hidden `CallTest`s without
expected value (`assistant.problems.expected` fills them from the reference).
"""

from __future__ import annotations

from assistant.domain.parsing import read_program
from assistant.domain.problem import AssertTest, CallTest, Problem, Test
from assistant.problems.humaneval import SHOWN, called_helpers, docstring_of, shown_tests
from assistant.problems.inputs import example_arguments
from assistant.problems.mbpp_plus import plus_tests
from assistant.problems.records import Record, text_field
from assistant.problems.syntax import parse, require_defined

NAME = "HumanEval+"
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input")
LICENCE = "Apache-2.0"

ROOT_TASKS = frozenset({"find_zero"})
"""HumanEval/32 wants any root of a polynomial: a result is right when `poly` is near 0 there."""


def recognise(record: Record) -> bool:
    """Whether the record has HumanEval+'s fields (MBPP+ has `assertion` beside them)."""
    return all(field in record for field in FIELDS) and "assertion" not in record


def convert(record: Record, where: str) -> Problem:
    """The record as a problem whose calls still lack their expected values."""
    prompt, name = text_field(record, "prompt"), text_field(record, "entry_point")
    reference = prompt + text_field(record, "canonical_solution")
    require_defined(name, reference)
    tree = parse(prompt + "\n    pass\n", "prompt")
    docstring = docstring_of(tree, name)
    shown = shown_tests(text_field(record, "task_id"), docstring, name)
    calls = plus_tests(record, example_arguments(shown, name), "base_input", "plus_input")
    tests = _root_tests(calls, name) if name in ROOT_TASKS else calls
    visible: tuple[Test, ...] = tuple(AssertTest(code=test) for test in shown)
    return Problem(
        id=text_field(record, "task_id"),
        text=docstring,
        entry_point=name,
        visible_tests=visible or tests[:SHOWN],
        hidden_tests=tests if visible else tests[SHOWN:],
        test_setup=called_helpers(tree, name, read_program("poly" if name in ROOT_TASKS else "")),
        stub=prompt,
        reference=reference,
        source="humaneval+",
        licence=LICENCE,
    )


def _root_tests(calls: tuple[CallTest, ...], name: str) -> tuple[Test, ...]:
    tests: list[Test] = []
    for call in calls:
        inner = call.arguments[1:-1]
        tests.append(AssertTest(code=f"assert abs(poly({inner}, {name}({inner}))) <= {call.atol or 1e-4!r}"))
    return tuple(tests)
