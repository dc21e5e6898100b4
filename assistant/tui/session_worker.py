"""The session's thread: executes commands, which block, and posts the events that follow from them as messages."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.message import Message

from assistant.core.errors import AssistantError
from assistant.core.events import Event, GenerationStarted, LiveEvent, Streamed
from assistant.core.state import State
from assistant.session.commands import AnyCommand, GiveFeedback, Leave
from assistant.session.effort import EffortClock
from assistant.tui.messages import DrawsReady, Happened, StepDone

if TYPE_CHECKING:
    from assistant.session.session import Session

_numbers = itertools.count(1)


@dataclass
class Stream:
    """Text that is being generated, by sample. Written by the thread, read by the screen on its own beat."""

    turn: int = -1
    texts: dict[int, list[str]] = field(default_factory=dict)
    started: float = 0.0
    version: int = 0

    def begin(self, turn: int) -> None:
        self.turn, self.texts, self.started = turn, {}, time.monotonic()
        self.version += 1

    def add(self, sample: int, text: str) -> None:
        self.texts.setdefault(sample, []).append(text)
        self.version += 1

    def text(self, sample: int = 0) -> str:
        """All text of a sample so far."""
        pieces = self.texts.get(sample)
        if not pieces:
            return ""
        return "".join(pieces.copy())


class SessionWorker:
    """Executes the commands for one session in a thread, one after the other.

    `post` must be safe to call from a thread (`Screen.post_message` is). Widgets are never touched here.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        clock: EffortClock,
        post: Callable[[Message], object],
    ) -> None:
        """`clock` goes on from the session's totals, and the session reads it when verdicts are there."""
        self.number = next(_numbers)
        self.session: Session | None = None
        self.stream = Stream()
        self._open = open_session
        self._clock = clock
        self._post = post
        self._commands: queue.Queue[AnyCommand | None] = queue.Queue()
        self.failed = False
        """The session could not be opened."""
        self.stopping = False
        """The generation was cancelled and has not stopped yet."""
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def begin(self, *first: AnyCommand) -> None:
        """Open the session and execute its first commands."""
        for command in first:
            self.submit(command)
        self._thread.start()

    def submit(self, command: AnyCommand) -> None:
        """Execute `command` after those that wait; a `StepDone` follows, which gives feedback back if it failed."""
        self._commands.put(command)

    def cancel(self) -> None:
        """Stop what is being generated."""
        if self.session is not None:
            self.stopping = True
            self.session.cancel()

    def leave(self, last: Leave, timeout: float = 5.0) -> None:
        """Stop, execute the `last` command, release the journal and wait for the thread, at most `timeout` s."""
        self.cancel()
        self._commands.put(last)
        self._commands.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            session = self._open()
            session.attach_clock(self._clock)
        except Exception as error:
            self.failed = True
            self._post(StepDone(self.number, State(), error=one_line(error)))
            return
        from assistant.session.arms.background import start_background_work

        self.session = session
        arms = start_background_work(session, lambda: self._post(DrawsReady(self.number, session.state)))
        while (command := self._commands.get()) is not None:
            self._execute(session, command)
        if arms is not None:
            arms.close()
        session.close()

    def _execute(self, session: Session, command: AnyCommand) -> None:
        error = ""
        try:
            for event in session.execute(command):
                self._tell(session, event)
        except Exception as problem:  # whatever it is, the person hears of it and the session stays usable
            error = one_line(problem)
        self.stopping = False
        returned = command.text if error and isinstance(command, GiveFeedback) else ""
        self._post(StepDone(self.number, session.state, error, returned))

    def _tell(self, session: Session, event: LiveEvent) -> None:
        match event:
            case Streamed():
                self.stream.add(event.chunk.sample, event.chunk.text)
            case Event():
                if isinstance(event, GenerationStarted):
                    self.stream.begin(event.turn)
                self._post(Happened(self.number, event, session.state))


def one_line(error: Exception) -> str:
    """An error in one line; an unexpected one with its type."""
    if isinstance(error, AssistantError):
        return str(error)
    return f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]}"
