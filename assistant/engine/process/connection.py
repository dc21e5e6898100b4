"""Connection to a worker or to the engine service: commands, stops and replies; ends a worker that hangs."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from queue import Empty

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import Cancel, Request
from assistant.engine.process import protocol
from assistant.engine.process.peer import Peer, Replies, Reply
from assistant.engine.process.priority_lock import POLL_SECONDS
from assistant.engine.progress import Cancelled

_command_ids = count(1)
_OWN_PAUSE = 5.0
"""Seconds between two polls that show that this process was suspended (Ctrl-Z), not that the worker hangs."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds after which a worker that does not answer is ended and started again."""

    silence: float = 60.0
    """Without any sign of life from the process, while it uses no processor time either."""
    stall: float = 900.0
    """Without any progress on the current request, though the process runs."""
    stop: float = 3.0
    """For a stop to take effect; then the caller continues without the worker."""
    settle: float = 30.0
    """For a stopped request to end before the next one; then the worker is started again."""


class WorkerConnection:
    """One worker process, from its start to its end, or one stay at the engine service."""

    def __init__(self, timeouts: Timeouts, child: Peer) -> None:
        self._timeouts = timeouts
        self.child = child
        self._stopped: dict[int, float] = {}
        """Commands that were stopped and may not have ended yet, and when."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self.child.ended.is_set()

    def prepare(
        self, choice: protocol.ModelChoice, load: bool, cancel: Cancel
    ) -> Generator[protocol.Progressed | protocol.PrepareReply]:
        """Prepare the model. A cancel ends the process, because a half-loaded model cannot be used."""
        command = protocol.Prepare(id=next(_command_ids), choice=choice, load=load)
        try:
            for reply in self._converse(command, cancel):
                if isinstance(reply, protocol.Progressed | protocol.PrepareReply):
                    yield reply
        except Cancelled:
            self.child.kill()
            raise

    def generate(self, request: Request, cancel: Cancel) -> Generator[protocol.StreamReply]:
        """Answer a request."""
        command = protocol.Generate(id=next(_command_ids), request=request)
        for reply in self._converse(command, cancel):
            if isinstance(reply, protocol.StreamReply):
                yield reply

    def settle(self, cancel: Cancel) -> None:
        """Wait until the worker has ended the stopped commands, or kill the worker. Raises Cancelled."""
        for command_id, stopped_at in tuple(self._stopped.items()):
            while self.alive and not self.child.has_done(command_id):
                if time.monotonic() - stopped_at > self._timeouts.settle:
                    self.child.kill()
                elif cancel.is_set():
                    raise Cancelled
                else:
                    time.sleep(POLL_SECONDS)
            self._stopped.pop(command_id, None)

    def _converse(self, command: protocol.Prepare | protocol.Generate, cancel: Cancel) -> Generator[Reply]:
        """Send a command and yield its replies. Raises EngineError when it or the worker fails."""
        with self.child.listening(command.id) as replies:
            self.child.send(command)
            finished = False
            try:
                for reply in self._replies(replies, command.id, cancel):
                    if isinstance(reply, protocol.Done):
                        finished = True
                        _raise_if_failed(reply)
                        return
                    yield reply
            finally:
                if not finished and self.alive:
                    self.child.send(protocol.Stop(id=command.id))
                    self._stopped[command.id] = time.monotonic()

    def _replies(self, replies: Replies, command_id: int, cancel: Cancel) -> Generator[Reply]:
        """Replies as they arrive; meanwhile a hanging worker is detected and a cancel is forwarded."""
        heard = looked = time.monotonic()
        stopped_at: float | None = None
        while True:
            try:
                reply = replies.get(timeout=POLL_SECONDS)
            except Empty:
                if time.monotonic() - looked > _OWN_PAUSE:
                    heard = self.child.heard_at = time.monotonic()
                self._watch(heard)
            else:
                heard = time.monotonic()
                if reply is None:
                    raise EngineError(self.child.lost())
                yield reply
            looked = time.monotonic()
            if stopped_at is None and cancel.is_set():
                stopped_at = time.monotonic()
                self.child.send(protocol.Stop(id=command_id))
            if stopped_at is not None and time.monotonic() - stopped_at > self._timeouts.stop:
                raise Cancelled

    def _watch(self, heard: float) -> None:
        """End a worker that hangs. Raises EngineError then."""
        now = time.monotonic()
        if now - self.child.heard_at > self._timeouts.silence and self.child.has_worked():
            self.child.heard_at = now  # starved by other processes, or in one long computation: not hung
        for since, bound in (
            (self.child.heard_at, self._timeouts.silence),
            (heard, self._timeouts.stall),
        ):
            if now - since > bound and self.alive:
                self.child.kill()
                raise EngineError(self.child.lost(f"did not answer for {bound:.0f} s and was ended"))


def _raise_if_failed(done: protocol.Done) -> None:
    if done.error_type == "Cancelled":
        raise Cancelled
    if done.error:
        raise (WeightsError if done.error_type == "WeightsError" else EngineError)(done.error)
