"""What a person can ask of a session, as values: `Session.execute(command)` is the one way in.

A front end makes a command where the person acts and hands it to the thread that owns the session. Nothing is
checked when a command is made: a refusal is a UsageError from `execute`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from assistant.core.errors import UsageError
from assistant.core.events import Author, ConsentGiven, Effort, EndReason
from assistant.core.problem import AssertTest, Test
from assistant.core.safe_ast import read_expression
from assistant.core.state import State


@dataclass(frozen=True)
class Command:
    """Base of all commands."""

    clock: Effort | None = field(default=None, kw_only=True)
    """The effort clock's totals, in seconds, at the moment when the command was given; recorded before the command
    is executed. None where no clock runs."""


@dataclass(frozen=True)
class Start(Command):
    """The first answer and its verdict; in a resumed session, whatever was cut off."""


@dataclass(frozen=True)
class GiveFeedback(Command):
    """Feedback on the current program, then the model's next answer and its verdict."""

    text: str
    kinds: tuple[str, ...] = ()
    """Labels that the person gave it."""
    effort: Effort = field(default_factory=Effort)
    """Seconds that went into it: since the last feedback, the last edit, or the session's start."""
    author: Author | None = None
    """Who speaks; None is the session's own author."""
    author_model: str = ""
    """Name of the model that speaks, where `author` is `model`."""


@dataclass(frozen=True)
class Regenerate(Command):
    """Generate again where an answer was cancelled or failed."""


@dataclass(frozen=True)
class DrawAnother(Command):
    """One more answer to the prompt that led to the current program, at a temperature: shown beside it."""


@dataclass(frozen=True)
class EditCode(Command):
    """The person's own version of the current program, and its verdict. The round stays the same."""

    code: str
    effort: Effort = field(default_factory=Effort)
    """Seconds that went into it, as for feedback."""
    editor: str = "inline"
    """`inline`, or `external` for the person's own editor."""


@dataclass(frozen=True)
class ChooseProgram(Command):
    """Continue from another sample of this round, or from an earlier round (a branch)."""

    program: str
    """Its id, e.g. `t0s0`."""
    reason: str = ""


@dataclass(frozen=True)
class AddTest(Command):
    """An extra visible test for this session; the current program is tested again.

    Beyond the experiment it may be a hidden test that failed at the end, which then is a visible one.
    """

    test: Test

    @classmethod
    def written(cls, expression: str, *, clock: Effort | None = None) -> AddTest:
        """The test that somebody writes as `f(2) == 4`. Raises UsageError for what is no expression."""
        return cls(AssertTest(code=assertion(expression)), clock=clock)


@dataclass(frozen=True)
class RemoveTest(Command):
    """Take back a test that was added in this session; the current program is tested again."""

    test: Test


@dataclass(frozen=True)
class Evaluate(Command):
    """Evaluate an expression in the process of the current program, in the sandbox."""

    expression: str


@dataclass(frozen=True)
class Continue(Command):
    """Go on after the end, beyond the experiment: nothing that follows is counted in its results."""

    rounds: int = 2
    """How many more rounds."""


@dataclass(frozen=True)
class End(Command):
    """Close the session. Only one that was interrupted can be resumed."""

    reason: EndReason
    note: str = ""


@dataclass(frozen=True)
class Leave(Command):
    """Interrupt the session, to be resumed another day; nothing happens where it has ended."""

    draft: str | None = None
    """Feedback that was not sent; None leaves the recorded draft as it is."""


class ConsentRules(Protocol):
    """Where the answers to a study's consent text are known (`annotation_queue.AnnotationQueue`)."""

    def consent_event(self, state: State, granted: bool) -> ConsentGiven | None:
        """The answer as this session's journal has to say it; None where it says so already."""
        ...


@dataclass(frozen=True)
class GiveConsent(Command):
    """The answer to the study's consent text under which the session is made. It comes before `Start`."""

    study: ConsentRules
    granted: bool


@dataclass(frozen=True)
class AnswerQuestion(Command):
    """The answer to a study's question after the problem; an empty one skips it. The last lets the session end."""

    question: str
    answer: str


AnyCommand = (
    Start
    | GiveFeedback
    | Regenerate
    | DrawAnother
    | EditCode
    | ChooseProgram
    | AddTest
    | RemoveTest
    | Evaluate
    | Continue
    | End
    | Leave
    | GiveConsent
    | AnswerQuestion
)


def assertion(text: str) -> str:
    """`assert f(2) == 4` for `f(2) == 4`, with or without the `assert`. Raises UsageError for other text."""
    expression = text.strip().removeprefix("assert ").strip()
    try:
        read_expression(expression)
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"not a Python expression: {reason}; write e.g. :test f(1) == 2") from None
    return f"assert {expression}"
