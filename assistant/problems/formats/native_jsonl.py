"""Our own JSON Lines: one problem a line, in exactly the shape of `Problem.model_dump(mode="json")`.

Required are `id`, `text`, `entry_point` and `visible_tests`; everything else may be left out. A test is an
object with its `kind`, or simply a string, which means an assert:

    {"id": "starter/1", "text": "Write a function that …", "entry_point": "vowels",
     "visible_tests": ["assert vowels('aeb') == 2", {"kind": "call", "arguments": "['x']", "expected": "0"}],
     "hidden_tests": ["assert vowels('') == 0"], "reference": "def vowels(text): …",
     "licence": "Apache-2.0", "source": "starter", "tags": ["strings"], "difficulty": "easy"}
"""

from __future__ import annotations

from typing import Any

from assistant.core.problem import Problem
from assistant.problems.records import Record, plain_text

NAME = "own JSON Lines"
FIELDS = ("id", "text", "entry_point", "visible_tests")
ORDER = 1


def recognise(record: Record) -> bool:
    """Whether the record has this format's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem. A null counts as absent: so tables write a column that a row has no value for."""
    fields = {name: value for name, value in record.items() if value is not None}
    fields.setdefault("source", "own")
    for name in ("visible_tests", "hidden_tests"):
        if isinstance(fields.get(name), list):
            fields[name] = [_test(test) for test in fields[name]]
    return Problem.model_validate(fields)


def _test(test: Any) -> Any:
    if isinstance(test, dict):
        return {name: value for name, value in test.items() if value is not None}
    return {"kind": "assert", "code": plain_text(test).strip()} if isinstance(test, str) else test
