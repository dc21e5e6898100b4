"""Problems that a person writes in the app: checked, kept in one file of our own format, and tests proposed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from assistant.core.errors import ProblemSourceError, UsageError
from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import read_program
from assistant.core.thinking import without_thinking
from assistant.storage.durable_io import append_line, exclusive_lock
from assistant.tui.launch import Problems

SOURCE = "own"
ASK_FOR_TESTS = (
    "Write {count} Python assert statements that test this function. Cover the usual case and the edge cases. "
    "One statement a line, nothing else.\n\nTask: {text}\nThe function is called {name}.{given}"
)


def own_problem(text: str, tests: str, taken: Sequence[str] = ()) -> Problem:
    """A problem from what was typed. Raises UsageError that says what is missing."""
    text = text.strip()
    if not text:
        raise UsageError("say what the function should do")
    statements = asserts_in(tests)
    if not statements:
        raise UsageError("write at least one test, e.g. assert double(2) == 4")
    name = function_under_test(statements)
    return Problem(
        id=_free_id(f"{SOURCE}/{name}", taken),
        text=text,
        entry_point=name,
        visible_tests=tuple(AssertTest(code=statement) for statement in statements),
        source=SOURCE,
        tags=(SOURCE,),
    )


def asserts_in(text: str) -> list[str]:
    """The assert statements of `text`, each on one line. Raises UsageError for a line that is none."""
    if not text.strip():
        return []
    try:
        body = read_program(text).body
    except SyntaxError as error:
        raise UsageError(f"tests, line {error.lineno}: {error.msg}") from None
    for statement in body:
        if not isinstance(statement, ast.Assert):
            raise UsageError(f"tests, line {statement.lineno}: a test begins with assert")
    return [ast.get_source_segment(text, statement) or ast.unparse(statement) for statement in body]


def function_under_test(statements: Sequence[str]) -> str:
    """The first function that the tests call and Python does not have. Raises UsageError."""
    import builtins

    for statement in statements:
        for node in ast.walk(read_program(statement)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and not hasattr(builtins, node.func.id)
            ):
                return node.func.id
    raise UsageError("the tests call no function of yours: write e.g. assert double(2) == 4")


def request_for_tests(text: str, tests: str, count: int = 5) -> str:
    """What the model is asked for tests of a task. Raises UsageError while the task has no words."""
    if not text.strip():
        raise UsageError("say what the function should do first; then tests can be proposed")
    try:
        given = asserts_in(tests)
    except UsageError:
        given = []
    name = function_under_test(given) if given else "solve"
    shown = "\nThese exist already:\n" + "\n".join(given) if given else ""
    return ASK_FOR_TESTS.format(count=count, text=text.strip(), name=name, given=shown)


def asserts_in_answer(answer: str) -> list[str]:
    """Assert statements of a model's answer, one a line; anything else is left out."""
    found = []
    for line in without_thinking(answer).splitlines():
        line = re.sub(r"^[\s\d.\-*`]*(?=assert\b)", "", line).rstrip("` ")
        if line.startswith("assert ") and _parses(line):
            found.append(line)
    return list(dict.fromkeys(found))


def _parses(line: str) -> bool:
    try:
        read_program(line)
    except SyntaxError:
        return False
    return True


def keep(problem: Problem, file: Path) -> None:
    """Append a problem to the person's own. Raises OSError."""
    with exclusive_lock(file.parent):
        append_line(file, problem.model_dump_json().encode(), _is_problem)


def _is_problem(line: bytes) -> bool:
    try:
        Problem.model_validate_json(line)
    except ValidationError:
        return False
    return True


def read_draft(own_problems: Path) -> tuple[str, str]:
    """Task and tests of a problem that is not finished; empty where there is none, or none that can be read."""
    try:
        text, tests = json.loads(_draft_file(own_problems).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return "", ""
    return str(text), str(tests)


def write_draft(draft: tuple[str, str], own_problems: Path) -> None:
    """Keep task and tests; two empty texts are forgotten. Raises OSError."""
    file = _draft_file(own_problems)
    if any(draft):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(draft), encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def _draft_file(own_problems: Path) -> Path:
    return own_problems.with_suffix(".draft.json")


@dataclass(frozen=True)
class Shelf:
    """The problems of a source with the person's own before them."""

    name: str
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...] = ()


def with_problem(problems: Problems, own: Problem) -> Problems:
    """`problems` with one more at the front."""
    return Shelf(problems.name, (own, *problems.problems), problems.skipped)


def with_own(problems: Problems, file: Path) -> Problems:
    """`problems` with the person's own before them; a file that cannot be read counts as skipped."""
    if not file.is_file():
        return problems
    from assistant.problems.load import load_source

    try:
        own = load_source(str(file))
    except ProblemSourceError as error:
        return Shelf(problems.name, problems.problems, (*problems.skipped, str(error)))
    return Shelf(
        problems.name, (*reversed(own.problems), *problems.problems), (*problems.skipped, *own.skipped)
    )


def _free_id(wanted: str, taken: Sequence[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name
