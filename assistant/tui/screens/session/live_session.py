"""The session behind the screen: its thread, its state as last heard, and the clock of the person's effort."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from assistant.core.errors import UsageError
from assistant.core.events import Effort
from assistant.core.state import State
from assistant.session.commands import AnswerQuestion, AnyCommand, Leave, Start
from assistant.session.effort import EffortClock
from assistant.tui.messages import DrawsReady, Happened, StepDone
from assistant.tui.screen_state import Phase, phase_of
from assistant.tui.session_worker import SessionWorker, Stream

if TYPE_CHECKING:
    from assistant.core.questions import Question
    from assistant.session.session import Session


class LiveSession:
    """Begins, continues and leaves one session. To be called in the screen's thread, where nothing here blocks."""

    def __init__(
        self,
        open_session: Callable[[], Session] | None,
        state: State,
        first: Sequence[AnyCommand],
        post: Callable[[Message], object],
    ) -> None:
        """Begins with the `first` commands, else with `Start`; without `open_session`, `state` is only looked at.

        A `state` that has ended is looked at, too, and opened once the person goes on with it (`reopen`).
        """
        self.state = state
        self.read_only = open_session is None
        self._open_session = open_session or _nothing
        self._first = first or (Start(),)
        self._post = post
        self._clock = EffortClock()
        self._worker = SessionWorker(self._open_session, self._clock, post)
        self._begun = self._left = False
        self.closed = open_session is not None and state.is_over
        """The session has ended, and is not open."""
        self._pending = 0
        """Commands whose end the screen has not heard of."""

    @property
    def session(self) -> Session | None:
        """The session once its thread has opened it."""
        return self._worker.session

    @property
    def begun(self) -> bool:
        """The session is open, or is being opened: it uses the model."""
        return self._begun

    @property
    def busy(self) -> bool:
        """A command waits, is being executed, or its end was not heard of yet: the state is not complete."""
        return self._pending > 0

    @property
    def left(self) -> bool:
        """The session was released: nothing more is to be shown or written."""
        return self._left

    @property
    def stream(self) -> Stream:
        """The text that is being generated."""
        return self._worker.stream

    @property
    def stopping(self) -> bool:
        """The generation was cancelled and has not stopped yet."""
        return self._worker.stopping

    @property
    def phase(self) -> Phase:
        """Whose turn it is now."""
        if self.read_only:
            return Phase.ENDED
        if self._begun and self._worker.failed:
            return Phase.BROKEN
        return phase_of(self.state, begun=self._begun, busy=self.busy, asked=bool(self.open_questions))

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """A study's questions for whose answers the end waits."""
        return self.session.open_questions if self.session is not None else ()

    # Beginning and leaving.

    def set_clock(self, away_after: float) -> None:
        """To be called before the session begins: a person is away after `away_after` seconds without a key."""
        self._clock = EffortClock(away_after=away_after)
        self._worker = SessionWorker(self._open_session, self._clock, self._post)

    def begin(self) -> bool:
        """Open the session and execute its first commands, once. False where there is nothing to begin."""
        if self._begun or self.read_only or self.closed:
            return False
        self._begun = True
        self._pending = len(self._first)
        self._worker.begin(*self._first)
        self._clock.start(time.monotonic())
        return True

    def reopen(self, *first: AnyCommand) -> None:
        """Go on with a session that has ended: it begins with the `first` commands once `begin` is called."""
        self.closed, self._first, self._pending = False, first, len(first)

    def renew(self) -> None:
        """Let a session that could not be opened begin again."""
        self._begun = False
        self._worker = SessionWorker(self._open_session, self._clock, self._post)

    def leaving(self, draft: str) -> Callable[[], None] | None:
        """What releases the session, to be called once in a thread; the journal then says `interrupted`.

        `draft` is what stands in the feedback box. None where there is nothing to release.
        """
        if not self._begun or self._left:
            return None
        self._left = True
        # Before the session is open the clock lacks the totals of a session that is resumed.
        clock = self._clock.read(time.monotonic()) if self.session is not None else None
        return partial(self._worker.leave, Leave(draft=draft, clock=clock))

    # The round loop.

    def submit(self, command: AnyCommand) -> None:
        """Have the session execute a command, with what the clock says now."""
        self._submit(replace(command, clock=self._clock.read(time.monotonic())))

    def record_answer(self, question: str, answer: str) -> None:
        """Have the answer to a study's question recorded."""
        self._submit(AnswerQuestion(question, answer))

    def _submit(self, command: AnyCommand) -> None:
        self._pending += 1
        self._worker.submit(command)

    def cancel(self) -> None:
        """Stop what is being generated."""
        self._worker.cancel()

    def heard(self, message: Happened | DrawsReady) -> bool:
        """Take the state after an event. False for a message of an earlier thread."""
        if message.worker != self._worker.number:
            return False
        if message.state.events >= self.state.events:  # two threads tell of it
            self.state = message.state
        return True

    def step_over(self, message: StepDone) -> bool:
        """Take the state after a command. False for a message of an earlier thread."""
        if message.worker != self._worker.number:
            return False
        self._pending = 0 if self._worker.failed else self._pending - 1
        if message.state.problem is not None:
            self.state = message.state
        return True

    # The clock.

    def acted(self, *, typing: bool) -> None:
        """A key, click or scroll; `typing` for a key in the feedback box."""
        self._clock.activity(time.monotonic(), typing=typing)

    def run_clock(self, running: bool) -> None:
        """Let the clock stand still while the app is in the background, and run again after it."""
        if not running:
            self._clock.pause(time.monotonic())
        elif self._begun and not self._left:
            self._clock.start(time.monotonic())

    def seconds_left(self) -> float | None:
        """Of a study's time limit; None where there is none, or the session is over."""
        if self.session is None or self.state.ended is not None or self.state.beyond or self.open_questions:
            return None
        return self.state.settings.seconds_left(self._clock.active(time.monotonic()))

    def typing(self, now: bool) -> None:
        """Whether unsent words stand in the box: what is made in the background gives way to them."""
        if self.session is not None and self.session.background is not None:
            self.session.background.typing(now)

    def wait(self, waiting: bool) -> None:
        """The person begins (or ends) to wait."""
        self._clock.wait(time.monotonic(), waiting)

    def edit(self, editing: bool) -> None:
        """The person begins (or ends) to edit the code by hand."""
        self._clock.edit(time.monotonic(), editing)

    def take_effort(self) -> Effort:
        """The person's seconds since effort was last taken."""
        return self._clock.take(time.monotonic())

    # Written by other threads while a command may be running: each gives the function that writes, or None.

    def draft_writer(self, words: str) -> Callable[[], None] | None:
        """What puts unsent words on disk and lets the model read them."""
        session = self.session
        if session is None or self._left:
            return None
        return lambda: _keep(session, words)

    def clock_writer(self) -> Callable[[], None] | None:
        """What puts the clock's totals on disk, where the person has spent time since the last reading."""
        session = self.session
        if session is None or not self._clock.running or self.state.ended is not None:
            return None
        now, before = self._clock.read(time.monotonic()), session.state.clock
        if now.active + now.waiting <= before.active + before.waiting:
            return None
        return lambda: session.clock("read", now)


def _keep(session: Session, words: str) -> None:
    session.save_draft(words)
    session.prefill(words)


def _nothing() -> Session:
    raise UsageError("this session is only looked at")
