"""Rows `{"example_note": …, "program": …}`: a program and a note on it."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.generation import Message
from assistant.core.problem import AssertTest, Problem
from assistant.datasets.importers.base import Importer, Row, Source, each_row
from assistant.datasets.importers.imported_session import (
    ImportedAnswer,
    ImportedFeedback,
    ImportedSession,
    imported_model,
)

PROBLEM = Problem(
    id="example_notes/add",
    text="Write add.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"),),
    source="example_notes",
)


def _session(row: Row, source: Source) -> ImportedSession:
    asked = (Message(role="user", content=PROBLEM.text),)
    return ImportedSession(
        dataset="example_notes",
        name=f"example_notes-{row['id']}",
        annotator="example-annotator",
        model=imported_model("example", chat=True),
        author="person",
        author_model="",
        problem=PROBLEM,
        steps=(ImportedAnswer(asked, row["program"], row["program"]), ImportedFeedback(row["example_note"])),
        rounds=1,
    )


def _sessions(source: Source) -> Iterator[ImportedSession]:
    return each_row(_session, source)


NOTES = Importer(
    "example_notes", lambda row: "example_note" in row, _sessions, licence="mit", about="Made for an example."
)
