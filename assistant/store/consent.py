"""Answers about consent that are given outside a session: an append-only file beside the journals.

One line an answer: `{"time", "annotator", "answer", "version", "text_sha256"}`. `withdrawn` takes every session of
the annotator out of every later export, whatever the journals say; `granted` stands for sessions in which nobody
was asked, and lifts an earlier withdrawal. The last answer of an annotator counts.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from assistant.domain.errors import JournalError
from assistant.domain.problem import Value
from assistant.store.files import alone_in, sync_folder, write_all

NAME = "consent.jsonl"


class Answer(Value):
    """One annotator's answer."""

    time: str
    annotator: str
    answer: Literal["granted", "withdrawn"]
    version: str = ""
    text_sha256: str = ""
    """Of the text that was agreed to; empty for a withdrawal."""


def read_answers(folder: Path) -> dict[str, Answer]:
    """The last answer of every annotator in the folder's ledger. Raises `JournalError` naming a wrong line."""
    path = folder / NAME
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read ({error.strerror}): without it nothing is exported"
        ) from None
    answers: dict[str, Answer] = {}
    for number, line in enumerate(lines, start=1):
        try:
            answer = Answer.model_validate_json(line)
        except ValidationError:
            raise JournalError(
                f"{path}, line {number}: not an answer about consent; mend it, for nothing is exported meanwhile"
            ) from None
        answers[answer.annotator] = answer
    return answers


def add_answer(
    folder: Path,
    annotator: str,
    answer: Literal["granted", "withdrawn"],
    *,
    version: str = "",
    text_sha256: str = "",
) -> Answer:
    """Append an answer, on disk when this returns. Raises `JournalError`."""
    given = Answer(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        annotator=annotator,
        answer=answer,
        version=version,
        text_sha256=text_sha256,
    )
    line = json.dumps(given.model_dump(), ensure_ascii=False).encode() + b"\n"
    try:
        with alone_in(folder), (folder / NAME).open("ab", buffering=0) as file:
            write_all(file.fileno(), line)
            os.fsync(file.fileno())
        sync_folder(folder)
    except OSError as error:
        raise JournalError(
            f"{folder / NAME} cannot be written ({error.strerror}): mend that, then repeat"
        ) from None
    return given
