"""Short requests before the first generation: does the server answer, and does it reproduce a seed?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from assistant.core.errors import EngineError
from assistant.core.generation import Chunk, Finish, Message, Request, Sampling
from assistant.engine.openai_server.connection import ServerConnection
from assistant.engine.openai_server.sample_stream import SampleStream
from assistant.engine.openai_server.stop_filter import StopFilter
from assistant.engine.openai_server.streaming_request import Call

PROMPT = "Write random words, as different from one another as you can:"
SYSTEM = "You write single words."
PROBE_TOKENS = 8
PROBE_TEMPERATURE = 1.5
SEED, OTHER_SEED = 20_260_101, 987_654_321


async def warm_up(connection: ServerConnection, model: str, is_chat: bool) -> None:
    """Have the model answer with one token: it is loaded and takes our requests. Raises EngineError.

    The system turn shows whether its chat template has one (`Dialect.no_system`).
    """
    finish = await _ask(connection, model, is_chat, Sampling(max_new_tokens=1), 0, SYSTEM if is_chat else "")
    if finish.reason == "error":
        raise EngineError(finish.error)


@dataclass(frozen=True)
class SeedTrial:
    """Result of the seed trial."""

    honoured: bool | None = None
    """None when undetermined."""
    all_alike: bool = False
    """Another seed gave the same text: the server may not sample at all."""


async def try_seeds(connection: ServerConnection, model: str, is_chat: bool) -> SeedTrial:
    """Whether the same seed gives the same text and another seed another.

    A server that says it takes seeds may still not honour them (and `system_fingerprint` only says that the
    server has not changed), so it is tried: False when the same seed gave different text, True when it gave
    the same and another seed did not. Under load a server that batches may still differ in rounding.
    """
    sampling = Sampling(temperature=PROBE_TEMPERATURE, max_new_tokens=PROBE_TOKENS)

    async def text_of(seed: int) -> str:
        finish = await _ask(connection, model, is_chat, sampling, seed)
        return "" if finish.reason == "error" else finish.text

    try:
        async with asyncio.timeout(connection.retry_policy.probe):
            first, second = await text_of(SEED), await text_of(SEED)
            if first != second:
                # The first may have found the prompt not yet cached, and have been rounded differently.
                first = await text_of(SEED)
            other = await text_of(OTHER_SEED)
    except TimeoutError:
        return SeedTrial()
    if "seed" in connection.dialect.refused:
        return SeedTrial(honoured=False)
    if not (first and second and other):
        return SeedTrial()
    if first == second == other:
        return SeedTrial(all_alike=True)
    return SeedTrial(honoured=first == second)


async def _ask(
    connection: ServerConnection, model: str, is_chat: bool, sampling: Sampling, seed: int, system: str = ""
) -> Finish:
    system_turn = [Message(role="system", content=system)] if system else []
    messages = (*system_turn, Message(role="user", content=PROMPT))
    request = Request(messages=messages, sampling=sampling, raw=not is_chat)
    items: list[Chunk | Finish] = []
    await Call(connection, request, model, SampleStream(0, seed, StopFilter(())), items.append).run()
    finish = items[-1]
    assert isinstance(finish, Finish)
    return finish
