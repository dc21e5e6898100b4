"""HumanEval+ (EvalPlus, Liu et al. 2023): HumanEval with more inputs.

Shown are the docstring's examples as in HumanEval; base and plus inputs are hidden `CallTest`s without
expected value (`assistant.problems.expected_values` fills them from the reference). Inputs are what JSON
gives: EvalPlus gives types back to MBPP's only. The full file holds HumanEval's own test as well.
"""

from __future__ import annotations

import ast

from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.problems import evalplus
from assistant.problems.check_function import single_tests
from assistant.problems.evalplus import plus_calls
from assistant.problems.formats import humaneval
from assistant.problems.formats.humaneval import SHOWN, called_helpers, docstring_of, prelude_of, shown_tests
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import parse, require_defined

NAME = "HumanEval+"
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input")
ORDER = 3
LICENCE = "Apache-2.0"

ROOT_TASKS = frozenset({"find_zero"})
"""HumanEval/32 wants any root of a polynomial: a result is right when `poly` is near 0 there."""


def recognise(record: Record) -> bool:
    """Whether the record has HumanEval+'s fields (MBPP+ has `assertion` in addition)."""
    return all(field in record for field in FIELDS) and "assertion" not in record


def convert(record: Record, where: str) -> Problem:
    """The record as a problem whose calls still lack their expected values."""
    prompt, name = text_field(record, "prompt"), text_field(record, "entry_point")
    reference = prompt + text_field(record, "canonical_solution")
    require_defined(name, reference)
    tree = parse(prompt + "\n    pass\n", "prompt")
    docstring = docstring_of(tree, name)
    own, others, helpers = _own_tests(record, tree, name)
    shown = shown_tests(text_field(record, "task_id"), docstring, name)
    calls = plus_calls(record, name, NAME, None)
    tests: tuple[Test, ...] = (*own, *(_root_tests(calls, name) if name in ROOT_TASKS else calls))
    counted = {test.code: test for test in own}
    visible = tuple(counted.get(test) or AssertTest(code=test) for test in shown) or tests[:SHOWN]
    return Problem(
        id=text_field(record, "task_id"),
        text=docstring,
        entry_point=name,
        visible_tests=visible,
        hidden_tests=tuple(test for test in tests if test not in visible),
        test_setup="\n\n".join(part for part in (helpers, others) if part),
        prelude=prelude_of(tree, name),
        stub=prompt,
        reference=reference,
        source="humaneval+",
        licence=LICENCE,
    )


def left_out(record: Record) -> list[str]:
    """Inputs that are not used, and HumanEval's own test where it cannot be read."""
    lines = evalplus.left_out(record)
    if (
        record.get("test")
        and not _own_tests(record, ast.Module([], []), text_field(record, "entry_point"))[0]
    ):
        lines.append(f"{record.get('task_id')}: its field `test` is not used: it defines no check(candidate)")
    return lines


def _own_tests(record: Record, tree: ast.Module, name: str) -> tuple[tuple[AssertTest, ...], str, str]:
    """HumanEval's own tests (the Mini file has none), the other code, and the helpers that the tests call."""
    poly = ast.Module([ast.Expr(ast.Name("poly", ast.Load()))] if name in ROOT_TASKS else [], [])
    try:
        test_tree = parse(text_field(record, "test", default=""), "test")
        tests, others = single_tests(test_tree, name)
    except BadRecord:
        return (), "", called_helpers(tree, name, poly)
    helpers = called_helpers(tree, name, ast.Module([*test_tree.body, *poly.body], []))
    return tuple(AssertTest(code=test, suites=(humaneval.NAME,)) for test in tests), others, helpers


def _root_tests(calls: tuple[CallTest, ...], name: str) -> tuple[Test, ...]:
    tests: list[Test] = []
    for call in calls:
        inner = call.arguments[1:-1]
        code = f"assert abs(poly({inner}, {name}({inner}))) <= {call.atol or 1e-4!r}"
        tests.append(AssertTest(code=code, suites=call.suites))
    return tuple(tests)
