"""The engine for servers: preparation, and streams of samples."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

from assistant.core.errors import AssistantError, EngineError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    FinishReason,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    sample_seed,
)
from assistant.engine.openai_server.connection import Emit, ServerConnection
from assistant.engine.openai_server.endpoint import new_client, parse_address
from assistant.engine.openai_server.event_loop_thread import GLANCE_SECONDS, LoopThread
from assistant.engine.openai_server.probe import SeedTrial, try_seeds, warm_up
from assistant.engine.openai_server.retry_policy import RetryPolicy
from assistant.engine.openai_server.sample_stream import SampleStream
from assistant.engine.openai_server.server_errors import one_line
from assistant.engine.openai_server.server_info import (
    ONE_AT_A_TIME,
    Listed,
    Server,
    choose,
    identify,
    list_models,
)
from assistant.engine.openai_server.stop_filter import StopFilter
from assistant.engine.openai_server.streaming_request import Call

MOST_STREAMS = 64
NOT_SAMPLED = "when tried, other seeds gave the same text: the server may not heed the temperature"


class OpenAIEngine:
    """Client of one OpenAI-compatible server. Any number of threads may generate at once.

    Each sample is a request of its own with its own seed, so that it can be drawn again alone.
    `extra` is added to every body, e.g. `{"reasoning_effort": "low"}`.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        retry_policy: RetryPolicy = RetryPolicy(),
        parallel: int | None = None,
        probe_seed: bool = True,
        is_chat: bool = True,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`parallel` bounds the open streams; None takes what suits the server.

        Raises UsageError for a malformed address.
        """
        self.address = parse_address(base_url, os.environ.get(api_key_env, ""))
        self.model = model
        self._key_variable = api_key_env
        self._retry_policy = retry_policy
        self._parallel = parallel
        self._probe_seed = probe_seed
        self._is_chat = is_chat
        self._extra = dict(extra or {})
        self._loop = LoopThread()
        self._connection: ServerConnection | None = None
        self._info: ModelInfo | None = None
        self._trial = SeedTrial()
        self._lock = Lock()

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Find the server and the model, have it answer once, and see whether it repeats a seed.

        Raises EngineError with one line.
        """
        with self._lock:
            if self._info is None:
                try:
                    self._info = self._loop.wait(self._prepare(progress), cancel)
                except AssistantError:
                    raise
                except Exception as error:  # whatever a server, a resolver or a proxy thinks of
                    reason = one_line(f"{type(error).__name__}: {error}")
                    raise EngineError(f"{self.address.url} cannot be used ({reason})") from error
            return self._info

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the samples. A set `cancel` cuts the connection at once, also before the first token."""
        try:
            self.prepare(cancel=cancel)
        except EngineError as error:
            yield from failed(self.samples(request), error, cancel)
        else:
            yield from self.stream(request, self.samples(request), cancel)

    def samples(self, request: Request, numbers: Sequence[int] | None = None) -> list[SampleStream]:
        """The samples of `request` with these numbers (all of them: None), of which nothing has come yet."""
        return [self._answer(request, n) for n in (range(request.samples) if numbers is None else numbers)]

    def stream(
        self, request: Request, answers: list[SampleStream], cancel: Cancel
    ) -> Generator[Chunk | Finish]:
        """Stream these `samples` from the server, which was prepared; each then holds why it failed."""
        queue: SimpleQueue[Chunk | Finish | None] = SimpleQueue()
        work: Future[None] | None = None
        try:
            if request.beams > 1:
                raise EngineError("a server draws its answers: beam search needs a model on this machine")
            work = self._loop.submit(self._stream(request, answers, queue.put))
            work.add_done_callback(lambda _: queue.put(None))
            yield from _items(queue, answers, work, cancel)
        except EngineError as error:
            yield from failed(answers, error, cancel)
        finally:
            if work is not None:
                work.cancel()

    def close(self) -> None:
        """Cut every stream and end the thread."""
        self._loop.close(self._close_client())

    async def _close_client(self) -> None:
        if self._connection is not None:
            await self._connection.client.aclose()

    def _answer(self, request: Request, sample: int) -> SampleStream:
        seed = sample_seed(request.sampling.seed, sample)
        answer = SampleStream(
            sample,
            seed,
            StopFilter(request.stop, request.until_program),
            limit=request.sampling.max_new_tokens,
            seed_honoured=self._trial.honoured,
        )
        if self._trial.all_alike and request.sampling.temperature > 0:
            answer.note(NOT_SAMPLED)
        return answer

    async def _prepare(self, progress: Callable[[Progress], None]) -> ModelInfo:
        connection = self._connection = self._connection or self._new_connection()
        progress(Progress(step=f"asking {self.address.url} for its models"))
        models = await list_models(connection, progress, bool(self.model))
        server = await identify(connection, models)
        listed = self._choose(models, server)
        connection = self._connection = self._suited(connection, server)
        progress(Progress(step=f"waiting for {listed.name} to answer"))
        await warm_up(connection, listed.name, self._is_chat)
        if self._probe_seed:
            progress(Progress(step="asking whether the server repeats a seed"))
            self._trial = await try_seeds(connection, listed.name, self._is_chat)
        self.model = listed.name
        return ModelInfo(
            engine="openai",
            name=listed.name,
            device="server",
            context_length=server.context_length or listed.context_length,
            is_chat=self._is_chat,
            takes_system=not connection.dialect.no_system,
            base_url=self.address.url,
            versions={"server": f"{server.kind} {server.version}".strip()} if server.kind else {},
        )

    def _choose(self, models: tuple[Listed, ...] | None, server: Server) -> Listed:
        """`transformers serve` loads models that it does not list; some gateways list none at all."""
        if self.model and (not models or server.kind == "transformers serve"):
            return Listed(self.model)
        return choose(models, self.model, self.address.url)

    def _new_connection(self) -> ServerConnection:
        client = new_client(self.address, self._retry_policy.connect)
        slots = asyncio.Semaphore(MOST_STREAMS)
        return ServerConnection(client, self.address, self._retry_policy, self._key_variable, slots)

    def _suited(self, connection: ServerConnection, server: Server) -> ServerConnection:
        """The connection with the settings that this kind of server needs."""
        parallel = self._parallel or (1 if server.kind in ONE_AT_A_TIME else MOST_STREAMS)
        extra = {**server.plain_sampling, **self._extra}
        return replace(
            connection,
            slots=asyncio.Semaphore(parallel),
            extra=extra,
            thinking_bound=server.thinking_bound,
        )

    async def _stream(self, request: Request, answers: list[SampleStream], emit: Emit) -> None:
        connection, model = self._connection, self.model
        assert connection is not None and model is not None, "prepared before"
        await asyncio.gather(*(Call(connection, request, model, answer, emit).run() for answer in answers))


def failed(answers: Sequence[SampleStream], error: EngineError, cancel: Cancel) -> Iterator[Finish]:
    """The ends of samples that were never asked for: cancelled, or with this error."""
    reason: FinishReason = "cancelled" if cancel.is_set() else "error"
    yield from (answer.finish(reason, "" if cancel.is_set() else str(error)) for answer in answers)


def _items(
    queue: SimpleQueue[Chunk | Finish | None], answers: list[SampleStream], work: Future[None], cancel: Cancel
) -> Iterator[Chunk | Finish]:
    """The items of the stream's task, until every sample has finished or `cancel` is set."""
    shown = {answer.sample: "" for answer in answers}
    while shown:
        try:
            item = None if cancel.is_set() else queue.get(timeout=GLANCE_SECONDS)
        except Empty:
            continue
        if item is None:
            break
        if isinstance(item, Chunk):
            shown[item.sample] += item.text
        else:
            del shown[item.sample]
        yield item
    for answer in answers:
        if answer.sample not in shown:
            continue
        if cancel.is_set():
            yield answer.finish("cancelled", text=shown[answer.sample])
        else:
            why = (
                "the engine was closed meanwhile" if work.cancelled() else f"unforeseen: {work.exception()!r}"
            )
            yield answer.finish("error", why, text=shown[answer.sample])
