"""Chats in the manner of RealHumanEval (Mozannar et al. 2024, MIT): a programmer asks a model for help with a task.

A row is one request (all messages so far) and its response; rows of a chat extend one another. What the programmer
writes after an answer counts as feedback on it, though it may be a new question. Tests come from the tasks' file
(`name`, `task_description`, `function_signature`, `unit_test`), where one is given.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from assistant.core.code_extraction import extract_code
from assistant.core.generation import Message
from assistant.core.problem import AssertTest, Problem
from assistant.core.safe_ast import read_literal
from assistant.datasets.importers.base import Importer, Source, reason
from assistant.datasets.importers.imported_session import (
    ImportedAnswer,
    ImportedFeedback,
    ImportedSession,
    imported_model,
)
from assistant.datasets.importers.unit_tests import tests_of
from assistant.problems.records import BadRecord

NAME = "realhumaneval"
_DEF = re.compile(r"^\s*(?:def|class)\s+(\w+)", re.M)
_FIELDS = frozenset({"request", "response", "programmer_id", "task_name"})


def recognise(record: dict[str, Any]) -> bool:
    """Whether a row is a request of such a chat."""
    return record.keys() >= _FIELDS


def sessions_of_chats(
    records: Iterable[dict[str, Any]], tasks: dict[str, dict[str, Any]]
) -> Iterator[ImportedSession]:
    """Every chat as a session: the longest request of those that extend one another. Raises `BadRecord`."""
    chats: dict[tuple[str, str], list[tuple[list[Message], dict[str, Any]]]] = {}
    for record in records:
        messages = [*_messages(record["request"]), _answer(record)]
        key = (str(record["programmer_id"]), str(record["task_name"]))
        known = chats.setdefault(key, [])
        known[:] = [chat for chat in known if messages[: len(chat[0])] != chat[0]]
        known.append((messages, record))
    # Chats had no limit: the longest says how far any of them could have gone.
    rounds = max((_turns(messages) for found in chats.values() for messages, _ in found), default=1)
    for (programmer, task), found in chats.items():
        problem = _problem(task, tasks.get(task))
        for messages, record in found:
            yield _imported(programmer, problem, messages, str(record.get("model", "unknown")), rounds)


def _turns(messages: list[Message]) -> int:
    """Turns of the programmer after the first answer."""
    return max(1, sum(message.role == "assistant" for message in messages) - 1)


def _imported(
    programmer: str, problem: Problem, messages: list[Message], model: str, rounds: int
) -> ImportedSession:
    whole = json.dumps([message.model_dump() for message in messages], ensure_ascii=False)
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    steps: list[ImportedAnswer | ImportedFeedback] = []
    for number, message in enumerate(messages):
        if message.role == "assistant":
            code = extract_code(message.content, problem.entry_point).code
            steps.append(ImportedAnswer(tuple(messages[:number]), message.content, code))
        elif steps and isinstance(steps[-1], ImportedAnswer):
            steps.append(ImportedFeedback(message.content.strip() or "…"))
    task = problem.id.rpartition("/")[2]
    return ImportedSession(
        dataset=NAME,
        name=f"{NAME}-{programmer}-{task}-{digest}",
        annotator=f"{NAME}-{programmer}",
        model=imported_model(model, chat=True),
        author="person",
        author_model="",
        problem=problem,
        steps=tuple(steps),
        rounds=rounds,
        shown_tests=0,
    )


def _answer(record: dict[str, Any]) -> Message:
    return Message(role="assistant", content=str(record["response"]))


def _messages(value: Any) -> list[Message]:
    """A list of messages, as JSON, as a Python literal, or as it is."""
    if isinstance(value, str):
        try:
            value = read_literal(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            try:
                value = json.loads(value)
            except ValueError:
                raise BadRecord("request is no list of messages") from None
    return [Message(role=item["role"], content=str(item["content"])) for item in value]


def _problem(name: str, task: dict[str, Any] | None) -> Problem:
    task = task or {}
    signature, unit_test = str(task.get("function_signature", "")), str(task.get("unit_test", ""))
    names = _DEF.findall(signature)
    return Problem(
        id=f"{NAME}/{name}",
        text=str(task.get("task_description", "")).strip()
        or f"RealHumanEval's task {name} (its text is not here).",
        entry_point=names[0] if names else name,
        visible_tests=tuple(AssertTest(code=code) for code in tests_of(unit_test)),
        reference=str(task.get("solution", "")),
        source=NAME,
        licence="MIT",
    )


def sessions(source: Source) -> Iterator[ImportedSession]:
    """Every chat as a session; a bad row ends the file, for a chat may go on in it."""
    try:
        yield from sessions_of_chats(source.rows, dict(source.tasks()))
    except (BadRecord, KeyError, TypeError, ValidationError) as error:
        source.skipped.append(reason(error))


REALHUMANEVAL = Importer(
    NAME,
    recognise,
    sessions,
    licence="mit",
    about="Made from chats in the manner of RealHumanEval (Mozannar et al. 2024): programmers asked a "
    "model for help while they worked on a task. **What a programmer wrote after an answer counts as feedback on it, "
    "though most such turns are new questions.** Where the task's tests are known, the programs were run in this "
    "project's sandbox.",
    note="what a programmer wrote after an answer is recorded as feedback on it; most such turns are new questions",
)
