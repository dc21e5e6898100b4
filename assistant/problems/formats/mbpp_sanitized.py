"""MBPP's sanitized release: 427 tasks whose text (here `prompt`) and tests were edited by hand."""

from __future__ import annotations

from assistant.core.problem import Problem
from assistant.problems.formats.mbpp import mbpp_problem
from assistant.problems.records import Record, text_field, text_list_field

NAME = "MBPP sanitized"
FIELDS = ("task_id", "prompt", "code", "test_list")
ORDER = 7


def recognise(record: Record) -> bool:
    """Whether the record has the sanitized release's fields."""
    return all(field in record for field in FIELDS) and "text" not in record


def convert(record: Record, where: str) -> Problem:
    """The record as a problem; `test_imports` become the test setup."""
    return mbpp_problem(
        record,
        text=text_field(record, "prompt"),
        hidden=[],
        setup="\n".join(text_list_field(record, "test_imports")),
        source="mbpp-sanitized",
        suite=NAME,
    )
