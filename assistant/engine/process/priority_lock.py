"""Who may use the worker: foreground requests go first and preempt a background request in progress.

As many foreground requests as the worker steps together may use it at once (`PriorityLock.requests`). Where more
wait, clients take turns: whoever has least in progress is next, then whoever was served longest ago.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.core.generation import Cancel
from assistant.engine.progress import Cancelled

POLL_SECONDS = 0.02
"""Interval (seconds) at which a waiting request checks whether it was cancelled."""


class Ticket:
    """One use of the worker. It is itself a `Cancel`: set by its owner, or when it is preempted."""

    def __init__(self, background: bool, cancel: Cancel, *, alone: bool = False, client: int = 0) -> None:
        self.background = background
        self.client = client
        self.alone = alone or background
        self.preempted = False
        self._cancel = cancel

    def is_set(self) -> bool:
        """Whether the work is to stop."""
        return self.preempted or self._cancel.is_set()


class PriorityLock:
    """Foreground before background. Some foreground holders at a time, or one that is `alone`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: list[Ticket] = []
        self._waiting: list[Ticket] = []
        self._turns: dict[int, int] = {}
        """By client, the number of its last turn; kept while anybody holds or waits."""
        self._turn = 0
        self.requests = 1
        """Holders at a time."""

    @property
    def requests_now(self) -> tuple[int, int]:
        """Holders, and those who wait."""
        with self._changed:
            return len(self._holders), len(self._waiting)

    @contextmanager
    def hold(self, ticket: Ticket) -> Iterator[Ticket]:
        """Wait for the lock and hold it. Raises Cancelled when `ticket` is cancelled meanwhile."""
        self._enter(ticket)
        try:
            yield ticket
        finally:
            with self._changed:
                self._holders.remove(ticket)
                if not self._holders and not self._waiting:
                    self._turns.clear()
                self._changed.notify_all()

    def _enter(self, ticket: Ticket) -> None:
        with self._changed:
            self._waiting.append(ticket)
            try:
                while ticket.is_set() or not self._may_enter(ticket):
                    if ticket.is_set():
                        raise Cancelled
                    for holder in self._holders:
                        holder.preempted = holder.preempted or (holder.background and not ticket.background)
                    self._changed.wait(POLL_SECONDS)
                self._holders.append(ticket)
                self._turn += 1
                self._turns[ticket.client] = self._turn
            finally:
                self._waiting.remove(ticket)

    def _may_enter(self, ticket: Ticket) -> bool:
        shared = not ticket.alone and not any(holder.alone for holder in self._holders)
        if len(self._holders) >= (self.requests if shared else 1):
            return False
        foreground = [other for other in self._waiting if not other.background]
        return ticket is min(foreground or self._waiting, key=self._rank)

    def _rank(self, ticket: Ticket) -> tuple[bool, int, int]:
        """The lowest is next; of equals, the one that came first. Preparing (alone) is waited for by nobody long."""
        held = sum(holder.client == ticket.client for holder in self._holders)
        return not ticket.alone, held, self._turns.get(ticket.client, 0)
