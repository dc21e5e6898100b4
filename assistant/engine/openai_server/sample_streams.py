"""The samples of one request: streamed in the loop's thread, and yielded in the caller's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from assistant.core.generation import Cancel, Chunk, Finish, Request
from assistant.engine.openai_server.connection import Emit, ServerConnection
from assistant.engine.openai_server.event_loop_thread import GLANCE_SECONDS
from assistant.engine.openai_server.sample_stream import SampleStream
from assistant.engine.openai_server.streaming_request import Call

SHARED_SEED = "all samples in one request (`n`): the seed is the request's, not this sample's own"


async def stream_samples(
    connection: ServerConnection,
    request: Request,
    model: str,
    answers: list[SampleStream],
    emit: Emit,
    *,
    use_n: bool,
) -> None:
    """Stream every answer to its end; `use_n` tries one request for all of them first."""
    if use_n:
        answers = await _all_in_one(connection, request, model, answers, emit)
    await asyncio.gather(*(Call(connection, request, model, [answer], emit).run() for answer in answers))


async def _all_in_one(
    connection: ServerConnection, request: Request, model: str, answers: list[SampleStream], emit: Emit
) -> list[SampleStream]:
    """Ask for all samples in one request (`n`); returns those that need requests of their own."""
    dialect = connection.dialect
    if len(answers) == 1 or dialect.ignores_n or "n" in dialect.refused:
        return answers
    own_seeds = [answer.seed for answer in answers]
    for answer in answers:
        answer.seed = own_seeds[0]
        answer.notes = [SHARED_SEED]
    left_out = await Call(connection, request, model, answers, emit).run()
    for answer in left_out:
        dialect.ignores_n = True
        answer.seed = own_seeds[answers.index(answer)]
        answer.notes.clear()
    return left_out


def pour(
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
