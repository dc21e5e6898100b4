"""Answers about consent that are given outside a session: an append-only file next to the journals.

One line an answer (see `ConsentAnswer`). `withdrawn` takes every session of the annotator out of every later export,
whatever the journals say; `refused` is a no to the text itself, with the same effect. `granted` stands for sessions
without a consent question, or in which the annotator had refused before, and lifts an earlier withdrawal. The last
answer of an annotator counts. A last line that a crash cut off was never confirmed; the next answer sets it aside.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from assistant.core.problem import FrozenModel
from assistant.storage.ledger import Ledger

NAME = "consent.jsonl"


class ConsentAnswer(FrozenModel):
    """One annotator's answer."""

    time: str
    annotator: str
    answer: Literal["granted", "refused", "withdrawn"]
    version: str = ""
    text_sha256: str = ""
    """Of the text that was agreed to or refused; empty for a withdrawal."""
    text: str = ""
    """The text itself; empty for a withdrawal, and in lines written before this was recorded."""
    recorded_by: Literal["", "annotator", "researcher"] = ""
    """Who entered the answer; empty in lines written before this was recorded."""


def read_answers(folder: Path, *, without_torn: bool = False) -> dict[str, ConsentAnswer]:
    """The last answer of every annotator in the folder's ledger. Raises `JournalError` naming a wrong line.

    A last line that was cut off is wrong, too: it may have been a withdrawal. `without_torn` leaves it out; the
    next answer sets it aside.
    """
    return {answer.annotator: answer for answer in consent_ledger(folder).rows(without_torn=without_torn)}


def consent_ledger(folder: Path) -> Ledger[ConsentAnswer]:
    """The folder's answers about consent."""
    return Ledger(
        folder / NAME,
        ConsentAnswer,
        "an answer about consent",
        without="nothing is exported",
        repair="correct it, or repeat that answer where it was cut off: nothing is exported meanwhile",
    )


def add_answer(
    folder: Path,
    annotator: str,
    answer: Literal["granted", "refused", "withdrawn"],
    *,
    version: str = "",
    text_sha256: str = "",
    text: str = "",
    recorded_by: Literal["annotator", "researcher"] = "annotator",
) -> ConsentAnswer:
    """Append an answer, on disk when this returns. Raises `JournalError`."""
    given = ConsentAnswer(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        annotator=annotator,
        answer=answer,
        version=version,
        text_sha256=text_sha256,
        text=text,
        recorded_by=recorded_by,
    )
    consent_ledger(folder).add([given])
    return given
