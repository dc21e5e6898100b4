"""The service: any number of clients, one engine. It keeps no text longer than it takes to hand it on."""

from __future__ import annotations

import itertools
import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import Cancel, Chunk, Engine, Finish, ModelInfo, NeverCancelled, Progress
from assistant.core.problem import FrozenModel
from assistant.engine.process import protocol
from assistant.engine.process.client import LocalEngine
from assistant.engine.process.priority_lock import POLL_SECONDS
from assistant.engine.progress import Cancelled
from assistant.engine.service import messages
from assistant.engine.service.place import is_ours

log = logging.getLogger("assistant.engine.service")

BEAT_SECONDS = 1.0
MOST_UNREAD = 64_000_000
"""Bytes that may wait for a client that does not read; then it is let go."""
MOST_AT_ONCE = 64
"""Requests that a client may have open at an engine that sets no bound itself."""
RATE_SECONDS = 60.0


class Preparation:
    """Loads the model once for all who wait, and tells each how far it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._running = False
        self._attempts = 0
        self.step: Progress | None = None
        """What is being done, if anything."""
        self.info: ModelInfo | None = None
        self.error: EngineError | None = None

    def start(self) -> None:
        """Load the model in a thread, unless one does, or it is there and its process alive."""
        with self._changed:
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="prepare", daemon=True).start()

    def steps(self, cancel: Cancel) -> Iterator[Progress]:
        """What is done until the model is ready. Raises EngineError where that fails, Cancelled."""
        with self._changed:
            attempt = self._attempts
        self.start()
        said: Progress | None = None
        while True:
            with self._changed:
                if self._attempts != attempt:
                    break
                step = self.step
                if step is None or step is said:
                    self._changed.wait(POLL_SECONDS)
            if cancel.is_set():
                raise Cancelled
            if step is not None and step is not said:
                said = step
                yield step
        if self.error is not None:
            raise self.error

    @property
    def state(self) -> str:
        """In a word or a line."""
        if self.error is not None:
            return str(self.error)
        if self.info is not None and not self._running:
            return "ready"
        return "starting" if self.step is None else self.step.step

    def _run(self) -> None:
        error: EngineError | None = None
        try:
            self.info = self._engine.prepare(self._report, NeverCancelled())
        except EngineError as failed:
            error = failed
            log.error("the model cannot be prepared: %s", failed)
        except Exception as failed:  # a plugin's engine
            log.exception("the model cannot be prepared")
            error = EngineError(f"{type(failed).__name__}: {failed}")
        with self._changed:
            self.error, self.step, self._running = error, None, False
            self._attempts += 1
            self._changed.notify_all()

    def _report(self, step: Progress) -> None:
        with self._changed:
            self.step = step
            self._changed.notify_all()


class EngineService:
    """Serves an engine to whoever connects as the same user."""

    def __init__(self, engine: Engine, served: messages.ServedEngine) -> None:
        self.engine = engine
        self.served = served
        self.preparation = Preparation(engine)
        self.busy_at = self._started = time.monotonic()
        """When a client or a request was last here."""
        self._clients: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._answered = 0
        self._tokens = 0
        self._recent: deque[tuple[float, int]] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take clients in until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if not is_ours(connection):
                log.warning("a connection of another user was refused")
                connection.close()
                continue
            with self._lock:
                client = Client(self, connection, next(self._numbers))
                self._clients[client.number] = client
            client.start()

    def beat(self) -> None:
        """A sign of life to every client."""
        for client in self.clients():
            client.beat()

    def clients(self) -> list[Client]:
        """Those who are connected."""
        with self._lock:
            return list(self._clients.values())

    def idle_seconds(self) -> float:
        """How long nobody has been connected."""
        if self._clients:
            self.busy_at = time.monotonic()
        return time.monotonic() - self.busy_at

    def left(self, client: Client) -> None:
        """Forget a client that has gone."""
        with self._lock:
            self._clients.pop(client.number, None)
            self.busy_at = time.monotonic()

    def most_requests(self) -> int:
        """That one client may have open."""
        return self.engine.most_requests if isinstance(self.engine, LocalEngine) else MOST_AT_ONCE

    def stream(self, command: protocol.Generate, client: int, cancel: Cancel) -> Iterator[Chunk | Finish]:
        """The engine's answer."""
        if isinstance(self.engine, LocalEngine):
            answer = self.engine.generate(command.request, cancel, client=client)
        else:
            answer = self.engine.generate(command.request, cancel)
        for item in answer:
            if isinstance(item, Finish):
                self._count(item.generated_tokens)
            yield item
        with self._lock:
            self._answered += 1

    def status(self, asker: Client) -> messages.ServiceStatus:
        """For `assistant engine status`."""
        local = self.engine if isinstance(self.engine, LocalEngine) else None
        others = [client for client in self.clients() if client is not asker]
        answering, waiting = local.requests if local else (sum(client.requests for client in others), 0)
        now = time.monotonic()
        with self._lock:
            recent = sum(tokens for at, tokens in self._recent if now - at <= RATE_SECONDS)
        return messages.ServiceStatus(
            pid=os.getpid(),
            engine=self.served,
            info=self.preparation.info,
            state=self.preparation.state,
            worker_pid=local.worker_pid if local else None,
            clients=len(others),
            answering=answering,
            waiting=waiting,
            answered=self._answered,
            tokens=self._tokens,
            tokens_per_second=recent / min(RATE_SECONDS, max(1.0, now - self._started)),
            seconds=now - self._started,
        )

    def close(self) -> None:
        """Let every client go and end the model's process."""
        for client in self.clients():
            client.close()
        self.engine.close()

    def _count(self, tokens: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._tokens += tokens
            self._recent.append((now, tokens))
            while self._recent and now - self._recent[0][0] > RATE_SECONDS:
                self._recent.popleft()


class Client:
    """One connection: a thread that reads, one that writes, and one for each open request."""

    def __init__(self, service: EngineService, connection: socket.socket, number: int) -> None:
        self.number = number
        self._service = service
        self._socket = connection
        self._stops: dict[int, threading.Event] = {}
        self._unsent: SimpleQueue[bytes | None] = SimpleQueue()
        self._unread = 0
        self._lock = threading.Lock()
        self._gone = threading.Event()

    @property
    def requests(self) -> int:
        """Commands that are open."""
        return len(self._stops)

    def start(self) -> None:
        """Say what this is, and listen."""
        info = self._service.preparation.info
        hello = messages.Hello(pid=os.getpid(), engine=self._service.served, info=info)
        with suppress(OSError):
            self._socket.sendall(protocol.line(hello))  # before anything can go wrong; there is room for it
        for work in (self._read, self._write):
            threading.Thread(target=work, name=f"client {self.number}", daemon=True).start()

    def send(self, message: FrozenModel) -> None:
        """Hand a message to the thread that writes: whoever answers must not wait for a slow reader."""
        text = protocol.line(message)
        with self._lock:
            self._unread += len(text)
        if self._unread > MOST_UNREAD:
            log.warning("client %d does not read what it asked for: let go", self.number)
            self.close()
        elif not self._gone.is_set():
            self._unsent.put(text)

    def beat(self) -> None:
        """A sign of life, unless there is something to read already."""
        if self._unsent.empty():
            self.send(protocol.Beat())

    def close(self) -> None:
        """Stop what it asked for, at once, and let it go."""
        self._gone.set()
        for stop in tuple(self._stops.values()):
            stop.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._unsent.put(None)

    def _write(self) -> None:
        with suppress(OSError):
            while (text := self._unsent.get()) is not None:
                self._socket.sendall(text)
                with self._lock:
                    self._unread -= len(text)
        self.close()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for text in lines:
                    self._take(messages.read_command(text))
        except OSError:
            pass  # it has gone
        except ValueError as error:
            log.warning("client %d said what is no command: %s", self.number, type(error).__name__)
        finally:
            self.close()
            self._service.left(self)
            self._socket.close()

    def _take(
        self, command: protocol.Prepare | protocol.Generate | protocol.Stop | messages.AskStatus
    ) -> None:
        if isinstance(command, messages.AskStatus):
            self.send(self._service.status(self))
        elif isinstance(command, protocol.Stop):
            if (stop := self._stops.get(command.id)) is not None:
                stop.set()
        else:
            stop = self._stops[command.id] = threading.Event()
            if self._gone.is_set():
                stop.set()
            threading.Thread(target=self._answer, args=(command, stop), daemon=True).start()

    def _answer(self, command: protocol.Prepare | protocol.Generate, stop: threading.Event) -> None:
        done = protocol.Done(id=command.id)
        try:
            if isinstance(command, protocol.Prepare):
                for step in self._service.preparation.steps(stop):
                    self.send(protocol.Progressed(id=command.id, progress=step))
                info, most = self._service.preparation.info, self._service.most_requests()
                self.send(protocol.PrepareReply(id=command.id, info=info, requests=most))
            else:
                for item in self._service.stream(command, self.number, stop):
                    self.send(protocol.StreamReply(id=command.id, item=item))
        except Cancelled as error:
            done = protocol.Done(id=command.id, error=str(error), error_type="Cancelled")
        except WeightsError as error:
            done = protocol.Done(id=command.id, error=str(error), error_type="WeightsError")
        except Exception as error:  # a plugin's engine may raise anything; the client gets one line
            if not isinstance(error, EngineError):
                log.exception("a request failed")
            done = protocol.Done(
                id=command.id, error=" ".join(str(error).split())[:400] or type(error).__name__
            )
        self._stops.pop(command.id, None)
        self.send(done)
