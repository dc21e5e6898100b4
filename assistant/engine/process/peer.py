"""Whoever answers commands: a worker process, or the engine service of this machine. What is alike on our side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from assistant.core.problem import FrozenModel
from assistant.engine.process import protocol

Reply = protocol.Progressed | protocol.PrepareReply | protocol.StreamReply | protocol.Done
Replies = SimpleQueue[Reply | None]
"""Replies to one command; None when the other side has ended."""


class Peer:
    """The other side of a connection: takes commands, and gives each its replies."""

    def __init__(self) -> None:
        self.heard_at = time.monotonic()
        """When the last message or heartbeat came (monotonic clock)."""
        self.ended = threading.Event()
        self._open: set[int] = set()
        """Commands that were sent and are not done."""
        self._listeners: dict[int, Replies] = {}

    @property
    def pid(self) -> int:
        """The process id of the other side."""
        raise NotImplementedError

    def send(self, message: FrozenModel) -> None:
        """Write one message; the end of the other side is noticed by the waiter for the reply."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the connection at once."""
        raise NotImplementedError

    def close(self) -> None:
        """End the connection."""
        raise NotImplementedError

    def lost(self, what: str = "") -> str:
        """One line for whoever waited: what happened (`what`, else how it ended), and how it goes on."""
        raise NotImplementedError

    def has_worked(self) -> bool:
        """Whether the other side has used the processor since this was last asked."""
        raise NotImplementedError

    @contextmanager
    def listening(self, command_id: int) -> Iterator[Replies]:
        """A queue that gets the replies to one command."""
        replies: Replies = SimpleQueue()
        self._listeners[command_id] = replies
        self._open.add(command_id)
        if self.ended.is_set():
            replies.put(None)
        try:
            yield replies
        finally:
            self._listeners.pop(command_id, None)

    def has_done(self, command_id: int) -> bool:
        """Whether the other side has finished this command."""
        return command_id not in self._open

    def _hand_out(self, reply: Reply) -> None:
        """Give a reply to whoever waits for it."""
        if isinstance(reply, protocol.Done):
            self._open.discard(reply.id)
        if (replies := self._listeners.get(reply.id)) is not None:
            replies.put(reply)

    def _has_ended(self) -> None:
        """Tell everybody who waits."""
        self.ended.set()
        for replies in tuple(self._listeners.values()):
            replies.put(None)
