"""ILF (Chen et al. 2023, MIT): a wrong program of CodeGen-Mono 6.1B, a person's feedback, the person's own fix.

`original_model_completion` is a whole program, `completion` continues `prompt`. Tests compare with `pytest.approx`,
which becomes a tolerance. The prompt showed the model the first test. The fix is the only solution that a row has, so
it is the reference with which feedback is compared for leaks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from assistant.core.generation import Message, Sampling
from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.core.safe_ast import read_literal, read_program
from assistant.datasets.importers.base import Importer, Row, Source, each_row
from assistant.datasets.importers.imported_session import (
    ImportedAnswer,
    ImportedEdit,
    ImportedFeedback,
    ImportedSession,
    imported_model,
)
from assistant.problems.check_function import single_tests
from assistant.problems.records import BadRecord

NAME = "ilf"
MODEL = "codegen-mono-6.1B"
RELATIVE = 1e-6
"""Of `pytest.approx`."""
_DEF = re.compile(r"^def\s+(\w+)\s*\(", re.M)
_DOCSTRING = re.compile(r'\A\s*"""(.*?)"""', re.S)


def recognise(record: dict[str, Any]) -> bool:
    """Whether a row is ILF's."""
    return {"Feedback", "original_model_completion", "completion", "prompt", "test"} <= record.keys()


def session(record: dict[str, Any]) -> ImportedSession:
    """The row as a session. Raises `BadRecord`."""
    prompt = _text(record, "prompt")
    names = _DEF.findall(prompt)
    if not names:
        raise BadRecord("prompt defines no function")
    worker = record.get("worker_id")
    return ImportedSession(
        dataset=NAME,
        name=f"{NAME}-{record['task_id']}",
        annotator=f"ilf-{worker}" if worker is not None else "ilf-unknown",
        model=imported_model(MODEL, chat=False),
        author="person",
        author_model="",
        problem=_problem(record, prompt, names[-1]),
        steps=(
            ImportedAnswer(
                (Message(role="user", content=prompt),),
                _text(record, "original_model_completion"),
                _program(_text(record, "original_model_completion")),
                raw=True,
            ),
            ImportedFeedback(_text(record, "Feedback").strip()),
            ImportedEdit(_fix(record, prompt)),
        ),
        sampling=Sampling(temperature=0.8, max_new_tokens=512),
        rounds=1,
        shown_tests=1,
    )


def _fix(record: dict[str, Any], prompt: str) -> str:
    """The annotator's whole program; rows without it have the part that continues the prompt."""
    whole = "unedited_annotator_completion"
    return _program(_text(record, whole) if record.get(whole) else prompt + _text(record, "completion"))


def _problem(record: dict[str, Any], prompt: str, name: str) -> Problem:
    found = _DOCSTRING.match(prompt)
    text = (found[1] if found else prompt).partition(">>> Example")[0].strip()
    tests, setup = single_tests(read_program(_text(record, "test")), name)
    return Problem(
        id=f"MBPP/{record['task_id']}",
        text=text,
        entry_point=name,
        visible_tests=tuple(_test(test, name) for test in tests),
        reference=_fix(record, prompt),
        test_setup="" if setup.strip() == "from pytest import approx" else setup,
        source=NAME,
        licence="CC-BY-4.0",
    )


def _test(code: str, name: str) -> Test:
    """`assert f(1) == approx(2)` as a call within a tolerance; other asserts as they are, without `approx`."""
    match read_program(code).body:
        case [ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq()], comparators=[wanted]))]:
            value = _literal(wanted.args[0] if _is_approx(wanted) else wanted)  # type: ignore[attr-defined]
            arguments = [_literal(argument) for argument in call.args]
            plain = isinstance(call.func, ast.Name) and call.func.id == name and not call.keywords
            if plain and value is not None and None not in arguments and _is_approx(wanted):
                atol = RELATIVE * max(map(abs, _floats(read_literal(value))), default=0.0)
                return CallTest(arguments=f"[{', '.join(map(str, arguments))}]", expected=value, atol=atol)
    return AssertTest(code=ast.unparse(_Exact().visit(read_program(code))))


class _Exact(ast.NodeTransformer):
    """`approx(x)` becomes `x`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[0] if _is_approx(node) else node


def _is_approx(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "approx"


def _literal(node: ast.expr) -> str | None:
    """The literal's source, or None for anything else."""
    try:
        read_literal(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return ast.unparse(node)


def _floats(value: object) -> list[float]:
    if isinstance(value, float):
        return [value]
    return [f for item in value for f in _floats(item)] if isinstance(value, list | tuple) else []


def _program(code: str) -> str:
    """Code without the task's text in front, which the prompt put there."""
    return _DOCSTRING.sub("", code, count=1).strip("\n") + "\n"


def _text(record: dict[str, Any], name: str) -> str:
    value = record[name]
    if not isinstance(value, str):
        raise BadRecord(f"{name} is not text")
    return value.replace("\r\n", "\n")


def _session(row: Row, source: Source) -> ImportedSession:
    return session(row)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """One session a row."""
    return each_row(_session, source)


ILF = Importer(
    NAME,
    recognise,
    sessions,
    licence="mit",
    about="Made from the released rows of ILF (Chen et al. 2023): a wrong program of CodeGen-Mono 6.1B on an MBPP "
    "task, feedback and a repaired program by a hired annotator. All programs were run again in our sandbox; "
    "the verdicts are ours.",
)
