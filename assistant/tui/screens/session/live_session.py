"""The session behind the screen: its thread, its state as last heard, and the clock of the person's effort."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual.message import Message

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.state import State
from assistant.session.effort import EffortClock
from assistant.tui.messages import Happened, StepDone
from assistant.tui.screen_state import Phase, phase_of
from assistant.tui.session_worker import SessionWorker, Step, Stream

if TYPE_CHECKING:
    from assistant.session.session import Session


class LiveSession:
    """Begins, continues and leaves one session. To be called in the screen's thread, where nothing here blocks."""

    def __init__(
        self,
        open_session: Callable[[], Session] | None,
        state: State,
        first: Step | None,
        post: Callable[[Message], object],
    ) -> None:
        """Without `open_session`, the rounds of `state` are only looked at."""
        self.state = state
        self.read_only = open_session is None
        self._open_session = open_session or _nothing
        self._first = first or (lambda session: session.start())
        self._post = post
        self._worker = SessionWorker(self._open_session, post)
        self._clock = EffortClock()
        self._away_after = 0.0
        self._begun = self._left = False

    @property
    def session(self) -> Session | None:
        """The session once its thread has opened it."""
        return self._worker.session

    @property
    def busy(self) -> bool:
        """A step is running or waiting."""
        return self._worker.busy

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
        return phase_of(self.state, begun=self._begun, busy=self.busy)

    # Beginning and leaving.

    def set_clock(self, away_after: float) -> None:
        """Take the totals so far; a person is away after `away_after` seconds without a key."""
        self._away_after = away_after
        self._clock = EffortClock(self.state.clock, away_after)

    def begin(self) -> bool:
        """Open the session and take its first step, once. False where there is nothing to begin."""
        if self._begun or self.read_only:
            return False
        self._begun = True
        self._worker.begin(lambda session: self._timed(session, self._first))
        self._clock.start(time.monotonic())
        return True

    def renew(self) -> None:
        """Let a session that could not be opened begin again."""
        self._begun = False
        self._worker = SessionWorker(self._open_session, self._post)

    def leaving(self, draft: str) -> Callable[[], None] | None:
        """What releases the session, to be called once in a thread; the journal then says `interrupted`.

        `draft` is what stands in the feedback box. None where there is nothing to release.
        """
        if not self._begun or self._left:
            return None
        self._left = True
        effort, worker = self._clock.read(time.monotonic()), self._worker
        return lambda: worker.leave(lambda session: _interrupted(session, draft, effort))

    # The round loop.

    def submit(self, step: Step, said: str = "") -> None:
        """Have the session take a step, the clock read before it; what was said comes back if it fails."""
        effort = self._clock.read(time.monotonic())

        def timed(session: Session) -> Iterator[ev.LiveEvent]:
            session.clock("read", effort)
            yield from self._timed(session, step)

        self._worker.do(timed, said)

    def record_answer(self, question: str, answer: str) -> None:
        """Have the answer to a study's question recorded."""
        self._worker.do(lambda session: _answered(session, question, answer))

    def cancel(self) -> None:
        """Stop what is being generated."""
        self._worker.cancel()

    def heard(self, message: Happened) -> bool:
        """Take the state after an event. False for a message of an earlier thread."""
        if message.worker != self._worker.number:
            return False
        self.state = message.state
        if isinstance(message.event, ev.SessionResumed):
            self._clock = EffortClock(self.state.clock, self._away_after, self.state.effort)
            self._clock.wait(time.monotonic(), True)
            self._clock.start(time.monotonic())
        return True

    def step_over(self, message: StepDone) -> bool:
        """Take the state after a step. False for a message of an earlier thread."""
        if message.worker != self._worker.number:
            return False
        if message.state.problem is not None:
            self.state = message.state
        return True

    def _timed(self, session: Session, step: Step) -> Iterator[ev.LiveEvent]:
        """`step`, with the clock read again once verdicts are there: the session may end right after them."""
        for event in step(session):
            yield event
            if isinstance(event, ev.TestsFinished):
                session.clock("read", self._clock.read(time.monotonic()))

    # The clock.

    def acted(self, *, typing: bool) -> None:
        """A key, click or scroll; `typing` for a key in the feedback box."""
        self._clock.activity(time.monotonic(), typing=typing)

    def wait(self, waiting: bool) -> None:
        """The person begins (or ends) to wait."""
        self._clock.wait(time.monotonic(), waiting)

    def edit(self, editing: bool) -> None:
        """The person begins (or ends) to edit the code by hand."""
        self._clock.edit(time.monotonic(), editing)

    def take_effort(self) -> ev.Effort:
        """The person's seconds since effort was last taken."""
        return self._clock.take(time.monotonic())

    # Written by other threads while a step may be running: each gives the function that writes, or None.

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


def _answered(session: Session, question: str, answer: str) -> Iterator[ev.LiveEvent]:
    yield session.record(ev.QuestionAnswered(question=question, answer=answer))


def _interrupted(session: Session, draft: str, effort: ev.Effort) -> Iterator[ev.LiveEvent]:
    """What is recorded when a session is left: unsent words, the clock, and that it was interrupted."""
    if session.state.ended is None:
        session.save_draft(draft)
        session.clock("paused", effort, "left")
        yield from session.end("interrupted")


def _nothing() -> Session:
    raise UsageError("this session is only looked at")
