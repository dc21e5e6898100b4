"""Further draws and control arms, made while the person reads or types; the person's own requests preempt them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.core import events as ev
from assistant.core.errors import AssistantError
from assistant.core.generation import Cancel, Chunk, Engine, Finish, NeverCancelled, Request
from assistant.core.state import State
from assistant.session.arms.build import ArmTask, Drawn, finishes_of, judge_arm, missing_arms, numbered
from assistant.session.draws import further_draw, missing_draws, on_battery
from assistant.session.session import Session


@dataclass(frozen=True)
class DrawTask:
    """Further draws of the prompt that `turn` answered."""

    turn: int

    def draw(self, state: State, engine: Engine, cancel: Cancel) -> Drawn | None:
        """Generate them; None when it was cancelled or the model failed."""
        started = further_draw(state, -1, state.settings.draws or 0)
        if started is None or started.draw_of != self.turn:
            return None
        finishes = finishes_of(state, started, engine, cancel)
        return None if finishes is None else Drawn(started, finishes)


Task = DrawTask | ArmTask


class _GivingWay:
    """The session's engine for what nobody waits for: whoever else shares the engine is served first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.prepare = engine.prepare
        self.gave_way = False
        """A request was stopped for somebody else's."""

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request` as a background request."""
        for item in self._engine.generate(request.model_copy(update={"background": True}), cancel):
            stopped = isinstance(item, Finish) and item.reason == "cancelled"
            self.gave_way = self.gave_way or (stopped and not cancel.is_set())
            yield item

    def close(self) -> None:
        """Nothing: the engine is the session's."""


@dataclass
class _DrawCancel:
    """Cancels further draws: when the thread is to stop, and when the person types (prefill needs the engine)."""

    stop: threading.Event
    typing: threading.Event

    def is_set(self) -> bool:
        return self.stop.is_set() or self.typing.is_set()


class BackgroundWork:
    """Makes a session's further draws, then its control arms, in a thread of its own between the generations.

    `pause` stops the generation at hand (it is made again later) and returns once the engine is free,
    without waiting for tests: those use a worker of their own in the sandbox. `resume` lets the thread work again.
    No control arm is ever shown during the session; after further draws
    `report` is called, in this thread.
    """

    def __init__(self, session: Session, report: Callable[[], object] | None = None) -> None:
        self._session = session
        self._report = report
        self._stop = threading.Event()
        self._typing = threading.Event()
        self._plugged_in = True
        self._may_work = threading.Event()
        self._closed = False
        self._task: Task | None = None
        """What was begun last."""
        self._engine_free = threading.Event()
        self._engine_free.set()
        self._failed: set[Task] = set()
        """Those that the model could not answer: tried again after the person's next answer."""
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop at once; returns when the engine is no longer used from here."""
        self._may_work.clear()
        self._stop.set()
        self._engine_free.wait()

    def resume(self) -> None:
        """Continue: the engine is idle."""
        self._failed.clear()
        self._plugged_in = not (self._session.state.settings.draws and on_battery())
        self._stop.clear()
        self._may_work.set()

    def typing(self, now: bool) -> None:
        """Whether there are words that the person has not sent: further draws stop for them. Returns at once."""
        if now:
            self._typing.set()
        else:
            self._typing.clear()

    def finish(self, timeout: float) -> bool:
        """Wait until nothing is missing (or the timeout, in seconds); True when all is made."""
        self.resume()
        until = time.monotonic() + timeout
        while self._next() is not None or self._failed:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Stop and end the thread. An arm whose tests still run is left to `assistant arms`.

        Nobody waits for the tests of further draws, which are dropped: the person is on the way to something else.
        """
        self._closed = True
        self.pause()
        self._may_work.set()
        self._session.record_together(lambda turn: [])  # what is being written is written whole
        self._thread.join(timeout=0 if isinstance(self._task, DrawTask) else 2)

    def _work(self) -> None:
        while True:
            self._may_work.wait()
            if self._closed:
                return
            task = self._next()
            if task is None or not self._make(task):
                self._stop.wait(0.1)

    def _next(self) -> Task | None:
        state = self._session.state
        tasks: list[Task] = []
        turn = missing_draws(state)
        if turn is not None and self._plugged_in and not self._typing.is_set():
            tasks.append(DrawTask(turn))
        tasks += missing_arms(state, state.settings.arms or ())
        return next((task for task in tasks if task not in self._failed), None)

    def _make(self, task: Task) -> bool:
        """Make one task. False when it was not completed; a fault is reported by the person's own next step."""
        session, self._task = self._session, task
        state = session.state
        try:
            drawn = self._draw(state, task)
            if drawn is None:
                return False
            events = judge_arm(state, drawn, session.sandbox)
            session.record_together(lambda turn: self._in_time(state, task, events, turn))
        except AssistantError:
            self._failed.add(task)
            return False
        if self._report is not None and isinstance(task, DrawTask):
            self._report()
        return True

    def _in_time(self, before: State, task: Task, events: Sequence[ev.Event], turn: int) -> list[ev.Event]:
        """The events as they are written; none where they came too late.

        Tests that the person added meanwhile are to judge it, too, and a draw is for a person who can still take it.
        """
        now = self._session.state
        late = isinstance(task, DrawTask) and (now.ended is not None or self._closed)
        return [] if late or now.visible_tests() != before.visible_tests() else list(numbered(events, turn))

    def _draw(self, state: State, task: Task) -> Drawn | None:
        self._engine_free.clear()
        is_draw, engine = isinstance(task, DrawTask), _GivingWay(self._session.engine)
        cancel = _DrawCancel(self._stop, self._typing) if is_draw else self._stop
        try:
            if cancel.is_set():
                return None
            drawn = task.draw(state, engine, cancel)
        finally:
            self._engine_free.set()
        if drawn is None and not engine.gave_way and not cancel.is_set():
            self._failed.add(task)
        return drawn


def start_background_work(
    session: Session, report: Callable[[], object] | None = None
) -> BackgroundWork | None:
    """What the session's settings ask for, attached to it; None when they ask for nothing.

    `report` is called after each batch of further draws, in the thread that makes them.
    """
    settings = session.state.settings
    if not (settings.arms or settings.draws):
        return None
    work = BackgroundWork(session, report)
    session.background = work
    return work
