"""What a session comes from: its settings, the wording of its prompts, and the study that it belongs to."""

from __future__ import annotations

import hashlib
from typing import Literal

from assistant.core.generation import Sampling
from assistant.core.problem import FrozenModel


class PromptSettings(FrozenModel):
    """The template of the dialogue."""

    template: str = "insist"
    """The wording; chosen on recorded feedback (`assistant bench feedback --search`, see the README)."""
    template_sha256: str = ""
    visible_tests: int | None = None
    """How many visible tests the prompt shows; None is all of them."""
    failing_cases: bool = False
    """Whether failing cases accompany the person's feedback."""
    overflow: Literal["drop", "refuse"] = "drop"
    """When the dialogue exceeds the context: leave out the oldest rounds, or refuse with an error."""


class StudyInfo(FrozenModel):
    """The study that a session belongs to."""

    name: str
    sha256: str
    condition: dict[str, str] = {}
    """What this session was assigned, e.g. `{"failing_cases": "yes"}`."""
    text: str = ""
    """The study file itself; empty in journals written before this was recorded."""
    position: int | None = None
    """The problem's place in this annotator's order, from 1."""
    total: int | None = None
    """How many problems that order has."""
    frozen_at: str = ""
    """When the plan was frozen under which the session is held (`assistant study freeze`), ISO 8601 UTC; empty where
    it is held under none."""
    frozen_sha256: str = ""
    """Hash of that time and of `text` (`freeze_sha256`)."""


def freeze_sha256(frozen_at: str, text: str) -> str:
    """SHA-256 of a frozen study: of the time in a line of its own, and the study file's text."""
    return hashlib.sha256(f"{frozen_at}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


Arm = Literal["human", "retry", "tests", "resample", "shuffled", "simulated", "draw"]


class Settings(FrozenModel):
    """What a session was asked to do; fixed at its start."""

    rounds: int = 4
    samples: int = 1
    sampling: Sampling = Sampling()
    prompt: PromptSettings = PromptSettings()
    arms: tuple[Arm, ...] | None = None
    """Control arms to be made in the background; None (never in a journal) lets the device decide."""
    redraw: bool = False
    """Whether an answer without a program is drawn once more in the same round; control arms then do the same."""
    redraw_unchanged: bool = False
    """Whether the same for an answer that is the program that was spoken about; control arms then do the same."""
    unchanged_uses_round: bool = True
    """Whether feedback uses a round up whose answer holds the program before it, or none."""
    branching: bool = True
    """Whether the person may go back to an earlier round and go on from there, with that round's tries again."""
    max_branches: int | None = None
    """How often the person may go back; None is as often as they like."""
    continue_after_end: bool = False
    """Whether the person may go on after the end, beyond the experiment."""
    draws: int | None = 0
    """Further draws of each answer, made in the background and offered; None (never in a journal) lets the device
    decide."""
    point_by_point: bool | None = False
    """Whether the points of feedback that names several are taken one after the other, in further steps of the same
    round, where its answer does not pass the visible tests; None (never in a journal) lets the engine decide."""
    person_alone: bool = False
    """Whether the person writes the program without the model: it is asked nothing, and edits alone are tested."""
    minutes: float | None = None
    """The person's own time (reading, typing, editing) after which the session ends; None is as long as they like."""

    def seconds_left(self, active: float) -> float | None:
        """Of the time limit, after so many seconds of the person's own time; None where there is no limit."""
        return None if self.minutes is None else 60 * self.minutes - active


ALONE = Settings(rounds=0, arms=(), person_alone=True)
"""Settings of every session in which a person works alone: a model is asked nothing, so that nothing else is set."""
