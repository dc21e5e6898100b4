"""What a problem may hold to be shown and recorded: labels without unseen characters, text that is text."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.printable import exact_line, half_character
from assistant.core.problem import Problem
from assistant.problems.records import BadRecord


def checked(problem: Problem) -> Problem:
    """`problem` itself. Raises `BadRecord` for a label with a character that cannot be seen (a control or bidi
    character would drive the terminal that lists it), and for half of a surrogate pair anywhere."""
    for field, label in _labels(problem):
        shown = exact_line(label)
        if shown != label:
            raise BadRecord(f"its {field} holds a character that cannot be seen: {shown[:80]}")
    try:
        problem.model_dump_json()
    except ValueError:
        raise BadRecord(f"its text holds half a character ({_half(problem)}), which is no Unicode") from None
    return problem


def _labels(problem: Problem) -> Iterator[tuple[str, str]]:
    for field in ("id", "entry_point", "source", "licence", "difficulty"):
        yield field, getattr(problem, field)
    for tag in problem.tags:
        yield "tags", tag


def _half(problem: Problem) -> str:
    tests = (test.text("") for test in (*problem.visible_tests, *problem.hidden_tests))
    texts = (problem.text, problem.test_setup, problem.stub, problem.reference, *tests)
    return next((half for text in texts if (half := half_character(text))), "a lone surrogate")
