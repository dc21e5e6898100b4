"""DS-1000 (Lai et al. 2023) is recognised and refused with the reason, so that nobody takes it for a damaged file."""

from __future__ import annotations

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import Problem
from assistant.core.submission import GRANTED_PACKAGES
from assistant.problems.records import Record

NAME = "DS-1000"
FIELDS = ("prompt", "reference_code", "code_context")
ORDER = 3


def recognise(record: Record) -> bool:
    """Whether the record has DS-1000's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """Raises ProblemSourceError: its tests run inside the program, with libraries that the sandbox does not grant."""
    raise ProblemSourceError(
        "DS-1000 is not read: its tests run the program's text by exec beside pandas, scipy, torch and others, and "
        f"the sandbox grants programs {', '.join(GRANTED_PACKAGES)} alone. Use BigCodeBench, whose problems without "
        "such libraries can be judged"
    )
