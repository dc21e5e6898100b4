"""What a session comes from: the wording of its prompts, and the study that it belongs to."""

from __future__ import annotations

from typing import Literal

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
