"""Answers to a study's questions before its first problem and after its last: a file beside the journals.

Append-only, one line an answer (see `StudyAnswer`). The last answer of a person to a question counts. Questions
after each problem are answered in that problem's journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from assistant.core.problem import FrozenModel
from assistant.core.questions import Question
from assistant.journal.consent import read_answers
from assistant.storage.ledger import Ledger

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
        for given in answers_ledger(folder).rows(without_torn=True)
        if (given.study, given.annotator, given.part) == (study, annotator, part)
    }


def last_study_answers(folder: Path) -> list[StudyAnswer]:
    """The answers that count, person by person, those before the problems first. Raises `JournalError`."""
    found = {
        (given.study, given.annotator, given.part, given.question): given
        for given in answers_ledger(folder).rows(without_torn=True)
    }
    return sorted(found.values(), key=lambda given: (given.study, given.annotator, given.part != "entry"))


def who_answered(folder: Path, people: Iterable[tuple[str, str]]) -> int:
    """How many of `people` (study and annotator) answered something and have not withdrawn. Raises `JournalError`."""
    gone = {
        name for name, last in read_answers(folder, without_torn=True).items() if last.answer != "granted"
    }
    answered = {(given.study, given.annotator) for given in answers_ledger(folder).rows(without_torn=True)}
    return len({person for person in people if person in answered and person[1] not in gone})


def told(folder: Path, people: int) -> str:
    """Where the answers of so many people are; empty where there are none."""
    if not people:
        return ""
    who = "1 person" if people == 1 else f"{people} people"
    return f"answers of {who} before and after the problems: {folder / NAME} (`assistant export` writes them)"


def answers_ledger(folder: Path) -> Ledger[StudyAnswer]:
    """The folder's answers before and after the problems."""
    return Ledger(folder / NAME, StudyAnswer, "an answer to a study's question")


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
    answers_ledger(folder).add(
        StudyAnswer(
            time=now, annotator=annotator, study=name, study_sha256=sha256, part=part,
            question=question.text, kind=question.kind, answer=answer,
        )
        for question, answer in answers
    )  # fmt: skip
