"""The journal's events: one model a line of JSON. A reader needs this file and `session_origin.py`.

Every recorded event has `schema`, `seq`, `time`, `mono` and `prev` (see `Stamp`); the session's events refer
to programs by id: `t3s0` is sample 0 of turn 3. A *turn* is anything that makes programs (a generation, an
edit); turns are numbered in the order they happened and never reused. A program's *round* is the one that the
feedback before it led to: how many feedbacks on the path used a round up (`State.rounds_used`), and this one.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from assistant.core.effort import Effort as Effort
from assistant.core.effort import total_effort as total_effort
from assistant.core.generation import Chunk, Finish, Message, ModelInfo, Sampling
from assistant.core.outcome import Report
from assistant.core.problem import FrozenModel, Problem, Test
from assistant.core.session_origin import ALONE as ALONE
from assistant.core.session_origin import Arm as Arm
from assistant.core.session_origin import PromptSettings as PromptSettings
from assistant.core.session_origin import Settings as Settings
from assistant.core.session_origin import StudyInfo as StudyInfo
from assistant.core.session_origin import freeze_sha256 as freeze_sha256

SCHEMA = 1

DIALOGUE_ARMS: tuple[Arm, ...] = ("human", "simulated")
"""Arms that answer feedback on their own session's program; the others are control arms, but for `DRAW`."""
DRAW: Arm = "draw"
"""Further answers to the prompt of a turn of the dialogue, offered to the person: no control, and no answer of theirs
until they go on from it."""
EndReason = Literal["solved", "rounds_used_up", "gave_up", "bad_task", "interrupted"]
Author = Literal["person", "model", "unknown"]
"""Author of the feedback: `unknown` where the input is not a terminal and `--author` is missing."""
Interface = Literal["", "app", "browser", "plain", "python", "import", "bench"]
"""What the session was held in; empty in journals written before this was recorded."""


def is_final(reason: str) -> bool:
    """Whether a session that ended for this reason cannot be continued; `open` stands for no end."""
    return reason not in ("open", "interrupted")


CONTINUABLE: tuple[EndReason, ...] = ("solved", "rounds_used_up", "gave_up")
"""Ends after which a session may go on, beyond the experiment (`SessionContinued`)."""


class Event(FrozenModel):
    """Base of everything that is written to a journal."""

    type: str

    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionStarted(Event):
    """The first line: all that is needed to understand and repeat the session."""

    type: Literal["session_started"] = "session_started"
    session: str
    app_version: str
    annotator: str
    problem: Problem
    problem_sha256: str
    model: ModelInfo
    settings: Settings
    sandbox: dict[str, bool | str]
    """Layers in force."""
    machine: dict[str, str] = {}
    """Python, operating system, processor; never a name, address or path."""
    study: StudyInfo | None = None
    imported_from: str = ""
    """Set for journals made from other people's datasets; their feedback is never mixed with ours."""
    author: Author = "person"
    """Who is to speak in this session; each `feedback_given` says who did."""
    author_model: str = ""
    """Name of the model that speaks, where `author` is `model`."""
    interface: Interface = ""
    terminal: str = ""
    """Size of the terminal in characters, e.g. `120x36`; empty without one."""


class SessionResumed(Event):
    """The session was opened again, perhaps by another version or on another model build."""

    type: Literal["session_resumed"] = "session_resumed"
    app_version: str
    model: ModelInfo
    sandbox: dict[str, bool | str]
    machine: dict[str, str] = {}
    annotator: str = ""
    """Who goes on; empty in journals written before this was recorded."""
    author: Author = "person"
    author_model: str = ""
    interface: Interface = ""
    terminal: str = ""
    command: str = ""
    """The command that resumed it, e.g. `resume` or `run --study`."""


class GenerationStarted(Event):
    """A prompt was sent. For control arms, `parent` is the program that the person's feedback was about."""

    type: Literal["generation_started"] = "generation_started"
    turn: int
    arm: Arm = "human"
    round: int
    parent: str | None = None
    messages: tuple[Message, ...]
    sampling: Sampling
    samples: int = 1
    raw: bool = False
    stop: tuple[str, ...] = ()
    until_program: str | None = None
    """The entry point at whose complete program the answer was to end; None: the model ended it."""
    template_sha256: str
    dropped_rounds: int = 0
    """Oldest rounds left out of the messages because the context was full."""
    redraw_of: int | None = None
    """The turn whose answers held no program or the same one, where this turn draws the same prompt once more."""
    draw_of: int | None = None
    """The turn of the dialogue of whose prompt this one (arm `draw`) makes further draws."""
    point: int | None = None
    """The point of the feedback, from 1, that this turn takes by itself: a step, as a further draw of one answer."""


class GenerationFinished(Event):
    """One sample is complete (or was cancelled): the text as it came and the program found in it."""

    type: Literal["generation_finished"] = "generation_finished"
    turn: int
    arm: Arm = "human"
    round: int
    program: str
    finish: Finish
    code: str | None = None
    """The program extracted from the text; None when there was none."""
    answer_problem: str = ""
    """Why no program was found, in one line."""


class ProgramGiven(Event):
    """What a person brings, or begins with where they work alone, is the program of round 0: no first answer."""

    type: Literal["program_given"] = "program_given"
    turn: int = 0
    round: int = 0
    program: str
    code: str
    origin: Literal["file", "pasted", "stub"] = "file"
    """Where the code came from: `assistant fix`, typed into the app, or made of the problem for a person who works
    alone (`core/starting_code.py`)."""


class TestsFinished(Event):
    """Verdicts of the visible tests on one program."""

    __test__ = False  # not a pytest class

    type: Literal["tests_finished"] = "tests_finished"
    turn: int
    arm: Arm = "human"
    round: int
    program: str
    code_sha256: str
    hard_coded: int | None = None
    """Visible tests whose inputs a program that passes all of them names (`core/hard_coding.py`): a hint, no verdict.
    None in journals written before this was recorded."""
    visible: Report


class HiddenScored(Event):
    """The silent verdict of the hidden tests; never shown before the session ends."""

    type: Literal["hidden_scored"] = "hidden_scored"
    turn: int
    arm: Arm = "human"
    round: int
    program: str
    hidden: Report


class FeedbackGiven(Event):
    """The person's feedback on `program`; the next generation answers it."""

    type: Literal["feedback_given"] = "feedback_given"
    program: str
    round: int
    """The round that this feedback leads to (1 for the first feedback); again the same one where the feedback
    before used none up."""
    text: str
    kinds: tuple[str, ...] = ()
    effort: Effort = Effort()
    """Since the last feedback or the session's start."""
    author: Author = "person"
    author_model: str = ""
    """Name of the model that spoke, where `author` is `model`."""


class CodeEdited(Event):
    """The person edited the code by hand: a new program in the same round."""

    type: Literal["code_edited"] = "code_edited"
    turn: int
    round: int
    parent: str
    program: str
    code: str
    effort: Effort = Effort()
    editor: Literal["inline", "external"] = "inline"


class ProgramChosen(Event):
    """The session goes on from this program: another sample, a further draw, or an earlier round (a branch)."""

    type: Literal["program_chosen"] = "program_chosen"
    program: str
    branch: bool = False
    """True when turns after it leave the model's context."""
    reason: str = ""
    automatic: bool = False
    """The session went on from it by itself: the best of the steps that took the points of the feedback."""


class TestAdded(Event):
    """The person made an extra visible test for this session."""

    __test__ = False

    type: Literal["test_added"] = "test_added"
    test: Test
    origin: Literal["person", "hidden"] = "person"
    """`hidden`: a hidden test that the person saw fail at the end, and works on beyond the experiment."""


class TestRemoved(Event):
    """The person took back an extra test that they had added."""

    __test__ = False

    type: Literal["test_removed"] = "test_removed"
    test: Test
    """The test as it was added; of several equal ones, the last."""


class ScratchCalled(Event):
    """The person called the function with an argument of their own."""

    type: Literal["scratch_called"] = "scratch_called"
    program: str
    expression: str
    actual: str | None = None
    message: str = ""


class DraftSaved(Event):
    """Unsent text in the feedback box, kept over cancel and crash."""

    type: Literal["draft_saved"] = "draft_saved"
    text: str


class ClockChanged(Event):
    """The effort clock was started, paused or read."""

    type: Literal["clock_changed"] = "clock_changed"
    change: Literal["started", "paused", "continued", "read"]
    effort: Effort = Effort()
    """Totals of the session so far."""
    reason: str = ""


class ConsentGiven(Event):
    """The annotator's answer to a consent text."""

    type: Literal["consent_given"] = "consent_given"
    version: str
    text_sha256: str
    granted: bool
    text: str = ""
    """The text that was shown; empty in journals written before this was recorded."""
    recorded_by: Literal["annotator", "researcher"] = "annotator"
    """Who entered the answer."""
    given_in: str = ""
    """The session in which the person was asked, or `consent.jsonl`; empty: in this one."""


class QuestionAnswered(Event):
    """A study's question after a problem, before the session's end; one left open is asked in a later run."""

    type: Literal["question_answered"] = "question_answered"
    question: str
    answer: str
    """Empty where the person skipped the question."""


class SessionContinued(Event):
    """The person goes on after a final end: what follows is beyond the experiment, and no curve counts it."""

    type: Literal["session_continued"] = "session_continued"
    rounds: int = 2
    """How many more rounds there are."""


class SessionEnd(Event):
    """What an end of the session says, whether it waits for answers or not."""

    reason: EndReason
    effort: Effort = Effort()
    note: str = ""
    out_of_time: bool = False
    """Whether the session ended, as `gave_up`, because the time limit was reached (`Settings.minutes`)."""


class SessionEnding(SessionEnd):
    """The session is over but for a study's questions; `session_ended` follows once they are answered or left."""

    type: Literal["session_ending"] = "session_ending"

    @property
    def ended(self) -> SessionEnded:
        """The end that follows."""
        return SessionEnded(**self.model_dump(exclude={"type"}))


class SessionEnded(SessionEnd):
    """Why the session ended. An interrupted session can be resumed; later events may follow this one."""

    type: Literal["session_ended"] = "session_ended"


AnyEvent = Annotated[
    SessionStarted
    | SessionResumed
    | GenerationStarted
    | GenerationFinished
    | ProgramGiven
    | TestsFinished
    | HiddenScored
    | FeedbackGiven
    | CodeEdited
    | ProgramChosen
    | TestAdded
    | TestRemoved
    | ScratchCalled
    | DraftSaved
    | ClockChanged
    | ConsentGiven
    | QuestionAnswered
    | SessionContinued
    | SessionEnding
    | SessionEnded,
    Field(discriminator="type"),
]

EVENT_TYPES = frozenset(str(kind.model_fields["type"].default) for kind in get_args(get_args(AnyEvent)[0]))
"""What `type` says on a line of a journal."""
EVENT = TypeAdapter[AnyEvent](AnyEvent)
"""Reads and writes any event: `EVENT.validate_python(dict)`, `event.model_dump(mode="json")`."""


class Stamp(FrozenModel):
    """What the journal adds to every event when it writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: int = Field(default=SCHEMA, alias="schema")
    seq: int
    """0, 1, 2 … without gaps."""
    time: str
    """Wall clock, ISO 8601 UTC with microseconds."""
    mono: float
    """Seconds on the writing process's monotonic clock; comparable within one run only."""
    prev: str
    """SHA-256 of the line before (without its newline); of the empty string for the first."""


class Streamed(FrozenModel):
    """A live event that is not recorded: text as it is generated."""

    turn: int
    chunk: Chunk


LiveEvent = Event | Streamed
"""What the round loop yields: recorded events (already on disk) and streamed text."""
