"""Messages that cross from threads to screens, and from widgets to screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from assistant.core.events import Event
from assistant.core.generation import Engine, ModelInfo, Progress
from assistant.core.state import State
from assistant.tui.launch import EngineChoice, Problems
from assistant.tui.text.spans import Line

if TYPE_CHECKING:
    from assistant.core.questions import Question
    from assistant.journal.session_summary import SessionSummary
    from assistant.session.annotation_queue import Assignment, Unanswered


@dataclass
class ModelProgress(Message):
    """A step of preparing the model; only the latest matters."""

    progress: Progress

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ModelProgress)


@dataclass
class ModelReady(Message):
    """The model answers from now on."""

    info: ModelInfo


@dataclass
class ModelFailed(Message):
    """The model could not be prepared."""

    error: str


@dataclass
class ProblemsLoaded(Message):
    """The problems are there."""

    problems: Problems


@dataclass
class ProblemsFailed(Message):
    """The problems could not be read."""

    error: str


@dataclass
class Happened(Message, bubble=False):
    """The round loop recorded an event; `state` is the session's after it."""

    worker: int
    event: Event
    state: State


@dataclass
class StepDone(Message, bubble=False):
    """A step of the round loop is over; `error` is one line when it failed, `returned` the words it was given."""

    worker: int
    state: State
    error: str = ""
    returned: str = ""


@dataclass
class DrawsReady(Message, bubble=False):
    """Further draws were made in the background; `state` is the session's after them."""

    worker: int
    state: State


@dataclass
class FeedbackSent(Message):
    """The person sends words."""

    text: str


@dataclass
class DraftChanged(Message):
    """The words in the feedback box are others than before."""

    text: str


@dataclass
class ProgramPicked(Message):
    """A step of the timeline or a sample was pointed at."""

    program: str
    chosen: bool = False
    """True for Enter or a double click."""


@dataclass
class EditDone(Message):
    """The person has edited the code (`run`), or leaves it for now."""

    code: str
    run: bool


@dataclass
class TestsProposed(Message):
    """Tests that the model proposes for a problem of the person's own."""

    __test__ = False

    tests: tuple[str, ...]
    error: str = ""


@dataclass
class ReplayTold(Message):
    """One comparison of a replayed session, as it is shown."""

    line: Line


@dataclass
class ReplayEnded(Message):
    """A replay is over; `error` is one line when it failed."""

    error: str = ""


@dataclass
class SessionsListed(Message):
    """The sessions of the folder, newest first."""

    sessions: tuple[SessionSummary, ...]
    error: str = ""


@dataclass
class SessionsReading(Message):
    """How many of the changed sessions have been read; only the latest matters."""

    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SessionsReading)


@dataclass
class StudyNext(Message):
    """What the study wants next; None when it is done. Before that, what is still unanswered."""

    assignment: Assignment | None
    unanswered: tuple[Unanswered, ...] = ()
    note: str = ""
    """A notice on the study's folder, shown once."""
    asked: tuple[Question, ...] = ()
    """What the study asks before the first problem, or after the last."""


@dataclass
class StudyFailed(Message):
    """The study cannot go on."""

    error: str


@dataclass
class SourceLoaded(Message):
    """Another set of problems was chosen and read."""

    source: str
    problems: Problems


@dataclass
class ServerTried(Message):
    """A server was asked; `engine` is None where it did not answer, and `error` says why."""

    choice: EngineChoice
    engine: Engine | None = None
    model: str = ""
    error: str = ""


@dataclass
class ModelSwitched(Message):
    """Another model is ready."""

    info: ModelInfo
    choice: EngineChoice


@dataclass
class ModelKept(Message):
    """Another model was asked for and is not to be had: the former one is loaded again."""

    former: EngineChoice
    error: str
