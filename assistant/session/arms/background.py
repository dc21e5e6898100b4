"""Control arms made while the person reads or types; the person's own requests preempt them."""

from __future__ import annotations

import threading
import time

from assistant.core.errors import AssistantError
from assistant.core.state import State
from assistant.session.arms.build import ArmTask, Drawn, draw_arm, judge_arm, missing_arms, numbered
from assistant.session.session import Session


class BackgroundArms:
    """Makes a session's control arms in a thread of its own between the person's generations.

    `pause` stops the generation at hand (it is made again later) and returns once the engine is free,
    without waiting for tests: those use a worker of their own in the sandbox. `resume` lets the thread work again.
    Nothing that it makes is ever shown during the session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stop = threading.Event()
        self._may_work = threading.Event()
        self._closed = False
        self._engine_free = threading.Event()
        self._engine_free.set()
        self._failed: set[ArmTask] = set()
        """Those that the model could not answer: tried again after the person's next answer."""
        self._thread = threading.Thread(target=self._work, name="control-arms", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop at once; returns when the engine is no longer used from here."""
        self._may_work.clear()
        self._stop.set()
        self._engine_free.wait()

    def resume(self) -> None:
        """Continue: the engine is idle."""
        self._failed.clear()
        self._stop.clear()
        self._may_work.set()

    def finish(self, timeout: float) -> bool:
        """Wait until nothing is missing (or the timeout, in seconds); True when all arms are made."""
        self.resume()
        until = time.monotonic() + timeout
        while missing_arms(self._session.state, self._session.state.settings.arms or ()):
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Stop and end the thread. An arm whose tests still run is left to `assistant arms`."""
        self._closed = True
        self.pause()
        self._may_work.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while True:
            self._may_work.wait()
            if self._closed:
                return
            task = self._next()
            if task is None or not self._make(task):
                self._stop.wait(0.1)

    def _next(self) -> ArmTask | None:
        state = self._session.state
        tasks = missing_arms(state, state.settings.arms or ())
        return next((task for task in tasks if task not in self._failed), None)

    def _make(self, task: ArmTask) -> bool:
        """Make one control. False when it was not completed; a fault is reported by the person's own next step."""
        session = self._session
        state = session.state
        try:
            drawn = self._draw(state, task)
            if drawn is None:
                return False
            events = judge_arm(state, drawn, session.sandbox)
            session.record_together(lambda turn: list(numbered(events, turn)))
        except AssistantError:
            self._failed.add(task)
            return False
        return True

    def _draw(self, state: State, task: ArmTask) -> Drawn | None:
        self._engine_free.clear()
        try:
            if self._stop.is_set():
                return None
            drawn = draw_arm(state, task, self._session.engine, self._stop)
        finally:
            self._engine_free.set()
        if drawn is None and not self._stop.is_set():
            self._failed.add(task)
        return drawn


def start_background_arms(session: Session) -> BackgroundArms | None:
    """The control arms that the session's settings ask for, attached to it; None when they ask for none."""
    if not session.state.settings.arms:
        return None
    arms = BackgroundArms(session)
    session.background = arms
    return arms
