"""`LocalEngine`: the domain's engine over a worker process. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from assistant.core.errors import EngineError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    Sampling,
)
from assistant.engine.process import protocol
from assistant.engine.process.connection import Timeouts, WorkerConnection
from assistant.engine.process.open_samples import OpenSamples
from assistant.engine.process.priority_lock import Ticket, Turnstile
from assistant.engine.progress import Cancelled

PREEMPTED = "stopped to let a person's request pass"


class LocalEngine:
    """A model in a process of its own. Safe to share between threads; requests are worked on one by one.

    A worker that crashes, is killed or hangs ends the request at hand with reason `error`; the next request
    starts a new one. Caches of conversations are lost then, nothing else.
    """

    def __init__(self, choice: protocol.ModelChoice, *, patience: Timeouts = Timeouts()) -> None:
        self.choice = choice
        self.patience = patience
        self._turnstile = Turnstile()
        self._line: WorkerConnection | None = None
        self._info: ModelInfo | None = None
        self._closed = False

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Start the worker and load the model, converting it first where that has not been done."""
        info, line = self._info, self._line
        if info is not None and line is not None and line.alive:
            return info  # without waiting for whoever is being served
        with self._turnstile.hold(Ticket(False, cancel)) as turn:
            return self._ready(turn, progress)[1]

    def pull(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> None:
        """Fetch and convert the model without loading it."""
        with self._turnstile.hold(Ticket(False, cancel)) as turn:
            self._prepare(self._ensure_worker(turn), progress, turn, load=False)

    def generate(
        self, request: Request, cancel: Cancel = NeverCancelled(), *, background: bool = False
    ) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request`.

        A `background` request waits for people's and is cancelled when one comes; its `Finish` says so.
        """
        tally, turn = OpenSamples(request), Ticket(background, cancel)
        try:
            with self._turnstile.hold(turn):
                for item in self._generate(request, turn):
                    tally.note(item)
                    yield _marked(item, turn)
        except Cancelled:
            pass
        except EngineError as error:
            yield from tally.ends("error", "The engine is closed." if self._closed else str(error))
        for finish in tally.ends("cancelled"):
            yield _marked(finish, turn)

    def prefill(self, request: Request, cancel: Cancel = NeverCancelled()) -> None:
        """Read the prompt of `request` while nobody waits. A graphics card needs none of this: it reads at once."""
        if self._info is not None and self._info.device == "cpu":
            silent = request.model_copy(update={"sampling": Sampling(max_new_tokens=0), "samples": 1})
            for _ in self.generate(silent, cancel, background=True):
                pass

    def background(self) -> BackgroundEngine:
        """This engine with every request a background one."""
        return BackgroundEngine(self)

    def close(self) -> None:
        """End the worker."""
        self._closed = True
        if self._line is not None:
            self._line.child.close()

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker, if one runs."""
        return self._line.child.pid if self._line is not None and self._line.alive else None

    @property
    def worker_log(self) -> str:
        """The last lines that the worker's libraries printed."""
        return "\n".join(self._line.child.log) if self._line is not None else ""

    def _generate(self, request: Request, turn: Ticket) -> Iterator[Chunk | Finish]:
        line, _ = self._ready(turn)
        with closing(line.generate(request, turn)) as replies:
            for reply in replies:
                yield reply.item

    def _ready(
        self, turn: Ticket, progress: Callable[[Progress], None] = lambda _: None
    ) -> tuple[WorkerConnection, ModelInfo]:
        """A living worker with its model loaded."""
        line = self._ensure_worker(turn)
        if self._info is None:
            self._info = self._prepare(line, progress, turn, load=True)
        if self._info is None:
            raise EngineError("The worker loaded no model.")
        return line, self._info

    def _prepare(
        self, line: WorkerConnection, progress: Callable[[Progress], None], turn: Ticket, *, load: bool
    ) -> ModelInfo | None:
        info = None
        with closing(line.prepare(self.choice, load, turn)) as replies:
            for reply in replies:
                if isinstance(reply, protocol.Progressed):
                    progress(reply.progress)
                else:
                    info = reply.info
        return info

    def _ensure_worker(self, turn: Ticket) -> WorkerConnection:
        """The worker, started or started again as needed, with nothing left of a stopped request."""
        if self._line is not None:
            self._line.settle(turn)
        if self._closed:
            raise EngineError("The engine is closed.")
        if self._line is None or not self._line.alive:
            self._info = None
            self._line = WorkerConnection(self.patience)
        return self._line


class BackgroundEngine:
    """An engine whose requests wait for people's and give way to them. Closing it leaves the engine open."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine
        self.prepare = engine.prepare

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request` while nobody waits."""
        return self._engine.generate(request, cancel, background=True)

    def close(self) -> None:
        """Nothing: the engine belongs to its owner."""


def _marked(item: Chunk | Finish, turn: Ticket) -> Chunk | Finish:
    if isinstance(item, Finish) and item.reason == "cancelled" and turn.gave_way:
        return item.model_copy(update={"notes": (*item.notes, PREEMPTED)})
    return item
