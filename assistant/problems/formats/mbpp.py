"""MBPP, the full release (Austin et al. 2021): `text`, `code`, three visible asserts, sometimes challenge tests.

The tests in `test_list` are shown, those in `challenge_test_list` are hidden. `test_setup_code` runs after
the candidate: tasks 367 and 927 build objects of a class that the candidate defines. Standard modules that
the tests name are imported by the setup too.
"""

from __future__ import annotations

from typing import Literal

from assistant.core.problem import AssertTest, Problem
from assistant.problems.records import BadRecord, Record, text_field, text_list_field
from assistant.problems.syntax import entry_point_of, imports_for

NAME = "MBPP"
FIELDS = ("task_id", "text", "code", "test_list")
ORDER = 5
LICENCE = "CC-BY-4.0"
PREFIX = "mbpp/"

RELEASES_DIFFER = frozenset({341, 596, 642})
"""Tasks whose reference solution fails its tests in the older release; the repaired one is to be preferred."""

Split = Literal["prompt", "test", "validation", "train"]


def recognise(record: Record) -> bool:
    """Whether the record has the full release's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem."""
    return mbpp_problem(
        record,
        text=text_field(record, "text"),
        hidden=text_list_field(record, "challenge_test_list"),
        setup=text_field(record, "test_setup_code", default="").strip(),
        source="mbpp",
        suite=NAME,
    )


def mbpp_problem(
    record: Record, *, text: str, hidden: list[str], setup: str, source: str, suite: str
) -> Problem:
    """What both releases share: `code`, `test_list`, `task_id`."""
    code = text_field(record, "code").strip()
    visible = text_list_field(record, "test_list")
    if not visible:
        raise BadRecord("test_list is empty")
    number = task_number(record.get("task_id"))
    return Problem(
        id=f"{PREFIX}{number}",
        text=text.strip(),
        entry_point=entry_point_of(visible, code),
        visible_tests=tuple(AssertTest(code=test, suites=(suite,)) for test in visible),
        hidden_tests=tuple(AssertTest(code=test) for test in hidden),
        test_setup=with_test_imports(setup, [*visible, *hidden], code),
        reference=code,
        source=source,
        licence=LICENCE,
        tags=_tags(number),
    )


def with_test_imports(setup: str, tests: list[str], reference: str) -> str:
    """The setup, with imports in front for standard modules that the tests name and it does not import."""
    given = setup.splitlines()
    imports = [line for line in imports_for(tests, reference) if line not in given]
    return "\n".join([*imports, setup]).strip()


def task_number(task_id: object) -> int:
    """The number in `11`, `"11"`, `Mbpp/11` or `mbpp/11`."""
    try:
        return int(str(task_id).rpartition("/")[2])
    except ValueError:
        raise BadRecord(f"task_id {task_id!r} is not a number") from None


def mbpp_split(task_id: int | str) -> Split:
    """The paper's split of a task: 1–10 prompt, 11–510 test, 511–600 validation, 601–974 train."""
    number = task_number(task_id)
    if not 1 <= number <= 974:
        raise ValueError(f"MBPP has tasks 1 to 974, not {number}")
    return (
        "prompt" if number <= 10 else "test" if number <= 510 else "validation" if number <= 600 else "train"
    )


def _tags(number: int) -> tuple[str, ...]:
    split = (f"split:{mbpp_split(number)}",) if 1 <= number <= 974 else ()
    return (*split, "releases-differ") if number in RELEASES_DIFFER else split
