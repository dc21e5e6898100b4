"""What exported people answered before a study's first problem and after its last: a row for each answer."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from assistant.datasets.pii import PersonalData, find, redact
from assistant.datasets.provenance import pseudonym
from assistant.datasets.session_view import Row
from assistant.journal.study_answers import NAME, last_study_answers


@dataclass(frozen=True)
class PersonAnswers:
    """The rows, and the personal data in them."""

    rows: tuple[Row, ...]
    findings: tuple[PersonalData, ...]

    def write(self, folder: Path) -> None:
        """Put them into the dataset's folder, as JSON Lines; nothing where there are none."""
        if self.rows:
            lines = (f"{json.dumps(row, ensure_ascii=False)}\n" for row in self.rows)
            (folder / NAME).write_text("".join(lines), encoding="utf-8")


def person_answers(folder: Path, people: Collection[tuple[str, str]], personal: str) -> PersonAnswers:
    """The answers of `people` (study and annotator) in a folder of journals; `personal` is the rule about such data.

    Whoever has no exported session, for want of consent too, is not among them. Raises `JournalError`.
    """
    rows: list[Row] = []
    findings: list[PersonalData] = []
    for given in last_study_answers(folder):
        if (given.study, given.annotator) not in people:
            continue
        who = pseudonym(given.annotator)
        found = find(f"{NAME}, {who}", [given.answer], given.question)
        findings += found
        answer = redact(given.answer, found) if found and personal == "redact" else given.answer
        rows.append(
            {
                "annotator": who, "study": given.study, "study_sha256": given.study_sha256, "part": given.part,
                "question": given.question, "kind": given.kind, "answer": answer,
                "redacted": answer != given.answer,
            }
        )  # fmt: skip
    return PersonAnswers(tuple(rows), tuple(findings))
