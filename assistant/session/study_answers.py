"""Answers to a study's questions before its first problem and after its last: a file beside the journals.

Append-only, one line an answer (see `StudyAnswer`). The last answer of a person to a question counts. Questions
after each problem are answered in that problem's journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from assistant.core.errors import JournalError
from assistant.core.problem import FrozenModel
from assistant.journal.consent import read_answers
from assistant.session.study_tables import Question
from assistant.storage.durable_io import append_line, exclusive_lock, make_folders

NAME = "answers.jsonl"
Part = Literal["entry", "end"]


class StudyAnswer(FrozenModel):
    """One person's answer to one question."""

    time: str
    annotator: str
    study: str
    study_sha256: str
    part: Part
    question: str
    kind: str
    answer: str
    """As it was entered; empty where the question was left out."""


def read_study_answers(folder: Path, study: str, annotator: str, part: Part) -> dict[str, str]:
    """What this person answered so far, by question. Raises `JournalError` naming a wrong line."""
    return {
        given.question: given.answer
        for given in _all(folder)
        if (given.study, given.annotator, given.part) == (study, annotator, part)
    }


def last_study_answers(folder: Path) -> list[StudyAnswer]:
    """The answers that count, person by person, those before the problems first. Raises `JournalError`."""
    found = {(given.study, given.annotator, given.part, given.question): given for given in _all(folder)}
    return sorted(found.values(), key=lambda given: (given.study, given.annotator, given.part != "entry"))


def who_answered(folder: Path, people: Iterable[tuple[str, str]]) -> int:
    """How many of `people` (study and annotator) answered something and have not withdrawn. Raises `JournalError`."""
    gone = {
        name for name, last in read_answers(folder, without_torn=True).items() if last.answer != "granted"
    }
    answered = {(given.study, given.annotator) for given in _all(folder)}
    return len({person for person in people if person in answered and person[1] not in gone})


def told(folder: Path, people: int) -> str:
    """Where the answers of so many people are; empty where there are none."""
    if not people:
        return ""
    who = "1 person" if people == 1 else f"{people} people"
    return f"answers of {who} before and after the problems: {folder / NAME} (`assistant export` writes them)"


def _all(folder: Path) -> Iterator[StudyAnswer]:
    path = folder / NAME
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from None
    if not _is_whole(lines[-1]):
        lines.pop()  # a crash cut it off, and it was never confirmed
    for number, line in enumerate(lines, start=1):
        try:
            yield StudyAnswer.model_validate_json(line)
        except ValidationError:
            raise JournalError(f"{path}, line {number}: not an answer to a study's question") from None


def _is_whole(line: bytes) -> bool:
    try:
        StudyAnswer.model_validate_json(line)
    except ValidationError:
        return False
    return True


def add_study_answers(
    folder: Path,
    study: tuple[str, str],
    annotator: str,
    part: Part,
    answers: Iterable[tuple[Question, str]],
) -> None:
    """Append answers, on disk when this returns; `study` is its name and hash. Raises `JournalError`."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    name, sha256 = study
    try:
        make_folders(folder)
        with exclusive_lock(folder):
            for question, answer in answers:
                given = StudyAnswer(
                    time=now, annotator=annotator, study=name, study_sha256=sha256, part=part,
                    question=question.text, kind=question.kind, answer=answer,
                )  # fmt: skip
                line = json.dumps(given.model_dump(), ensure_ascii=False).encode("utf-8", "replace")
                append_line(folder / NAME, line, _is_whole)
    except OSError as error:
        raise JournalError(f"{folder / NAME} cannot be written: {error.strerror}") from None


def open_questions(questions: Iterable[Question], answered: Mapping[str, str]) -> list[Question]:
    """Those that were not asked yet."""
    return [question for question in questions if question.text not in answered]
