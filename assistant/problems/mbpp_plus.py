"""MBPP+ (EvalPlus, Liu et al. 2023): MBPP tasks with mended references and many more inputs.

Its inputs become hidden `CallTest`s without expected value, which only the reference solution can give
(`assistant.problems.expected`). The assertion in the prompt says how results compare (`==`, as sets, within
a tolerance, by truth); the other visible tests are worded the same way.
"""

from __future__ import annotations

import ast
import contextlib

from assistant.domain.problem import AssertTest, CallTest, Problem
from assistant.problems.comparison import Comparison
from assistant.problems.inputs import example_arguments, retyped_arguments
from assistant.problems.mbpp import with_test_imports
from assistant.problems.records import BadRecord, NotALiteral, Record, literal, text_field
from assistant.problems.syntax import parse, require_defined

NAME = "MBPP+"
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "assertion")
LICENCE = "Apache-2.0"


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
    comparison = Comparison.of(shown or asserts[0], name)
    examples = example_arguments(asserts, name)
    visible = [comparison.reworded(test) for test in asserts]
    return Problem(
        id=text_field(record, "task_id"),
        text=text,
        entry_point=name,
        visible_tests=tuple(AssertTest(code=test) for test in visible),
        hidden_tests=plus_tests(record, examples, "plus_input"),
        test_setup=with_test_imports(imports, visible, reference),
        reference=reference,
        source="mbpp+",
        licence=LICENCE,
    )


def plus_tests(record: Record, examples: list[list[object]], *fields: str) -> tuple[CallTest, ...]:
    """One call for each input of the fields, without repetition, typed as in the examples.

    An input with NaN has no literal, and nothing computed from it compares equal: it is left out.
    """
    atol = float(record.get("atol") or 0.0)
    texts: dict[str, None] = {}
    for field in fields:
        for arguments in _inputs(record, field):
            with contextlib.suppress(NotALiteral):
                texts[literal(retyped_arguments(arguments, examples))] = None
    return tuple(CallTest(arguments=text, atol=atol) for text in texts)


def _inputs(record: Record, field: str) -> list[list[object]]:
    inputs = record[field] or []  # Mbpp/793 has `{}` for none
    if not isinstance(inputs, list) or not all(isinstance(item, list) for item in inputs):
        raise BadRecord(f"{field} is not a list of argument lists")
    return inputs


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
