"""A control that says how many cases fail."""

from __future__ import annotations

from assistant.core.control_arms import ControlArm, LastTurn


def _hint(turn: LastTurn) -> str:
    return f"{len(turn.failing)} of the tests fail. Look again."


HINT = ControlArm(
    "example_hint", "number of failures", "the number of failing tests", "#444444", "*", prompt=_hint
)
