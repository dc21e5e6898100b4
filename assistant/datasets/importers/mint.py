"""MINT's outputs (Wang et al. 2023, Apache-2.0): dialogues on MBPP in which **GPT-4** plays the person.

An assistant's turn proposes a `<solution>` or tries code with `<execute>`; the user's turn after it observes, and
under `Expert feedback:` comments. Turns that no feedback leads to are left out: no feedback led to them.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.core.generation import Message
from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import read_program
from assistant.datasets.importers.base import Importer, Row, Source, each_row
from assistant.datasets.importers.imported_session import (
    ImportedAnswer,
    ImportedFeedback,
    ImportedSession,
    imported_model,
)
from assistant.problems.records import BadRecord

NAME = "mint"
TASKS = ("mbpp",)
COMMENTER = "GPT-4"
"""Who wrote the feedback where the file's path does not say which release."""
FEEDBACKS = 4
"""MINT allows five attempts, so four feedbacks between them."""
_BLOCK = re.compile(r"<(solution|execute)>\s*(.*?)\s*</\1>", re.S)
_FEEDBACK = "Expert feedback:"


def recognise(record: dict[str, Any]) -> bool:
    """Whether a row is MINT's."""
    return isinstance(record.get("state"), dict) and "history" in record["state"] and "task" in record


def session(record: dict[str, Any], file: Path, model_name: str = "") -> ImportedSession:
    """The row as a session; model (unless named) and commenter are in the path of the file. Raises `BadRecord`."""
    task = record["task"]
    if task["task_name"] not in TASKS:
        raise BadRecord(
            f"is about {task['task_name']}, not about writing a function to tests ({', '.join(TASKS)})"
        )
    model, commenter = _names(file)
    model = model_name or model
    return ImportedSession(
        dataset=NAME,
        name=f"{NAME}-{model}-{commenter}-{task['task_name']}-{task['task_id']}",
        annotator=f"mint-{commenter}",
        model=imported_model(model, chat=True),
        author="model",
        author_model=COMMENTER if commenter == "unknown" else commenter,
        problem=_problem(task),
        steps=tuple(_steps([Message.model_validate(m) for m in record["state"]["history"]])),
        rounds=FEEDBACKS,
        shown_tests=None,
    )


def _steps(history: list[Message]) -> list[ImportedAnswer | ImportedFeedback]:
    steps: list[ImportedAnswer | ImportedFeedback] = []
    for number, message in enumerate(history):
        if message.role == "assistant":
            steps.append(ImportedAnswer(tuple(history[:number]), message.content, _code(message.content)))
        elif number:
            feedback = message.content.partition(_FEEDBACK)[2].strip()
            if not feedback or not isinstance(steps[-1], ImportedAnswer):
                return steps
            steps.append(ImportedFeedback(feedback))
    return steps


def _code(text: str) -> str | None:
    """The solution proposed, else the code tried; the last of them."""
    blocks: list[tuple[str, str]] = _BLOCK.findall(text)
    solutions = [code for kind, code in blocks if kind == "solution"]
    codes = solutions or [code for _, code in blocks]
    return codes[-1] if codes else None


def _problem(task: dict[str, Any]) -> Problem:
    text = "\n".join(line for line in task["prompt"].splitlines() if not line.startswith("assert "))
    shown = [line for line in task["prompt"].splitlines() if line.startswith("assert ")]
    tests = [
        ast.unparse(node) for node in read_program(task["reference"]).body if isinstance(node, ast.Assert)
    ]
    visible = [
        test for test in tests if test in {ast.unparse(read_program(line)) for line in shown}
    ] or tests[:1]
    if not tests:
        raise BadRecord("the reference holds no assert")
    return Problem(
        id=f"mint/{task['task_name']}/{task['task_id']}",
        text=text.strip(),
        entry_point=_called(tests[0]),
        visible_tests=tuple(AssertTest(code=test) for test in visible),
        hidden_tests=tuple(AssertTest(code=test) for test in tests if test not in visible),
        source=NAME,
        licence="CC-BY-4.0",
    )


def _called(test: str) -> str:
    """The function that a test is about: no builtin, unless nothing else is called (MBPP has a `sum` of its own)."""
    calls = [
        node.func.id
        for node in ast.walk(read_program(test))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    if not calls:
        raise BadRecord("no test calls a function")
    return next((name for name in calls if not hasattr(builtins, name)), calls[-1])


def _names(file: Path) -> tuple[str, str]:
    """Model and commenter of `…/outputs/MODEL/F=COMMENTER/…/results.jsonl`; `unknown` in any other place."""
    parts = file.absolute().parts
    at = next((i for i, part in enumerate(parts) if part.startswith("F=")), None)
    if at is None:
        return "unknown", "unknown"
    return parts[at - 1], parts[at].removeprefix("F=").lower()


def _session(row: Row, source: Source) -> ImportedSession:
    return session(row, source.file, source.model_name)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """One session a row."""
    return each_row(_session, source)


MINT = Importer(
    NAME,
    recognise,
    sessions,
    licence="apache-2.0",
    about="Made from the released outputs of MINT (Wang et al. 2023). Feedback there was written by **GPT-4, not "
    "by people**. All programs were run again in this project's sandbox; the verdicts are ours.",
)
