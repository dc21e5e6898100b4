"""MBPP+ as it is on the hub (`evalplus/mbppplus`): MBPP's fields, and EvalPlus's inputs in a script, `test`.

The script's `inputs` and `results` become hidden calls that are compared by EvalPlus's rule; three tasks (88, 255,
630) have no results there, which the reference gives instead. The first inputs are those of `test_list`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from decimal import Decimal

from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.safe_ast import read_literal
from assistant.problems.comparison_rule import ComparisonRule
from assistant.problems.evalplus import comparison_of, other_readings, with_tolerances
from assistant.problems.formats import mbpp_plus
from assistant.problems.formats.mbpp import mbpp_problem
from assistant.problems.formats.mbpp_plus import visible_test
from assistant.problems.records import BadRecord, Record, literal, text_field, text_list_field
from assistant.problems.syntax import parse

NAME = "MBPP+ of the hub"
FIELDS = ("task_id", "prompt", "code", "test_list", "test")
ORDER = 6
SUITE = mbpp_plus.NAME

_LONG_NUMBER = re.compile(r"(?<![\w.])\d{4300,}(?![\w.])")


def recognise(record: Record) -> bool:
    """Whether the record has MBPP's fields and a script of EvalPlus's."""
    return all(field in record for field in FIELDS) and "text" not in record


def convert(record: Record, where: str) -> Problem:
    """The record as a problem; its id is that of MBPP+ (`Mbpp/2`)."""
    problem = mbpp_problem(
        record,
        text=text_field(record, "prompt"),
        hidden=[],
        setup="\n".join(text_list_field(record, "test_imports")),
        source="mbpp+",
        suite="MBPP",
    )
    comparison = ComparisonRule.of(_first_code(problem), problem.entry_point)
    visible = [
        comparison.reworded(test.code) for test in problem.visible_tests if isinstance(test, AssertTest)
    ]
    return problem.model_copy(
        update={
            "id": f"Mbpp/{problem.id.rpartition('/')[2]}",
            "visible_tests": tuple(_counted(code, problem.entry_point) for code in visible),
            "hidden_tests": _calls(text_field(record, "test"), problem),
            "licence": mbpp_plus.LICENCE,
        }
    )


def _first_code(problem: Problem) -> str:
    first = problem.visible_tests[0]
    return first.code if isinstance(first, AssertTest) else ""


def _counted(code: str, entry_point: str) -> AssertTest | CallTest:
    return visible_test(code, entry_point).model_copy(update={"suites": ("MBPP",)})


def _calls(script: str, problem: Problem) -> tuple[CallTest, ...]:
    infinite = script.count("inf") > 1  # once in its import: going through every number takes long
    tree = parse(_LONG_NUMBER.sub(lambda found: hex(int(Decimal(found.group()))), script), "test")
    inputs, results, atol = (
        _listed(tree, "inputs", infinite),
        _listed(tree, "results", infinite),
        _tolerance(tree),
    )
    if not inputs:
        raise BadRecord("test holds no list of inputs: only EvalPlus's scripts are read")
    if results and len(results) != len(inputs):
        raise BadRecord(f"test holds {len(inputs)} inputs and {len(results)} results")
    base = len(problem.visible_tests)
    made: list[tuple[CallTest, object]] = []
    for place, given in enumerate(inputs):
        suites = (f"{SUITE} base", SUITE) if place < base else (SUITE,)
        wanted = results[place] if results else None
        made.append((_call(problem.entry_point, given, wanted, atol, suites), wanted))
    return tuple(with_tolerances(made).values() if results else (call for call, _ in made))


def _call(entry_point: str, given: object, wanted: object, atol: float, suites: tuple[str, ...]) -> CallTest:
    arguments = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return CallTest(
        arguments=literal(arguments),
        expected=None if wanted is None else literal(wanted),
        atol=atol,
        compare=comparison_of(entry_point, mbpp=True),
        also=other_readings(entry_point, arguments),
        suites=suites,
    )


def _listed(tree: ast.Module, name: str, infinite: bool) -> list[object]:
    """The value of a list of literals that the script assigns; empty where it assigns none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return _value(node.value, infinite)
    return []


def _value(node: ast.expr, infinite: bool) -> list[object]:
    try:
        value = read_literal(_Infinite().visit(node) if infinite else node)
    except (ValueError, TypeError, SyntaxError, RecursionError) as error:
        raise BadRecord(f"test holds a list that is no literal: {error}") from None
    if not isinstance(value, list):
        raise BadRecord("test holds inputs or results that are no list")
    return value


class _Infinite(ast.NodeTransformer):
    """`inf`, which the script imports, as a number."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float("inf")) if node.id == "inf" else node


def _tolerance(tree: ast.Module) -> float:
    """The tolerance that the script's last loop names."""
    for node in reversed(tree.body):
        if isinstance(node, ast.For):
            calls = [
                n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == "assertion"
            ]
            last = calls[0].args[-1] if calls and calls[0].args else None
            number = last.value if isinstance(last, ast.Constant) else 0.0
            return float(number) if isinstance(number, int | float) else 0.0
    return 0.0
