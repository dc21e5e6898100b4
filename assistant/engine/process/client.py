"""`LocalEngine`: an engine that runs its model in another process. Nothing here imports torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

from assistant.core.errors import EngineError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    FinishReason,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    Sampling,
    sample_seed,
)
from assistant.core.thinking import thinking_length
from assistant.engine.process import protocol
from assistant.engine.process.connection import Timeouts, WorkerConnection
from assistant.engine.process.peer import Peer
from assistant.engine.process.priority_lock import PriorityLock, Ticket
from assistant.engine.process.worker_process import WorkerProcess
from assistant.engine.progress import Cancelled

Connect = Callable[[Callable[[Progress], None], Cancel], Peer]
"""Opens a connection to who holds the model; may say on the way what it does, and raises EngineError."""
PREEMPTED = "stopped to let a person's request pass"


def own_worker(progress: Callable[[Progress], None], cancel: Cancel) -> Peer:
    """A worker process of our own."""
    return WorkerProcess()


class LocalEngine:
    """A model in a process of its own, or in one that `connect` finds. Safe to share between threads.

    Requests of the foreground are served together where the model can step them so, otherwise one at a time. A
    worker that crashes, is killed or hangs ends the requests at hand with reason `error`; the next request starts a
    new one. Caches of conversations are lost then, nothing else.
    """

    beam_search = True

    def __init__(
        self,
        choice: protocol.ModelChoice,
        *,
        timeouts: Timeouts = Timeouts(),
        connect: Connect = own_worker,
    ) -> None:
        self.choice = choice
        self._connect = connect
        self.timeouts = timeouts
        self._priority_lock = PriorityLock()
        self._starting = threading.Lock()
        self._connection: WorkerConnection | None = None
        self._info: ModelInfo | None = None
        self._closed = False

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Start the worker and load the model, converting it first where that has not been done."""
        info, connection = self._info, self._connection
        if info is not None and connection is not None and connection.alive:
            return info  # without waiting for the request in progress
        with self._priority_lock.hold(Ticket(False, cancel, alone=True)) as ticket:
            return self._ready(ticket, progress)[1]

    def pull(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> None:
        """Fetch and convert the model without loading it."""
        with self._priority_lock.hold(Ticket(False, cancel, alone=True)) as ticket:
            self._prepare(self._ensure_worker(ticket, progress), progress, ticket, load=False)

    def generate(
        self,
        request: Request,
        cancel: Cancel = NeverCancelled(),
        *,
        client: int = 0,
    ) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request`.

        A `background` request waits for foreground ones and is preempted by them; its `Finish` says so. Where more
        is asked than fits, each `client` has its turn.
        """
        samples, ticket = OpenSamples(request), Ticket(request.background, cancel, client=client)
        try:
            with self._priority_lock.hold(ticket):
                for item in self._generate(request, ticket):
                    samples.note(item)
                    yield _marked(item, ticket)
        except Cancelled:
            pass
        except EngineError as error:
            yield from samples.ends("error", "The engine is closed." if self._closed else str(error))
        for finish in samples.ends("cancelled"):
            yield _marked(finish, ticket)

    def prefill(self, request: Request, cancel: Cancel = NeverCancelled()) -> None:
        """Prefill the prompt of `request` in the background. On a GPU nothing is done: its prefill is fast."""
        if self._info is not None and self._info.device == "cpu":
            silent = {"sampling": Sampling(max_new_tokens=0), "samples": 1, "background": True}
            for _ in self.generate(request.model_copy(update=silent), cancel):
                pass

    def close(self) -> None:
        """End the worker."""
        self._closed = True
        if self._connection is not None:
            self._connection.child.close()

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, if one runs."""
        return self._connection.child.pid if self._connection is not None and self._connection.alive else None

    @property
    def most_requests(self) -> int:
        """How many requests the model serves together."""
        return self._priority_lock.requests

    @property
    def requests(self) -> tuple[int, int]:
        """How many requests are being answered, and how many wait for their turn."""
        return self._priority_lock.requests_now

    def _generate(self, request: Request, ticket: Ticket) -> Iterator[Chunk | Finish]:
        connection, _ = self._ready(ticket)
        replies = connection.generate(request, ticket)
        with closing(replies):
            for reply in replies:
                yield reply.item

    def _ready(
        self, ticket: Ticket, progress: Callable[[Progress], None] = lambda _: None
    ) -> tuple[WorkerConnection, ModelInfo]:
        """A running worker with its model loaded."""
        with self._starting:
            connection = self._ensure_worker(ticket, progress)
            if self._info is None:
                self._info = self._prepare(connection, progress, ticket, load=True)
            if self._info is None:
                raise EngineError("The worker loaded no model.")
            return connection, self._info

    def _prepare(
        self,
        connection: WorkerConnection,
        progress: Callable[[Progress], None],
        ticket: Ticket,
        *,
        load: bool,
    ) -> ModelInfo | None:
        info = None
        with closing(connection.prepare(self.choice, load, ticket)) as replies:
            for reply in replies:
                if isinstance(reply, protocol.Progressed):
                    progress(reply.progress)
                else:
                    info = reply.info
                    self._priority_lock.requests = reply.requests
        return info

    def _ensure_worker(self, ticket: Ticket, progress: Callable[[Progress], None]) -> WorkerConnection:
        """The worker, (re)started as needed, with no stopped request left in it."""
        if self._connection is not None:
            self._connection.settle(ticket)
        if self._closed:
            raise EngineError("The engine is closed.")
        if self._connection is None or not self._connection.alive:
            self._info = None
            self._connection = WorkerConnection(self.timeouts, self._connect(progress, ticket))
        return self._connection


def _marked(item: Chunk | Finish, ticket: Ticket) -> Chunk | Finish:
    if isinstance(item, Finish) and item.reason == "cancelled" and ticket.preempted:
        return item.model_copy(update={"notes": (*item.notes, PREEMPTED)})
    return item


class OpenSamples:
    """The state of each sample of one request, so that each gets its `Finish` whatever happens."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._started = time.perf_counter()
        self._first_at: float | None = None
        self._open = dict.fromkeys(range(request.samples), "")

    def note(self, item: Chunk | Finish) -> None:
        """Remember what was streamed."""
        if isinstance(item, Finish):
            self._open.pop(item.sample, None)
        elif item.sample in self._open:
            self._first_at = self._first_at or time.perf_counter()
            self._open[item.sample] += item.text

    def ends(self, reason: FinishReason, error: str = "") -> Iterator[Finish]:
        """Ends for the samples that have none yet; they keep their text."""
        for sample, text in tuple(self._open.items()):
            finish = Finish(
                sample=sample,
                text=text,
                thinking_characters=thinking_length(text),
                reason=reason,
                error=error,
                seed=sample_seed(self._request.sampling.seed, sample),
                first_token_seconds=None if self._first_at is None else self._first_at - self._started,
                seconds=time.perf_counter() - self._started,
            )
            self.note(finish)
            yield finish
