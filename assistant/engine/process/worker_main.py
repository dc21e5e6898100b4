"""The model's own process, `python -m assistant.engine.process.worker_main PARENT_PID`.

It is spoken to in lines of JSON (see `protocol`).

The main thread steps the requests that are open together, where the model can (`inference.scheduler`), otherwise one
after another. A reader thread takes in what the client says, so that a stop is heard in the middle of a forward
pass; another sends a sign of life. The process dies with its parent: its stdin ends, and on Linux the kernel kills
it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import Progress
from assistant.core.problem import FrozenModel
from assistant.engine.models.devices import physical_cores
from assistant.engine.models.integrity import BackgroundCheck
from assistant.engine.models.loader import plan
from assistant.engine.models.source import resolve
from assistant.engine.process import protocol
from assistant.engine.process.model_host import Host
from assistant.engine.progress import Cancelled, Steps

if TYPE_CHECKING:
    from assistant.engine.inference.scheduler import Scheduler

BEAT_SECONDS = 1.0
MOST_REQUESTS = 16
"""That are open at once: with more, a step takes longer in proportion."""
NICENESS = 5
_PR_SET_PDEATHSIG = 1


@dataclass
class Inbox:
    """Commands in the order they came, and for each whether it was stopped meanwhile."""

    waiting: SimpleQueue[protocol.Prepare | protocol.Generate] = field(default_factory=SimpleQueue)
    stops: dict[int, threading.Event] = field(default_factory=dict)

    def take_in(self, commands: BinaryIO) -> None:
        """Read commands until the client is gone, then end the process whatever it is doing."""
        try:
            for text in commands:
                self._take(protocol.read_command(text))
        finally:
            os._exit(0)

    def _take(self, command: protocol.Prepare | protocol.Generate | protocol.Stop) -> None:
        if not isinstance(command, protocol.Stop):
            self.stops[command.id] = threading.Event()
            self.waiting.put(command)
        elif (stop := self.stops.get(command.id)) is not None:
            stop.set()


class Outbox:
    """Whole lines to the client, from several threads."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout
        self._lock = threading.Lock()

    def send(self, message: FrozenModel) -> None:
        """Write one message. Ends the process when the client is gone."""
        with self._lock:
            try:
                self._stdout.write(protocol.line(message))
                self._stdout.flush()
            except OSError:
                os._exit(0)

    def beat(self) -> None:
        """Send signs of life for ever."""
        nap = threading.Event()
        while not nap.wait(BEAT_SECONDS):
            self.send(protocol.Beat())


class ModelWorker:
    """Works through the inbox."""

    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._send = outbox.send
        self._host: Host | None = None
        self._check = BackgroundCheck(())

    def run(self) -> None:
        """Serve until the process ends."""
        command: protocol.Prepare | protocol.Generate | None = None
        while True:
            command = command or self._inbox.waiting.get()
            if isinstance(command, protocol.Generate):
                command = self._generate(command)
                continue
            try:
                self._prepare(command, self._inbox.stops[command.id])
            except Exception as error:
                self._end(command.id, error)
            else:
                self._end(command.id, None)
            command = None

    def _end(self, command_id: int, error: Exception | None) -> None:
        del self._inbox.stops[command_id]
        self._send(protocol.Done(id=command_id) if error is None else _failure(command_id, error))

    def _generate(self, first: protocol.Generate) -> protocol.Prepare | protocol.Generate | None:
        """Serve `first` and what may join it, until all have ended; the next command, if it was taken in."""
        if self._host is None:
            self._end(first.id, EngineError("The worker was asked to generate before its model was loaded."))
            return None
        scheduler = self._host.decoder.scheduler()
        following: protocol.Prepare | protocol.Generate | None = first
        self._check.pause()
        try:
            while True:
                following = following or self._arrived(scheduler)
                if isinstance(following, protocol.Generate) and self._has_room(scheduler):
                    self._join(scheduler, following)
                    following = None
                elif scheduler.open:
                    self._step(scheduler)
                else:
                    return following
        finally:
            self._check.resume()

    def _has_room(self, scheduler: Scheduler) -> bool:
        return scheduler.open < (MOST_REQUESTS if scheduler.joins else 1)

    def _arrived(self, scheduler: Scheduler) -> protocol.Prepare | protocol.Generate | None:
        """A command that has come meanwhile and that there is room for."""
        with contextlib.suppress(Empty):
            return self._inbox.waiting.get_nowait() if self._has_room(scheduler) else None
        return None

    def _join(self, scheduler: Scheduler, command: protocol.Generate) -> None:
        assert self._host is not None
        try:
            if self._check.damage:
                raise WeightsError(self._check.damage)
            self._host.join(scheduler, command.id, command.request, self._inbox.stops[command.id])
        except Exception as error:
            self._end(command.id, error)

    def _step(self, scheduler: Scheduler) -> None:
        for command_id, item in scheduler.step():
            self._send(protocol.StreamReply(id=command_id, item=item))
        for command_id, error in scheduler.ended():
            self._end(command_id, error)

    def _prepare(self, command: protocol.Prepare, stop: threading.Event) -> None:
        def report(progress: Progress) -> None:
            self._send(protocol.Progressed(id=command.id, progress=progress))

        steps, choice = Steps(report, stop), command.choice
        cache, threads = Path(choice.cache), choice.threads or physical_cores()
        planned = plan(resolve(choice.model), cache, choice.device, choice.precision, threads, steps)
        if command.load:
            self._host = Host.load(planned, threads, steps)
            self._check = BackgroundCheck([planned.prepared.folder])
            self._check.start()
        reply = protocol.PrepareReply(id=command.id, info=None)
        if self._host is not None and command.load:
            requests = MOST_REQUESTS if self._host.decoder.scheduler().joins else 1
            reply = protocol.PrepareReply(id=command.id, info=self._host.info, requests=requests)
        self._send(reply)


def _failure(command_id: int, error: Exception) -> protocol.Done:
    """An error as reported to the client; an unexpected one goes to stderr with its traceback."""
    if isinstance(error, Cancelled):
        return protocol.Done(id=command_id, error=str(error), error_type="Cancelled")
    if isinstance(error, WeightsError):
        return protocol.Done(id=command_id, error=str(error), error_type="WeightsError")
    if not isinstance(error, EngineError):
        sys.excepthook(type(error), error, error.__traceback__)
        return protocol.Done(
            id=command_id, error=f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        )
    return protocol.Done(id=command_id, error=str(error))


@contextlib.contextmanager
def _own_pipes() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The pipes from and to the client, out of reach of libraries: they print to stderr and read nothing."""
    with os.fdopen(os.dup(0), "rb") as commands, os.fdopen(os.dup(1), "wb") as replies:
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a descriptor is wanted)
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        yield commands, replies


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _lower_priority() -> None:
    """Lower priority than the screen; Ctrl-C belongs to the client, which says stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICENESS)


def main() -> None:
    """Serve the client at stdin and stdout."""
    _die_with_parent(int(sys.argv[1]))
    _lower_priority()
    with _own_pipes() as (commands, replies):
        inbox, outbox = Inbox(), Outbox(replies)
        threading.Thread(target=inbox.take_in, args=(commands,), daemon=True).start()
        threading.Thread(target=outbox.beat, daemon=True).start()
        ModelWorker(inbox, outbox).run()


if __name__ == "__main__":
    main()
