"""What a session comes from: the wording of its prompts, and the study that it belongs to."""

from __future__ import annotations

import hashlib
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
    frozen_at: str = ""
    """When the plan was frozen under which the session is held (`assistant study freeze`), ISO 8601 UTC; empty where
    it is held under none."""
    frozen_sha256: str = ""
    """Hash of that time and of `text` (`freeze_sha256`)."""


def freeze_sha256(frozen_at: str, text: str) -> str:
    """SHA-256 of a frozen study: of the time in a line of its own, and the study file's text."""
    return hashlib.sha256(f"{frozen_at}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
