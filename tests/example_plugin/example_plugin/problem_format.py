"""Problems as `{"ask": …, "name": …, "pairs": [[argument, result], …]}`."""

from __future__ import annotations

from typing import Any

from assistant.core.problem import AssertTest, Problem

NAME = "example pairs"
FIELDS = ("ask", "name", "pairs")


def recognise(record: dict[str, Any]) -> bool:
    """Whether a record is of this format."""
    return record.keys() >= set(FIELDS)


def convert(record: dict[str, Any], where: str) -> Problem:
    """The record as a problem."""
    name = record["name"]
    return Problem(
        id=f"example/{name}",
        text=record["ask"],
        entry_point=name,
        visible_tests=tuple(AssertTest(code=f"assert {name}({a!r}) == {b!r}") for a, b in record["pairs"]),
        source="example",
    )
