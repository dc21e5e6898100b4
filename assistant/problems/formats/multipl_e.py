"""MultiPL-E (Cassano et al. 2022): HumanEval and MBPP in many languages; its Python files (`language` is `py`).

The tests are a `check(candidate)` like HumanEval's, and the prompt is a signature with a docstring, so a record is
read as one of HumanEval's. There are no reference solutions. Records of other languages are left out by name.
"""

from __future__ import annotations

import ast
import re

from assistant.core.problem import Problem
from assistant.problems.formats import humaneval
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import parse

NAME = "MultiPL-E (Python)"
FIELDS = ("name", "language", "prompt", "tests")
ORDER = 3
LICENCE = "MIT"
PYTHON = ("py", "python")


def recognise(record: Record) -> bool:
    """Whether the record has MultiPL-E's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem. Raises `BadRecord` for one in another language than Python."""
    language = text_field(record, "language")
    if language.lower() not in PYTHON:
        raise BadRecord(f"a problem in {language}: only MultiPL-E's Python (py) can be judged here")
    name = text_field(record, "name")
    tests, entry_point = _check_alone(text_field(record, "tests"))
    as_humaneval = {
        "task_id": re.sub(r"^HumanEval_(\d+)_.*", r"HumanEval/\1", name),
        "prompt": text_field(record, "prompt"),
        "entry_point": entry_point,
        "canonical_solution": "",
        "test": tests,
    }
    problem = humaneval.problem_of(as_humaneval, NAME)
    return problem.model_copy(
        update={
            "id": f"multipl-e/{name}", "reference": "", "source": "multipl-e", "licence": LICENCE,
        }
    )  # fmt: skip


def _check_alone(text: str) -> tuple[str, str]:
    """The tests without `test_check`, which only calls `check`, and the function that it is called with."""
    tree = parse(text, "tests")
    called = [
        call.args[0].id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "check"
        and len(call.args) == 1
        and isinstance(call.args[0], ast.Name)
    ]
    if not called:
        raise BadRecord("tests do not call check with the function under test")
    tree.body = [node for node in tree.body if not _only_runs_check(node)]
    return ast.unparse(tree), called[0]


def _only_runs_check(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "test_check"
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "test_check"
