"""ILF's released rows (Chen et al. 2023): an MBPP task, a wrong program, what a person said, the person's fix.

The tests are MBPP's asserts inside `check(candidate)`, with pytest's `approx` around numbers: around whole
numbers it is dropped, so that they read as in MBPP; around others it becomes `math.isclose`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import read_program
from assistant.problems.check_function import single_tests
from assistant.problems.formats.mbpp import PREFIX, task_number, with_test_imports
from assistant.problems.record_files import read_records
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import parse

FIELDS = (
    "task_id",
    "prompt",
    "test",
    "Feedback",
    "original_model_completion",
    "unedited_annotator_completion",
)
"""`completion` is the fix as a continuation of the prompt, which loses imports and helper functions."""
LICENCE = "MIT"
_TASK = re.compile(r'\s*"""\n?(.*?)(?:\n\s*>>> Example:.*?)?"""\n*', re.DOTALL)
_RTOL = 1e-6
"""pytest's relative tolerance."""


class IlfRow(NamedTuple):
    """`wrong` fails the problem's tests; the person said `feedback` about it and then wrote `fix` themselves."""

    problem: Problem
    wrong: str
    feedback: str
    fix: str


class IlfRows(NamedTuple):
    """Rows in the file's order, and one line for each record that was left out."""

    rows: tuple[IlfRow, ...]
    skipped: tuple[str, ...]


def read_ilf(path: Path) -> IlfRows:
    """The rows of a file. Raises ProblemSourceError when it holds none."""
    rows: list[IlfRow] = []
    skipped: list[str] = []
    for where, record in read_records(path):
        try:
            rows.append(_row(record))
        except BadRecord as error:
            skipped.append(f"{path.name} {where}: {error}")
    if not rows:
        raise ProblemSourceError(
            f"{path} holds no rows of ILF ({', '.join(FIELDS)})" + (f"; {skipped[0]}" if skipped else "")
        )
    return IlfRows(tuple(rows), tuple(skipped))


def _row(record: Record | BadRecord) -> IlfRow:
    if isinstance(record, BadRecord):
        raise record
    missing = [field for field in FIELDS if field not in record]
    if missing:
        raise BadRecord(f"no {', '.join(missing)}")
    task, begin = _parts(text_field(record, "prompt"))
    name = begin.rpartition("def ")[2].partition("(")[0].strip()
    fix = _parts(text_field(record, "unedited_annotator_completion"))[1].rstrip() + "\n"
    asserts, setup = single_tests(parse(text_field(record, "test"), "test"), name)
    tests = [_plain(test) for test in asserts]
    number = task_number(record["task_id"])
    problem = Problem(
        id=f"{PREFIX}{number}",
        text=task,
        entry_point=name,
        visible_tests=tuple(AssertTest(code=test) for test in tests),
        test_setup=with_test_imports(_without_pytest(setup), tests, fix),
        reference=fix,
        source="ilf",
        licence=LICENCE,
    )
    wrong = _parts(text_field(record, "original_model_completion"))[1]
    return IlfRow(problem, wrong.rstrip() + "\n", " ".join(text_field(record, "Feedback").split()), fix)


def _parts(text: str) -> tuple[str, str]:
    """The task in the leading docstring, and the code after it, byte for byte."""
    match = _TASK.match(text)
    if match is None:
        raise BadRecord("the prompt does not begin with a task in quotes")
    return " ".join(match[1].split()), text[match.end() :]


def _without_pytest(setup: str) -> str:
    return "\n".join(line for line in setup.splitlines() if "pytest" not in line)


def _plain(test: str) -> str:
    """An assert without `approx`."""
    node = read_program(test).body[0]
    if not isinstance(node, ast.Assert):
        return test
    match node.test:
        case ast.Compare(
            left=left, ops=[ast.Eq()], comparators=[ast.Call(func=ast.Name(id="approx"), args=[value])]
        ):
            inner = ast.unparse(value)
            if any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(value)):
                return f"assert math.isclose({ast.unparse(left)}, {inner}, rel_tol={_RTOL})"
            return f"assert {ast.unparse(left)} == {inner}"
    return test
