"""BigCodeBench (Zhuo et al. 2024) and its subset BigCodeBench-Hard: functions that use libraries, unittest classes.

Each method `test_…` of the class is a test of its own, with the class's other members around it; the first two are
shown, the others are hidden. The text is the instruction; the imports and values of the code prompt stand before
every program, as in the publisher's calibrated score. A problem that needs a library which the sandbox does not
grant is left out, and named with the library; what of the standard library the sandbox forbids (`subprocess`,
sockets) is a tag of the problem (`forbidden:subprocess`): its tests pass only where they replace it by a mock.
"""

from __future__ import annotations

import ast
import sys

from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import read_literal
from assistant.core.submission import GRANTED_PACKAGES
from assistant.problems.formats.humaneval import prelude_of
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import parse
from assistant.problems.unittest_methods import single_methods

NAME = "BigCodeBench"
HARD = "BigCodeBench-Hard"
FIELDS = ("task_id", "instruct_prompt", "complete_prompt", "canonical_solution", "test", "entry_point")
ORDER = 3
LICENCE = "Apache-2.0"
SHOWN = 2
FORBIDDEN = (
    "ctypes", "ftplib", "multiprocessing", "smtplib", "socket", "socketserver", "ssl", "subprocess", "webbrowser",
)  # fmt: skip
"""Modules of the standard library that are of no use without a network, other processes or foreign code."""
_OF_THE_SUBSET = ("q_idx", "score")
"""Fields that only the records of the hard subset have."""


def recognise(record: Record) -> bool:
    """Whether the record has BigCodeBench's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem. Raises `BadRecord` where it needs a library that the sandbox does not grant."""
    name = text_field(record, "entry_point")
    complete = text_field(record, "complete_prompt")
    reference = f"{complete}\n{text_field(record, 'canonical_solution')}"
    trees = (parse(reference, "the reference solution"), parse(text_field(record, "test"), "test"))
    modules = set().union(*map(_imported, trees)) | _named_libraries(record)
    if missing := sorted(modules - set(sys.stdlib_module_names) - set(GRANTED_PACKAGES)):
        granted = ", ".join(GRANTED_PACKAGES)
        raise BadRecord(f"it needs {', '.join(missing)}, and the sandbox grants programs {granted} alone")
    suite = HARD if all(field in record for field in _OF_THE_SUBSET) else NAME
    tests, setup = single_methods(trees[1])
    made = [AssertTest(code=code, suites=(suite,)) for code in tests]
    code_prompt = text_field(record, "code_prompt", default="") or complete
    forbidden = sorted(modules & set(FORBIDDEN))
    return Problem(
        id=text_field(record, "task_id"),
        text=text_field(record, "instruct_prompt").strip(),
        entry_point=name,
        visible_tests=tuple(made[:SHOWN]),
        hidden_tests=tuple(made[SHOWN:]),
        test_setup=setup,
        prelude=prelude_of(parse(code_prompt.rstrip() + "\n    pass\n", "code_prompt"), name),
        reference=reference,
        source="bigcodebench",
        licence=LICENCE,
        tags=tuple(f"forbidden:{module}" for module in forbidden),
        difficulty="hard" if suite == HARD else "",
    )


def _imported(tree: ast.Module) -> set[str]:
    """Names of the packages that some statement imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _named_libraries(record: Record) -> set[str]:
    """The field `libs`: a list, or a text that holds one."""
    libs = record.get("libs") or []
    if isinstance(libs, str):
        try:
            libs = read_literal(libs)
        except (SyntaxError, ValueError, TypeError):
            raise BadRecord("libs is not a list of names") from None
    if not isinstance(libs, list | tuple) or not all(isinstance(name, str) for name in libs):
        raise BadRecord("libs is not a list of names")
    return {name.partition(".")[0] for name in libs if name}
