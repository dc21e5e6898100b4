"""What an environment of another framework is made of: the task, the words that were said, and the tests to judge by.

A session becomes one task: its prompt as first asked, and the feedback that was given after wrong programs, in order.
The tests go with it, and never into a prompt but those that the person's model was shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.core.problem import Problem
from assistant.core.speaker import PEOPLE
from assistant.datasets.features import JSON, Columns
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView
from assistant.datasets.transcript import last_program, said_by_person, transcript_steps
from assistant.journal.records import ProgramRecord

COLUMNS: Columns = {"prompt": JSON, "steps": JSON, "tests": JSON, "answer": "string"}
RETRY = "That is not right yet. Read the task again, find out why it fails, and write the whole function once more."
"""What the user says where nothing (more) was recorded: the fixed retry."""


def environment_tasks(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    """A row for every session with a program that counts and tests that judge it."""
    for view in views:
        last = last_program(view)
        if last is not None and view.problem.visible_tests:
            yield {
                "prompt": view.opening(last),
                "steps": [step for step in transcript_steps(view, last) if step["kind"] != "task"],
                "tests": judged_by(view.problem),
                "answer": view.problem.reference or _right(view),
                **provenance(view, last, place),
            }


def judged_by(problem: Problem) -> Row:
    """The problem with its tests, as JSON, without a solution."""
    bare = problem.model_copy(update={"reference": "", "given": "", "stub": ""})
    made: Row = bare.model_dump(mode="json")
    return made


def _right(view: SessionView) -> str:
    """A right program of the session, where the problem has no reference."""
    found: list[ProgramRecord] = [program for program in view.counted if view.right(program)]
    return (found[-1].code or "") if found else ""


def words(row: Row) -> list[str]:
    """What was said in the session after each program; what no person said is labelled."""
    return [said_by_person(step) for step in row["steps"] if step["kind"] == "feedback"]


def is_of_people(row: Row) -> bool:
    """Whether people said it."""
    return bool(row["speaker"] == PEOPLE)
