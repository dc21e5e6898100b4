"""Control arms made while the person thinks, always giving way to the person at once."""

from __future__ import annotations

import threading

from assistant.domain.errors import AssistantError
from assistant.session.arms import missing_arms, numbered, run_arm
from assistant.session.runner import Session


class BackgroundArms:
    """Makes a session's control arms in a thread of its own between the person's generations.

    `yield_to_person` stops the arm that is being made (it is made again later) and returns once the engine is
    free; `go_on` lets the thread work again. Nothing that it makes is ever shown during the session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stop = threading.Event()
        self._may_work = threading.Event()
        self._closed = False
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._work, name="control-arms", daemon=True)
        self._thread.start()

    def yield_to_person(self) -> None:
        """Stop at once; returns when the engine is no longer used from here."""
        self._may_work.clear()
        self._stop.set()
        self._idle.wait()

    def go_on(self) -> None:
        """The person is thinking: work."""
        self._stop.clear()
        self._may_work.set()

    def finish(self, timeout: float | None = None) -> bool:
        """Wait until nothing is missing (or the timeout); True when all arms are made."""
        self.go_on()
        deadline = threading.Event()
        waited = 0.0
        while missing_arms(self._session.state, self._session.state.settings.arms or ()):
            if timeout is not None and waited >= timeout:
                return False
            deadline.wait(0.05)
            waited += 0.05
        return True

    def close(self) -> None:
        """Stop and end the thread."""
        self._closed = True
        self.yield_to_person()
        self._may_work.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            self._may_work.wait()
            if self._closed:
                return
            self._idle.clear()
            try:
                worked = not self._stop.is_set() and self._one()
            finally:
                self._idle.set()
            if not worked:
                self._stop.wait(0.1)

    def _one(self) -> bool:
        """Make one missing arm. False when there is nothing to do or it did not come to its end."""
        session = self._session
        tasks = missing_arms(session.state, session.state.settings.arms or ())
        if not tasks:
            return False
        try:
            events = run_arm(session.state, tasks[0], session.engine, session.sandbox, self._stop)
        except AssistantError:
            return False  # the person's own next step meets the same fault and tells it
        if events is None:
            return False
        session.record_together(lambda turn: list(numbered(events, turn)))
        return True


def start_background_arms(session: Session) -> BackgroundArms | None:
    """The control arms that the session's settings ask for, hung onto it; None when they ask for none."""
    if not session.state.settings.arms:
        return None
    arms = BackgroundArms(session)
    session.background = arms
    return arms
