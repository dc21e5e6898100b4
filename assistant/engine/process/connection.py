"""The line to a worker: commands out, replies in, a stop passed on, a worker that hangs given up."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from queue import Empty

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import Cancel, Request
from assistant.engine.process import protocol
from assistant.engine.process.priority_lock import POLL_SECONDS
from assistant.engine.process.worker_process import Replies, Reply, WorkerProcess
from assistant.engine.progress import Cancelled

_command_ids = count(1)
_OWN_PAUSE = 5.0
"""Seconds between two looks after which it was this process that slept (Ctrl-Z), not the worker that hung."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds after which a worker that does not answer is given up and started again."""

    silence: float = 60.0
    """Without any sign of life from the process, while it uses no processor time either."""
    stall: float = 900.0
    """Without anything new for the request it works on, though the process lives."""
    stop: float = 3.0
    """For a stop to be heard; then the person goes on without the worker."""
    settle: float = 30.0
    """For a stopped request to be laid down before the next one; then the worker is started again."""


class WorkerConnection:
    """One worker process, from its start to its end. One command at a time."""

    def __init__(self, patience: Timeouts) -> None:
        self._patience = patience
        self.child = WorkerProcess()
        self._stopped: tuple[int, float] | None = None
        """The command that was stopped and not yet laid down, and when."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self.child.ended.is_set()

    def prepare(
        self, choice: protocol.ModelChoice, load: bool, cancel: Cancel
    ) -> Generator[protocol.Progressed | protocol.Prepared]:
        """Have the model made ready. A cancel that is not heard ends the process; nothing it leaves is trusted."""
        command = protocol.Prepare(id=next(_command_ids), choice=choice, load=load)
        try:
            for reply in self._converse(command, cancel):
                if isinstance(reply, protocol.Progressed | protocol.Prepared):
                    yield reply
        except Cancelled:
            self.child.kill()
            raise

    def generate(self, request: Request, cancel: Cancel) -> Generator[protocol.Streamed]:
        """Have a request answered."""
        command = protocol.Generate(id=next(_command_ids), request=request)
        for reply in self._converse(command, cancel):
            if isinstance(reply, protocol.Streamed):
                yield reply

    def settle(self, cancel: Cancel) -> None:
        """Wait until the worker has laid down what was stopped, or end it. Raises Cancelled."""
        while self._stopped is not None and self.alive and not self.child.has_done(self._stopped[0]):
            if time.monotonic() - self._stopped[1] > self._patience.settle:
                self.child.kill()
            elif cancel.is_set():
                raise Cancelled
            else:
                time.sleep(POLL_SECONDS)
        self._stopped = None

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
                    self._stopped = (command.id, time.monotonic())

    def _replies(self, replies: Replies, command_id: int, cancel: Cancel) -> Generator[Reply]:
        """Replies as they come, while the worker is watched and a cancel is passed on."""
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
                    raise EngineError(_lost(self.child.exit_reason()))
                yield reply
            looked = time.monotonic()
            if stopped_at is None and cancel.is_set():
                stopped_at = time.monotonic()
                self.child.send(protocol.Stop(id=command_id))
            if stopped_at is not None and time.monotonic() - stopped_at > self._patience.stop:
                raise Cancelled

    def _watch(self, heard: float) -> None:
        """End a worker that hangs. Raises EngineError then."""
        now = time.monotonic()
        if now - self.child.heard_at > self._patience.silence and self.child.has_worked():
            self.child.heard_at = now  # starved by other processes, or in one long computation: not hung
        for since, bound in (
            (self.child.heard_at, self._patience.silence),
            (heard, self._patience.stall),
        ):
            if now - since > bound and self.alive:
                self.child.kill()
                raise EngineError(_lost(f"did not answer for {bound:.0f} s and was ended"))


def _lost(what: str) -> str:
    return f"The model's process {what}; it is started again with the next request."


def _raise_if_failed(done: protocol.Done) -> None:
    if done.error_type == "Cancelled":
        raise Cancelled
    if done.error:
        raise (WeightsError if done.error_type == "WeightsError" else EngineError)(done.error)
