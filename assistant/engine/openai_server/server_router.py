"""Several servers of one model as one engine: a dialogue stays with its server, and moves when that one is lost.

Which server a dialogue begins with follows from its name (rendezvous hashing), so that every process of a study, and
every later start, sends it to the one whose prefix cache may still hold it.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

from assistant.core.errors import EngineError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    addresses_in,
)
from assistant.engine.openai_server.endpoint import parse_address
from assistant.engine.openai_server.engine import OpenAIEngine, failed
from assistant.engine.openai_server.event_loop_thread import GLANCE_SECONDS
from assistant.engine.openai_server.retry_policy import RetryPolicy
from assistant.engine.openai_server.server_info import ModelMissing

MOST_DIALOGUES = 10_000
"""Whose server is remembered."""
MOST_DOUBLINGS = 16
"""Of the pause before a lost server is asked again; the policy has its own bound in seconds."""


def open_servers(base_url: str, model: str | None = None, **options: Any) -> OpenAIEngine | ServerRouter:
    """The engine for one address, or for several with commas between them. Raises UsageError."""
    addresses = {parse_address(text).url: text for text in addresses_in(base_url)}
    if len(addresses) < 2:
        return OpenAIEngine(next(iter(addresses.values()), base_url), model, **options)
    return ServerRouter(tuple(addresses.values()), model, **options)


class _Replica:
    """One server, and how it is."""

    def __init__(self, engine: OpenAIEngine) -> None:
        self.engine = engine
        self.url = engine.address.url
        self.ready = False
        """It has answered once, with the model."""
        self.open = 0
        """Requests in progress."""
        self.failures = 0
        """Since it last answered."""
        self.back_at = 0.0
        """When it is asked again although others answer (`time.monotonic`)."""


class ServerRouter:
    """Client of several servers that hold the same model. Any number of threads may generate at once.

    A server that is lost before it showed anything of an answer leaves that to another one. What was shown is kept:
    the answer ends with an error, and the next request goes to another server.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model: str | None = None,
        *,
        retry_policy: RetryPolicy = RetryPolicy(),
        **options: Any,
    ) -> None:
        """`options` are those of `OpenAIEngine`, for each. Raises UsageError for a malformed address."""
        policy = replace(retry_policy, leave_lost=True)
        engines = [OpenAIEngine(url, model, retry_policy=policy, **options) for url in base_urls]
        self._replicas = [_Replica(engine) for engine in engines]
        self._retry_policy = retry_policy
        self._info: ModelInfo | None = None
        self._placed: OrderedDict[str, _Replica] = OrderedDict()
        """By dialogue; the one that asked longest ago is first."""
        self._closed = Event()
        self._preparing = Lock()
        self._lock = Lock()

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Find the model at every server. One that does not answer is left out until it does.

        Raises EngineError with one line where none answers, or they do not hold the same model.
        """
        with self._preparing:
            if self._info is None:
                self._info = self._prepare(progress, cancel)
            return self._info

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the samples; those of which nothing was shown are asked of another server where one is lost."""
        try:
            self.prepare(cancel=cancel)
        except EngineError as error:
            yield from failed(self._replicas[0].engine.samples(request), error, cancel)
            return
        asking = _Asking(request, cancel)
        left, tried, retry = list(range(request.samples)), set[_Replica](), 0
        while left:
            replica = self._replica_for(request.conversation, tried)
            tried.add(replica)
            everyone = all(other in tried for other in self._replicas if other.ready)
            asking.last = self._closed.is_set() or (everyone and retry >= self._retry_policy.retries)
            left = yield from self._ask(replica, left, asking)
            if left and everyone:
                _sleep(self._pause(retry), cancel)
                tried, retry = set(), retry + 1

    def close(self) -> None:
        """Cut every stream."""
        self._closed.set()
        for replica in self._replicas:
            replica.engine.close()

    def _prepare(self, progress: Callable[[Progress], None], cancel: Cancel) -> ModelInfo:
        found: list[ModelInfo] = []
        lost: list[str] = []
        for replica in self._replicas:
            try:
                found.append(replica.engine.prepare(progress, cancel))
                replica.ready = True
            except ModelMissing as error:
                raise EngineError(f"{replica.url}: {error}") from error
            except EngineError as error:
                if cancel.is_set():
                    raise
                lost.append(str(error))
                progress(Progress(step=f"{replica.url} does not answer: going on with the others"))
        if not found:
            raise EngineError(f"none of the {len(lost)} servers answers; the first: {lost[0]}")
        first = found[0]
        other = next((info for info in found if info.name != first.name), None)
        if other is not None:
            raise EngineError(
                f"the servers hold different models ({first.name} at {first.base_url}, {other.name} at "
                f"{other.base_url}): give only those of one model, or name it with --model"
            )
        for replica in self._replicas:  # who comes back has to hold this one
            replica.engine.model = first.name
            if not replica.ready:
                Thread(target=self._await, args=(replica,), name="awaited server", daemon=True).start()
        return self._together(found)

    def _await(self, replica: _Replica) -> None:
        """Take in a server that did not answer at first, once it does."""
        for retry in count():
            if self._closed.wait(self._pause(retry)):
                return
            with suppress(EngineError):
                replica.engine.prepare(cancel=self._closed)
                replica.ready = True
                return

    def _pause(self, failures: int) -> float:
        return self._retry_policy.wait(min(failures, MOST_DOUBLINGS))

    def _together(self, found: Sequence[ModelInfo]) -> ModelInfo:
        """What holds for all servers."""
        kinds = dict.fromkeys(filter(None, (info.versions.get("server", "") for info in found)))
        return found[0].model_copy(
            update={
                "base_url": ",".join(replica.url for replica in self._replicas),
                "context_length": min((i.context_length for i in found if i.context_length), default=0),
                "takes_system": all(info.takes_system for info in found),
                "versions": {"server": ", ".join(kinds)} if kinds else {},
            }
        )

    def _replica_for(self, conversation: str, tried: Collection[_Replica]) -> _Replica:
        """Its own server; where that is lost or there is none, one that answers and was not `tried`."""
        dialogue = _dialogue(conversation)
        with self._lock:
            now = time.monotonic()
            left = [replica for replica in self._replicas if replica.ready and replica not in tried]
            healthy = [replica for replica in left if replica.back_at <= now] or left
            placed = self._placed.get(dialogue)
            return placed if placed in healthy else self._place(dialogue, healthy)

    def _place(self, dialogue: str, replicas: Sequence[_Replica]) -> _Replica:
        """A server for a dialogue, which is kept; without one, whoever has least to do."""
        if not dialogue:
            return min(replicas, key=lambda replica: replica.open)
        chosen = max(
            replicas, key=lambda replica: hashlib.sha256(f"{dialogue} {replica.url}".encode()).digest()
        )
        self._placed[dialogue] = chosen
        self._placed.move_to_end(dialogue)
        if len(self._placed) > MOST_DIALOGUES:
            self._placed.popitem(last=False)
        return chosen

    def _lose(self, replica: _Replica, conversation: str) -> None:
        """Leave a server alone for a while, longer each time, and move the dialogue that it lost."""
        with self._lock:
            now = time.monotonic()
            if replica.back_at <= now:
                replica.back_at = now + self._pause(replica.failures)
                replica.failures += 1
            dialogue = _dialogue(conversation)
            others = [other for other in self._replicas if other.ready and other is not replica]
            if others and self._placed.get(dialogue) is replica:
                self._place(dialogue, [other for other in others if other.back_at <= now] or others)

    @contextmanager
    def _in_use(self, replica: _Replica) -> Iterator[None]:
        with self._lock:
            replica.open += 1
        try:
            yield
        finally:
            with self._lock:
                replica.open -= 1

    def _ask(
        self, replica: _Replica, numbers: list[int], asking: _Asking
    ) -> Generator[Chunk | Finish, None, list[int]]:
        """Stream these samples from one server. Returns those that are to be asked of another one."""
        request, cancel, engine = asking.request, asking.cancel, replica.engine
        answers = {answer.sample: answer for answer in engine.samples(request, numbers)}
        shown, anew = set[int](), dict[int, str]()
        for answer in answers.values():
            answer.started = asking.started
        with self._in_use(replica), closing(engine.stream(request, list(answers.values()), cancel)) as items:
            for item in items:
                if isinstance(item, Chunk):
                    shown.add(item.sample)
                    yield item
                    continue
                failure = answers[item.sample].failure if item.reason == "error" else None
                is_lost = failure is not None and (failure.lost or failure.passing)
                if is_lost:
                    self._lose(replica, request.conversation)
                elif item.reason != "error":
                    replica.failures = 0
                if is_lost and not asking.last and item.sample not in shown:
                    anew[item.sample] = item.error
                else:
                    yield asking.answered(item, replica)
        asking.notes += [_note(replica, error) for error in dict.fromkeys(anew.values())]
        return list(anew)


class _Asking:
    """One request on its way through the servers."""

    def __init__(self, request: Request, cancel: Cancel) -> None:
        self.request = request
        self.cancel = cancel
        self.started = time.perf_counter()
        self.notes: list[str] = []
        """Who was asked before, and why that came to nothing."""
        self.last = False
        """No other server is left to be asked."""

    def answered(self, finish: Finish, replica: _Replica) -> Finish:
        """The end of a sample with the server that it came from."""
        return finish.model_copy(update={"server": replica.url, "notes": (*self.notes, *finish.notes)})


def _dialogue(conversation: str) -> str:
    """A session and what is made beside it (`SESSION/arms`) read the same dialogue: one server's cache has it."""
    return conversation.partition("/")[0]


def _note(replica: _Replica, error: str) -> str:
    return f"{replica.url} gave no answer ({error}): another server was asked"


def _sleep(seconds: float, cancel: Cancel) -> None:
    until = time.monotonic() + seconds
    while not cancel.is_set() and time.monotonic() < until:
        time.sleep(GLANCE_SECONDS)
