"""One request at a time: a person's goes before background ones and interrupts the one being worked on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.core.generation import Cancel
from assistant.engine.progress import Cancelled

POLL_SECONDS = 0.02
"""How often somebody who waits looks whether they were cancelled."""


class Ticket:
    """Somebody's use of the worker. It is itself a `Cancel`: set by its owner, or to let a person pass."""

    def __init__(self, background: bool, cancel: Cancel) -> None:
        self.background = background
        self.gave_way = False
        self._cancel = cancel

    def is_set(self) -> bool:
        """Whether the work is to stop."""
        return self.gave_way or self._cancel.is_set()


class Turnstile:
    """Lets one through at a time, foreground before background."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: Ticket | None = None
        self._waiting: list[Ticket] = []

    @contextmanager
    def hold(self, turn: Ticket) -> Iterator[Ticket]:
        """Wait for the turn and hold it. Raises Cancelled when it is cancelled meanwhile."""
        self._enter(turn)
        try:
            yield turn
        finally:
            with self._changed:
                self._inside = None
                self._changed.notify_all()

    def _enter(self, turn: Ticket) -> None:
        with self._changed:
            self._waiting.append(turn)
            try:
                while turn.is_set() or not self._may_enter(turn):
                    if turn.is_set():
                        raise Cancelled
                    if self._inside is not None and self._inside.background and not turn.background:
                        self._inside.gave_way = True
                    self._changed.wait(POLL_SECONDS)
                self._inside = turn
            finally:
                self._waiting.remove(turn)

    def _may_enter(self, turn: Ticket) -> bool:
        if self._inside is not None:
            return False
        people = [other for other in self._waiting if not other.background]
        return turn is (people or self._waiting)[0]
