"""The common form of imported datasets: a problem, answers, feedback on them, and edited programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assistant.core.generation import Message, ModelInfo, Sampling
from assistant.core.problem import Problem


@dataclass(frozen=True)
class ImportedAnswer:
    """A model's answer to the messages it was sent."""

    messages: tuple[Message, ...]
    text: str
    code: str | None
    raw: bool = False


@dataclass(frozen=True)
class ImportedFeedback:
    """Feedback on the last program."""

    text: str


@dataclass(frozen=True)
class ImportedEdit:
    """A person's own version of the last program."""

    code: str


@dataclass(frozen=True)
class ImportedSession:
    """One session of another dataset. All its feedback is of one author."""

    dataset: str
    name: str
    """Unique within the dataset and the same at every import."""
    annotator: str
    model: ModelInfo
    author: Literal["person", "model"]
    author_model: str
    """Name of the model that spoke; empty where a person did."""
    problem: Problem
    steps: tuple[ImportedAnswer | ImportedFeedback | ImportedEdit, ...]
    rounds: int
    """Feedbacks that the dataset allows, however many this session had: its length depends on how it went."""
    sampling: Sampling = field(default_factory=Sampling)
    shown_tests: int | None = None


def imported_model(name: str, *, chat: bool) -> ModelInfo:
    """A model that ran elsewhere, of which the name is all that is known."""
    return ModelInfo(engine="imported", name=name, is_chat=chat)
