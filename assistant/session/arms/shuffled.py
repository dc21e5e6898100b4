"""Shuffled feedback: a control arm with feedback on another problem, which tests whether any feedback helps."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources

from assistant.core.state import Program, State


@cache
def builtin_feedback() -> tuple[tuple[str, str], ...]:
    """(problem id, text): feedback written for this purpose, in the manner of casual users."""
    data = resources.files("assistant.session").joinpath("shuffled_words.toml").read_text("utf-8")
    return tuple((row["about"], row["words"]) for row in tomllib.loads(data)["feedback"])


def choose_feedback(state: State, program: Program, others: tuple[tuple[str, str], ...] = ()) -> str:
    """Feedback on another problem for this state: always the same for the same session and program.

    `others` are (problem id, feedback) of other sessions; the built-in list is used where there are none.
    """
    assert state.problem is not None
    candidates = [feedback for about, feedback in (others or builtin_feedback()) if about != state.problem.id]
    digest = hashlib.sha256(f"{state.session} {program.id}".encode()).digest()
    return candidates[int.from_bytes(digest[:4], "little") % len(candidates)]
