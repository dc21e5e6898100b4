"""One program of a session that runs."""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.generation import COMPLETE, Finish
from assistant.core.outcome import Report, is_false_solve
from assistant.core.problem import FrozenModel


class Program(FrozenModel):
    """One program of the session: a model's sample, a person's edit, or the function that a person brought."""

    id: str
    turn: int
    sample: int = 0
    round: int
    parent: str | None = None
    arm: ev.Arm = "human"
    edited: bool = False
    given: bool = False
    """A person brought it: it stands in the place of the first answer."""
    feedback: str = ""
    """The feedback that led to it, empty for round 0."""
    text: str = ""
    """The model's whole answer; empty for what a person wrote."""
    code: str | None = None
    answer_problem: str = ""
    finish: Finish | None = None
    visible: Report | None = None
    hidden: Report | None = None
    redraw_of: int | None = None
    """The turn whose prompt was drawn once more for it, because that turn gave no program or no other one."""

    @property
    def answers_feedback(self) -> bool:
        """Whether feedback on its parent led to it: neither a first answer nor an edit."""
        return self.parent is not None and not self.edited

    @property
    def solved(self) -> bool:
        """All visible tests pass."""
        return self.visible is not None and self.visible.passed

    @property
    def hidden_passed(self) -> bool | None:
        """All hidden tests pass; None where none has judged it."""
        return None if self.hidden is None else self.hidden.passed

    @property
    def false_solve(self) -> bool:
        """Passes the visible tests and fails a hidden one."""
        return is_false_solve(self.solved, self.hidden_passed)

    @property
    def complete(self) -> bool:
        """Neither cancelled nor failed: it counts as an answer."""
        return self.finish is None or self.finish.reason in COMPLETE
