"""Problems that a person writes in the app: checked, kept in one file of our own format, and tests proposed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from assistant.core.definitions import defined_names
from assistant.core.errors import ProblemSourceError, UsageError
from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import parse
from assistant.core.thinking import without_thinking
from assistant.problems.own_tests import asserts_in, function_under_test
from assistant.storage.durable_io import append_line, exclusive_lock, replace_file
from assistant.tui.launch import Problems

SOURCE = "own"
ASK_FOR_TESTS = (
    "Write {count} Python assert statements that test this function. Cover the usual case and the edge cases. "
    "One statement a line, nothing else.\n\nTask: {text}\nThe function is called {name}.{given}"
)


class OwnDraft(NamedTuple):
    """A problem as it is typed."""

    text: str = ""
    tests: str = ""
    name: str = ""
    hidden: str = ""
    reference: str = ""

    @classmethod
    def of(cls, problem: Problem) -> OwnDraft:
        """A problem that is to be edited."""
        visible, hidden = (
            "\n".join(test.text(problem.entry_point) for test in tests)
            for tests in (problem.visible_tests, problem.hidden_tests)
        )
        tests = f"{problem.given.rstrip()}\n\n{visible}" if problem.given else visible
        return cls(problem.text, tests, problem.id.removeprefix(f"{SOURCE}/"), hidden, problem.reference)


def own_problem(draft: OwnDraft, taken: Sequence[str] = ()) -> Problem:
    """A problem from what was typed, under an id that is not `taken`. Raises UsageError that says what is missing.

    A function that stands before the tests is the person's own: it takes the place of the first answer.
    """
    given, tests = pasted(draft.tests)
    text = draft.text.strip() or _docstring(given)
    if not text:
        raise UsageError("say what the function should do")
    statements = asserts_in(tests)
    if not statements:
        raise UsageError("write at least one test, e.g. assert double(2) == 4")
    name = function_under_test(statements)
    for what, code in (("the function above the tests", given), ("the reference solution", draft.reference)):
        if code.strip() and name not in defined_names(code):
            raise UsageError(f"{what} does not define {name}, which the tests call")
    hidden = asserts_in(draft.hidden, "hidden tests")
    wanted = re.sub(r"\W+", "-", draft.name.strip()).strip("-") or name
    return Problem(
        id=_free_id(f"{SOURCE}/{wanted}", taken),
        text=text,
        entry_point=name,
        visible_tests=tuple(AssertTest(code=statement) for statement in statements),
        hidden_tests=tuple(AssertTest(code=statement) for statement in hidden),
        reference=f"{draft.reference.rstrip()}\n" if draft.reference.strip() else "",
        given=given,
        source=SOURCE,
        tags=(SOURCE,),
    )


def pasted(tests: str) -> tuple[str, str]:
    """The code that stands with the tests, and the tests: `def f(): …` and `assert f() == 1`."""
    tree = parse(tests)
    if tree is None or not any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in tree.body
    ):
        return "", tests
    code = [node for node in tree.body if not isinstance(node, ast.Assert)]
    asserts = [node for node in tree.body if isinstance(node, ast.Assert)]
    return f"{_source(tests, code)}\n", _source(tests, asserts)


def _source(text: str, nodes: Sequence[ast.stmt]) -> str:
    """The statements as they stand in the text, with decorators and the comments right above them."""
    lines = text.splitlines()
    parts = []
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) - 1
        while first and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        parts.append("\n".join(lines[first : node.end_lineno]))
    return "\n".join(parts)


def _docstring(code: str) -> str:
    tree = parse(code)
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef)) if tree else ()
    return next((text for node in functions if (text := ast.get_docstring(node))), "")


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
        if line.startswith("assert ") and parse(line) is not None:
            found.append(line)
    return list(dict.fromkeys(found))


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


def change(file: Path, problem_id: str, new: Problem | None) -> bool:
    """Put `new` in the place of a problem of the person's own, or take it out. False where the file has none.

    Other lines stay as they are, also those that cannot be read. Raises OSError.
    """
    with exclusive_lock(file.parent):
        lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
        changed = [_changed(line, problem_id, new) for line in lines]
        if changed == lines:
            return any(_id_of(line) == problem_id for line in lines)
        replace_file(file, b"".join(changed), shared=True)
    return True


def _changed(line: bytes, problem_id: str, new: Problem | None) -> bytes:
    if _id_of(line) != problem_id:
        return line
    return new.model_dump_json().encode() + b"\n" if new is not None else b""


def _id_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def read_draft(own_problems: Path) -> OwnDraft:
    """A problem that is not finished; empty where there is none, or none that can be read."""
    try:
        parts = [str(part) for part in json.loads(_draft_file(own_problems).read_text(encoding="utf-8"))]
        return OwnDraft(*parts)
    except (OSError, ValueError, TypeError):
        return OwnDraft()


def write_draft(draft: OwnDraft, own_problems: Path) -> None:
    """Keep what was typed; an empty one is forgotten. Raises OSError."""
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


def without_problem(problems: Problems, problem_id: str) -> Problems:
    """`problems` without the one of this id."""
    kept = tuple(problem for problem in problems.problems if problem.id != problem_id)
    return Shelf(problems.name, kept, problems.skipped)


def own_of(problems: Sequence[Problem]) -> list[Problem]:
    """Those that the person wrote in the app."""
    return [problem for problem in problems if problem.source == SOURCE]


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
