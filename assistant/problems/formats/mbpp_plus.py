"""MBPP+ (EvalPlus, Liu et al. 2023): MBPP tasks with corrected references and many more inputs.

Its base and plus inputs become hidden `CallTest`s without expected value, which only the reference solution can
give (`assistant.problems.expected_values`); they are compared by EvalPlus's rule (`assistant.problems.evalplus`). The
assertion in the prompt says how the visible tests compare; the other visible tests are worded the same way.
"""

from __future__ import annotations

import ast

from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.safe_ast import read_literal
from assistant.core.test_calls import example_arguments
from assistant.problems.comparison_rule import ComparisonRule
from assistant.problems.evalplus import FLOAT_ATOL, RTOL, comparison_of, is_floats, left_out, plus_calls
from assistant.problems.formats.mbpp import with_test_imports
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import parse, require_defined

NAME = "MBPP+"
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "assertion")
ORDER = 2
LICENCE = "Apache-2.0"

__all__ = ["FIELDS", "NAME", "convert", "left_out", "recognise"]


def recognise(record: Record) -> bool:
    """Whether the record has MBPP+'s fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem whose hidden tests still lack their expected values."""
    name = text_field(record, "entry_point")
    reference = text_field(record, "canonical_solution").strip()
    require_defined(name, reference)
    text, shown = _prompt(text_field(record, "prompt"))
    imports, asserts = _assertions(text_field(record, "assertion"))
    comparison = ComparisonRule.of(shown or asserts[0], name)
    examples = example_arguments(asserts, name)
    visible = tuple(visible_test(comparison.reworded(test), name) for test in asserts)
    codes = [test.code for test in visible if isinstance(test, AssertTest)]
    return Problem(
        id=text_field(record, "task_id"),
        text=text,
        entry_point=name,
        visible_tests=visible,
        hidden_tests=plus_calls(record, name, NAME, examples),
        test_setup=with_test_imports(imports, codes, reference),
        reference=reference,
        source="mbpp+",
        licence=LICENCE,
    )


def visible_test(code: str, entry_point: str) -> AssertTest | CallTest:
    """The assert; where it compares a call with a float by `==`, a call within EvalPlus's tolerance for floats."""
    node = parse(code, "assertion").body[0]
    match node.test if isinstance(node, ast.Assert) else None:
        case ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[value]):
            wanted = literal_value(value)
            is_call = isinstance(call.func, ast.Name) and call.func.id == entry_point and not call.keywords
            arguments = f"[{', '.join(ast.unparse(argument) for argument in call.args)}]"
            is_call = is_call and literal_value(ast.List(call.args, ast.Load())) is not None
            if is_call and is_floats(wanted) and comparison_of(entry_point, mbpp=True) == "evalplus":
                return CallTest(
                    arguments=arguments, expected=ast.unparse(value), compare="evalplus",
                    atol=FLOAT_ATOL, rtol=RTOL,
                )  # fmt: skip
    return AssertTest(code=code)


def literal_value(node: ast.expr) -> object:
    """The value of a literal; None where the expression is none."""
    try:
        return read_literal(ast.unparse(node))
    except (ValueError, SyntaxError, RecursionError):
        return None


def _prompt(prompt: str) -> tuple[str, str]:
    """The words of the task and the assertion that follows them."""
    inner = prompt.strip().strip('"').strip()
    words, _, shown = inner.partition("\nassert ")
    return words.strip(), f"assert {shown.strip()}" if shown else ""


def _assertions(source: str) -> tuple[str, list[str]]:
    """The imports and the single asserts of the field `assertion`."""
    nodes = parse(source, "assertion").body
    asserts = [ast.unparse(node) for node in nodes if isinstance(node, ast.Assert)]
    if not asserts:
        raise BadRecord("assertion holds no assert")
    return "\n".join(ast.unparse(node) for node in nodes if not isinstance(node, ast.Assert)), asserts
