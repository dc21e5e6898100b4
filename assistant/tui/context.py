"""What screens and panes need of the app: shared values, settings, navigation, and the threads that load things.

Screens depend on this module and never on `app`, which depends on them.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual import work
from textual.app import App

from assistant.core.errors import AssistantError, EngineError
from assistant.core.generation import Engine, ModelInfo, Progress
from assistant.core.ids import new_session_id
from assistant.core.problem import Problem, Test
from assistant.core.submission import Sandbox
from assistant.problems.starter_rates import measured_rates, winnable_first
from assistant.sandbox.isolation_notice import isolation_notice
from assistant.tui.actions import NOT_SERVED
from assistant.tui.custom_problems import OwnDraft, Shelf, with_own
from assistant.tui.key_names import keymap
from assistant.tui.launch import Launch, Problems
from assistant.tui.messages import (
    ModelFailed,
    ModelProgress,
    ModelReady,
    ProblemsFailed,
    ProblemsLoaded,
    SessionsListed,
)
from assistant.tui.themes import THEMES

if TYPE_CHECKING:
    from assistant.core.questions import Question
    from assistant.core.state import State
    from assistant.journal.session_summary import SessionSummary
    from assistant.session.annotation_queue import Assignment
    from assistant.session.commands import AnyCommand
    from assistant.session.rounds import SpeculativePrefill
    from assistant.session.session import Session


class _AnyOf:
    """Set as soon as one of the events is."""

    def __init__(self, *events: threading.Event) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)


class Services:
    """Holds what several sessions share."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.engine: Engine | None = None
        self.model: ModelInfo | None = None
        self.stop = threading.Event()
        """The app ends."""
        self.attempt = 0
        """Counts up with every switch: what is said of an earlier engine no longer matters."""
        self._open_engine = launch.open_engine
        self._cancel = threading.Event()
        self._preparing = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._prefill: SpeculativePrefill | None = None
        self._next = f"next-{new_session_id()}"
        """The conversation of prompts that are read ahead; an engine may serve several apps."""
        self._lock = threading.Lock()

    def prepare(self, progress: Callable[[Progress], None]) -> ModelInfo:
        """Open the engine and make the model ready; blocks. Raises EngineError."""
        with self._preparing:
            if self.engine is None:
                self.engine = self._open_engine()
            self.model = self.engine.prepare(progress, _AnyOf(self.stop, self._cancel))
            return self.model

    def switch(self, open_engine: Callable[[], Engine], progress: Callable[[Progress], None]) -> ModelInfo:
        """Close the engine and prepare another one; blocks. No session may be using the former one.

        Raises EngineError: the former one is then to be prepared again.
        """
        self.attempt += 1
        attempt = self.attempt
        self._cancel.set()
        with self._preparing:
            former, self._open_engine = self._open_engine, open_engine
            self._close_engine()
        try:
            return self.prepare(progress)
        except AssistantError:
            with self._preparing:
                if attempt == self.attempt:  # else a later switch has closed it already
                    self._open_engine = former
                    self._close_engine()
            raise

    def _close_engine(self) -> None:
        self.model, self._cancel = None, threading.Event()
        self._stop_prefill()
        if self.engine is not None:
            self.engine.close()
            self.engine = None

    def ready_engine(self) -> Engine:
        """The engine. Raises EngineError before it was opened."""
        if self.engine is None:
            raise EngineError("the model is not ready yet")
        return self.engine

    def prefill(self, problem: Problem) -> None:
        """Let the model read the prompt with which a session on `problem` would begin; blocks.

        A prefill that still runs for another problem is stopped. Changes no answer. Raises AssistantError.
        """
        from assistant.session.header import header
        from assistant.session.rounds import SpeculativePrefill
        from assistant.session.turns import first_request

        engine, model, launch = self.engine, self.model, self.launch
        if engine is None or model is None or self.stop.is_set():
            return
        with self._lock:
            if self._prefill is None or self._prefill.engine is not engine:
                self._prefill = SpeculativePrefill(engine)
            prefill = self._prefill
        parts = (problem, launch.settings, model, self.sandbox(), launch.annotator, launch.study, launch.held)
        prefill.prefill(lambda: first_request(header(self._next, *parts), self._next))

    def _stop_prefill(self) -> None:
        if self._prefill is not None:
            self._prefill.pause()

    def sandbox(self) -> Sandbox:
        """The sandbox, opened when it is first needed; blocks. Raises SandboxError."""
        with self._lock:
            if self._sandbox is None:
                self._sandbox = self.launch.open_sandbox()
            return self._sandbox

    @property
    def warning(self) -> str:
        """The warning that is shown while programs are not fully isolated; else empty."""
        return isolation_notice(self._sandbox.layers) if self._sandbox is not None else ""

    def close(self) -> None:
        """End the model's process and remove the sandbox."""
        self.stop.set()
        self._stop_prefill()
        if self.engine is not None:
            self.engine.close()
        with self._lock:
            if self._sandbox is not None:
                self._sandbox.close()


class EndedSession(Protocol):
    """A session screen whose session is over, as the summary needs it."""

    @property
    def state(self) -> State:
        """The session's state at its end."""

    @property
    def recorded_state(self) -> State:
        """The same with the control arms that were recorded since."""

    @property
    def journal(self) -> Path | None:
        """The session's file; None where it was never opened."""

    @property
    def on_top(self) -> bool:
        """Whether the screen is on top."""

    @property
    def may_go_on(self) -> bool:
        """Whether the person may go on after the end, beyond the experiment."""

    def go_on(self, test: Test | None = None, words: str = "") -> None:
        """Go on, with `test` as a visible one and `words` in the feedback box."""

    def keep_draft_text(self, text: str) -> None:
        """Put what is typed on the summary into the feedback box."""


class Navigation(Protocol):
    """Opens and closes screens; `navigation.Navigator` is the app's."""

    def work_on(self, problem: Problem) -> None: ...

    def work_on_assignment(self, assignment: Assignment) -> None: ...

    def write_back(self, code: str, problem: Problem | None, *, solved: bool) -> bool: ...

    def resume(self, journal: Path) -> None: ...

    def look_at(self, journal: Path) -> None: ...

    def open_again(self, journal: Path) -> None: ...

    def write_problem(self) -> None: ...

    def edit_problem(self, problem: Problem) -> None: ...

    def delete_problem(self, problem: Problem) -> None: ...

    def draft(self) -> OwnDraft: ...

    def keep_draft(self, draft: OwnDraft) -> None: ...

    def show_summary(self, ended: EndedSession) -> None: ...

    def to_library(self) -> None: ...

    def next_problem(self) -> None: ...

    def wait_until_left(self) -> None: ...

    def leave_for_new_model(self) -> Path | None: ...


class StudyGuide(Protocol):
    """Leads an annotator through a study; `study_flow.StudyFlow` is the app's."""

    name: str

    @property
    def lesson(self) -> bool: ...

    @property
    def questions(self) -> tuple[Question, ...]: ...

    def fixed_value(self, name: str) -> str: ...

    def next(self) -> None: ...

    def belongs(self, session: SessionSummary) -> bool: ...

    def open(self, assignment: Assignment) -> Session: ...

    def first_commands(self) -> Sequence[AnyCommand]: ...


class SetUp(Protocol):
    """What can be chosen in the app: problems, model, and how a session is held; `setup.SetUpFlow` is the app's."""

    def value(self, name: str) -> str: ...

    def fixed(self, name: str) -> str: ...

    def change(self, name: str, text: str) -> None: ...


class AppContext(App[None]):
    """The app as its screens know it."""

    navigator: Navigation
    setup: SetUp
    study: StudyGuide | None = None

    def __init__(self, launch: Launch) -> None:
        super().__init__()
        self.launch = launch
        self.services = Services(launch)
        self.problems: Problems | None = None
        self.attempts: dict[str, str] = {}
        """What came of each problem that was tried, by id."""
        self.progress: Progress | None = None
        self.model_error = ""
        self.sessions: tuple[SessionSummary, ...] = ()
        """As they were when last read."""
        self.typed_at = -math.inf
        """When a key of words was last pressed, by the monotonic clock."""
        self._beats = 0
        for theme in THEMES:
            self.register_theme(theme)
        self.preferences = launch.preferences
        self._use_theme(launch.preferences.theme)

    def next_beat(self) -> int:
        """Counts up, for moving parts."""
        self._beats += 1
        return self._beats

    def permits(self, action: str) -> bool:
        """Whether an action is for whoever sits there: the machine of a server is not."""
        return not (self.launch.served and action in NOT_SERVED)

    # Settings.

    def preference_changed(self, name: str, value: object) -> None:
        """A setting was saved: let it take effect."""
        self.preferences = self.preferences.model_copy(update={name: value})
        if name == "theme":
            self._use_theme(str(value))
        elif name == "keys":
            self.set_keymap(keymap(self.preferences.keys))

    def _use_theme(self, name: str) -> None:
        self.theme = name if name in self.available_themes else THEMES[0].name

    # Threads: they post messages and touch no widget.

    @work(thread=True, group="problems", exit_on_error=False)
    def load_problems(self) -> None:
        try:
            self.post_message(ProblemsLoaded(self.as_listed(self.launch.load_problems())))
        except AssistantError as error:
            self.post_message(ProblemsFailed(str(error)))

    def as_listed(self, problems: Problems) -> Problems:
        """A set of problems in the order of the list, with the person's own; reads a file."""
        first = winnable_first(problems.problems, measured_rates())
        return with_own(Shelf(problems.name, first, problems.skipped), self.launch.own_problems)

    @work(thread=True, group="model", exit_on_error=False)
    def prepare_model(self) -> None:
        attempt = self.services.attempt
        try:
            info = self.services.prepare(self.tell_progress)
            self.post_message(ModelReady(info))
        except AssistantError as error:
            if attempt == self.services.attempt:
                self.post_message(ModelFailed(str(error)))

    def tell_progress(self, progress: Progress) -> None:
        self.post_message(ModelProgress(progress))

    def action_retry_model(self) -> None:
        """Try again to get the model ready."""
        self.model_error = ""
        self.prepare_model()

    @work(thread=True, group="prefill", exclusive=True, exit_on_error=False)
    def prefill(self, problem: Problem) -> None:
        """The person looks at `problem`, and may begin it next; a battery is not spent on that."""
        from assistant.session.draws import on_battery

        with contextlib.suppress(AssistantError):  # told once the session begins
            if not on_battery():
                self.services.prefill(problem)

    @work(thread=True, group="sandbox", exit_on_error=False)
    def open_sandbox(self) -> None:
        """Started before the first run, which would wait for it otherwise; errors are shown when it is used."""
        with contextlib.suppress(AssistantError):
            self.services.sandbox()

    @work(thread=True, group="sessions", exclusive=True, exit_on_error=False)
    def read_sessions(self) -> None:
        from assistant.journal.library import list_sessions

        with contextlib.suppress(AssistantError):  # the session list shows it
            self.post_message(SessionsListed(tuple(list_sessions(self.launch.sessions))))
