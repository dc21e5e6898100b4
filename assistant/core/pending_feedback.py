"""How long feedback waits for an answer, and whether the answer is another program.

One rule for the state of a session that runs (`core.state`) and for records of journals (`journal.record_fold`).
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant.core.events import DIALOGUE_ARMS
from assistant.core.program_equality import same_program

WITHDRAWN_BY = frozenset({"code_edited", "program_chosen"})
"""Events after which feedback waits no longer, though nothing answered it."""


def is_answered(arm: str, samples: int, finished: int, complete: int) -> bool:
    """Whether a turn of which `finished` of `samples` are there, `complete` of them whole, answers what waits."""
    return arm in DIALOGUE_ARMS and finished >= samples and complete > 0


def is_last_program(code: str, before: Iterable[str | None]) -> bool:
    """Whether `code` is the last program of `before`, from the latest back; None is an answer without a program."""
    last = next((known for known in before if known is not None), None)
    return last is not None and same_program(last, code)
