"""What the record of a session is made of, as frozen values: programs, feedback between them, edits and consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from assistant.core.effort import Effort
from assistant.core.outcome import is_false_solve


class Model(NamedTuple):
    """What identifies the model of a generation."""

    name: str
    revision: str = ""
    weights_sha256: str = ""
    precision: str = ""


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """What a turn's generation was sent, and to which model."""

    messages: Sequence[dict[str, str]]
    raw: bool
    template_sha256: str
    model: Model


@dataclass(frozen=True, slots=True)
class Content:
    """The texts of a program, read only where they are asked for: reports and finish as they are in the journal."""

    text: str
    """The model's whole answer; empty for an edit."""
    code: str | None
    finish: Mapping[str, Any]
    """Empty for an edit."""
    visible: Mapping[str, Any] | None
    hidden: Mapping[str, Any] | None
    prompt: PromptRecord | None
    """None for an edit."""


class ProgramRecord(NamedTuple):
    """One program: a model's sample, a person's edit, or the function that a person brought."""

    seq: int
    id: str
    turn: int
    sample: int
    round: int
    parent: str | None
    arm: str
    edited: bool
    """A person wrote it."""
    complete: bool
    """Neither cancelled nor failed."""
    solved: bool
    """Every visible test passed."""
    hidden_passed: bool | None
    """Every hidden test passed; None where none has judged it."""
    code_sha256: str
    prompt_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0
    sealed: bool = True
    """No visible test ran in the program's process, which could then have forged its verdict."""
    redraw_of: int | None = None
    """The turn that gave no program, or no other one, and whose prompt was drawn once more for this one."""
    unchanged: bool = False
    """It answers feedback in the dialogue, and is the last program on the path to it."""
    draw_of: int | None = None
    """The turn whose prompt it answers, for a further draw."""
    point: int | None = None
    """The point of its feedback that it was asked for by itself: such a step was offered to nobody."""
    chosen: bool = False
    """The person went on from it by choice."""
    hard_coded: int = 0
    """Visible tests whose inputs it names, where it passes all of them."""
    passed: int = -1
    """How many visible tests passed when it was first judged; -1 without a verdict."""
    judged: bool = True
    """It has a verdict of the visible tests, or no code that could have one."""
    feedback: int | None = None
    """Place in the session's feedback of the one that it answers (for an edit: the last one on its parent)."""
    content: Content | None = None
    """None where the journal was read without its texts."""

    @property
    def texts(self) -> Content:
        """Its content. Raises ValueError where the journal was read without."""
        if self.content is None:
            raise ValueError(f"program {self.id} was read without its texts")
        return self.content

    @property
    def code(self) -> str | None:
        """The program itself; None where the answer held none."""
        return self.texts.code

    @property
    def counts(self) -> bool:
        """Whether rates count it as an answer: complete, and judged."""
        return self.complete and self.judged

    @property
    def false_solve(self) -> bool:
        return is_false_solve(self.solved, self.hidden_passed)

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.prompt_tokens + self.generated_tokens


@dataclass(frozen=True, slots=True)
class Feedback:
    """Feedback on the program `about`; `round` is the one that it leads to."""

    seq: int
    about: str
    round: int
    text: str
    kinds: tuple[str, ...]
    effort: Effort
    author: str
    code: str
    """The program that the feedback is on."""
    author_model: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A person edited the code by hand; `program` is the result."""

    seq: int
    program: str
    round: int
    effort: Effort


class StudyFreeze(NamedTuple):
    """The frozen plan of a study (`assistant study freeze`)."""

    at: str
    """When it was frozen, ISO 8601 UTC."""
    sha256: str
    text: str
    """The study file."""


class ConsentRecord(NamedTuple):
    """The annotator's answers about consent within the session."""

    granted: bool
    """The last one."""
    time: str
    """When that was given, ISO 8601 UTC."""
    agreed: tuple[str, ...]
    """Versions of the texts that were agreed to, with the start of their hash."""
