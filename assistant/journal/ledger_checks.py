"""Contradictions in the ledgers beside the journals: changed consent texts, answers that no question takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from assistant.core.errors import JournalError
from assistant.core.questions import questions_in
from assistant.journal.consent import ConsentAnswer, consent_ledger
from assistant.journal.study_answers import StudyAnswer, answers_ledger
from assistant.storage.ledger import Ledger

Row = TypeVar("Row", bound=BaseModel)
Finding = tuple[Path, int | None, str, str]
"""File, line from 1, kind of the finding, and its message."""


def check_ledgers(folder: Path, studies: Mapping[str, str]) -> Iterator[Finding]:
    """Findings in the ledgers of `folder`; `studies` has the study files in its journals, by hash."""
    yield from _checked(consent_ledger(folder), _consent)
    yield from _checked(
        answers_ledger(folder), lambda given: _answer(given, studies.get(given.study_sha256, ""))
    )


def _checked(ledger: Ledger[Row], fault: Callable[[Row], str]) -> Iterator[Finding]:
    """A last line that was cut off was confirmed to nobody, and the next answer sets it aside."""
    try:
        for number, row in enumerate(ledger.rows(without_torn=True), start=1):
            if found := fault(row):
                yield ledger.path, number, "contradiction", found
    except JournalError as error:
        yield ledger.path, None, "unreadable", str(error).removeprefix(str(ledger.path)).lstrip(" ,:")


def _consent(given: ConsentAnswer) -> str:
    changed = (
        given.text and sha256(given.text.encode("utf-8", "surrogatepass")).hexdigest() != given.text_sha256
    )
    return "the consent text does not have the hash that is recorded for it" if changed else ""


def _answer(given: StudyAnswer, study: str) -> str:
    """Of a study whose file no journal has, nothing is known."""
    asked = questions_in(study) if study else None
    if asked is None:
        return ""
    kinds = {question.text: question.kind for question in getattr(asked, given.part)}
    fault = asked.fault(given.part, given.question, given.answer)
    if not fault and kinds[given.question] != given.kind:
        return f"the question is of kind {kinds[given.question]}, not {given.kind}"
    return fault
