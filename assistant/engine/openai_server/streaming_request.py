"""One request to the server, streamed, with its retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import httpx

from assistant.core.generation import Chunk, Request
from assistant.engine.openai_server.connection import TRANSPORT_ERRORS, Emit, ServerConnection
from assistant.engine.openai_server.payload import FIXED, REPORTED, body_of, path_of
from assistant.engine.openai_server.sample_stream import SampleStream
from assistant.engine.openai_server.server_errors import (
    ServerFailure,
    from_page,
    from_response,
    from_stream_error,
    from_transport,
    one_line,
)
from assistant.engine.openai_server.streaming import LONGEST_EVENT, EventReader, ServerEvent

GRACE_SECONDS = 1.0
"""Seconds to wait for the token counts after the last token."""
UNBOUNDED = "the server's thinking has no bound of its own: max_tokens bounds it"
UNFINISHED = (
    "the server ended the stream without finishing the answer; "
    "one that works on a single request at a time may have dropped it for another"
)


class Call:
    """One HTTP request for one sample, which ends in exactly one `Finish`."""

    def __init__(
        self,
        connection: ServerConnection,
        request: Request,
        model: str,
        answer: SampleStream,
        emit: Emit,
    ) -> None:
        self.connection = connection
        self.request = request
        self.model = model
        self.answer = answer
        self.emit = emit
        self.malformed = 0
        self.unread = ""
        """The first thing in the stream that could not be read."""
        self._begun = False
        """Whether the server answered the latest attempt with 200."""

    async def run(self) -> None:
        """Stream the answer to its end."""
        answer, failure = self.answer, await self._attempts()
        if self.malformed:
            answer.note(f"{self.malformed} unreadable lines of the stream were skipped")
        if answer.ended or answer.stops.complete:
            self.emit(answer.finish())
            return
        if held := answer.stops.flush():
            answer.text += held
            self.emit(Chunk(sample=answer.sample, text=held))
        failure = answer.failure = failure or ServerFailure(UNFINISHED, lost=True)
        message = self.connection.address.hide(str(failure)) + (
            " (the partial text is kept)" if answer.text else ""
        )
        self.emit(answer.finish("error", message, overflow=failure.overflow))

    async def _attempts(self) -> ServerFailure | None:
        """Retry until an answer has begun. Returns None when it came whole, else the last failure."""
        retry_policy, retry = self.connection.retry_policy, 0
        while True:
            body = self._body()
            try:
                async with self.connection.slots:
                    return await self._attempt(body)
            except ServerFailure as error:
                failure = error
            if self.answer.touched:
                return failure
            if self.connection.dialect.learn(failure, body):
                continue
            if failure.silent and retry == 0:
                failure = await self._reason(body) or failure
            if failure.lost and retry_policy.leave_lost:
                return failure
            if not failure.passing or (failure.wait or 0) > retry_policy.longest_retry_after:
                return failure
            if retry >= retry_policy.retries:
                failure.message += f"; asked {retry + 1} times"
                return failure
            await asyncio.sleep(retry_policy.wait(retry, failure.wait))
            retry += 1

    def _body(self) -> dict[str, Any]:
        connection, answer = self.connection, self.answer
        for name in sorted(connection.dialect.refused.intersection(REPORTED + FIXED)):
            answer.note(f"the server takes no {name}")
            answer.seed_honoured = False if name == "seed" else answer.seed_honoured
        bound = connection.thinking_bound
        if self.request.sampling.thinking_tokens is not None and not bound:
            answer.note(UNBOUNDED)
        return body_of(self.request, self.model, answer.seed, connection.dialect, connection.extra, bound)

    async def _attempt(self, body: dict[str, Any]) -> ServerFailure | None:
        """One attempt. Returns a failure that came after tokens, raises ServerFailure before the first."""
        retry_policy, graced = self.connection.retry_policy, False
        try:
            async with (
                asyncio.timeout(retry_policy.first_token) as limit,
                aclosing(self._events(body)) as events,
            ):
                async for event in events:
                    if event.done:
                        break
                    if self._take(event) and not graced:
                        graced = self.answer.ended
                        limit.reschedule(_in(GRACE_SECONDS if graced else retry_policy.between_tokens))
        except TimeoutError:
            return self._unless_ended(self._late())
        except TRANSPORT_ERRORS as error:
            failure = from_transport(error, self.connection.address.url)
            failure.silent, failure.lost = self._begun, True
            return self._unless_ended(failure)
        return self._unless_ended(self._unfinished())

    def _unfinished(self) -> ServerFailure:
        """The failure for a stream that ended too early, or of which nothing could be read."""
        if self.unread and not self.answer.touched:
            quoted = one_line(self.unread)
            return ServerFailure(f"the server's answer cannot be read: {quoted}", said=quoted)
        return ServerFailure(UNFINISHED, passing=True, silent=True, lost=True)

    async def _events(self, body: dict[str, Any]) -> AsyncGenerator[ServerEvent, None]:
        connection, self._begun = self.connection, False
        url = connection.address.url + path_of(self.request)
        async with connection.client.stream("POST", url, json=body) as response:
            if not response.is_success or response.status_code == httpx.codes.NO_CONTENT:
                raise self._refusal(response, await read_capped(response))
            self._begun = True
            kind = response.headers.get("content-type", "")
            if "html" in kind or "xml" in kind:
                raise from_page(kind, await read_capped(response))
            reader = EventReader()
            async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as pieces:
                async for piece in pieces:
                    for event in reader.feed(piece):
                        yield event
            for event in reader.flush():
                yield event

    async def _reason(self, body: dict[str, Any]) -> ServerFailure | None:
        """Why a stream broke off before its first token: llama-cpp-python says so only when not streaming."""
        connection = self.connection
        whole = {name: value for name, value in body.items() if name != "stream_options"}
        whole |= {"stream": False, connection.dialect.token_limit: 1}
        for _ in range(2):  # the first may meet the connection that the server has just given up
            try:
                async with connection.slots, asyncio.timeout(connection.retry_policy.first_token):
                    url = connection.address.url + path_of(self.request)
                    async with connection.client.stream("POST", url, json=whole) as response:
                        said = await read_capped(response)
                return None if response.is_success else self._refusal(response, said)
            except TRANSPORT_ERRORS:
                continue
        return None

    @property
    def _answer_tokens(self) -> int:
        return self.request.sampling.max_new_tokens

    def _refusal(self, response: httpx.Response, body: bytes) -> ServerFailure:
        has_key = bool(self.connection.address.key or self.connection.address.user)
        return from_response(response, body, self.connection.key_variable, has_key, self._answer_tokens)

    def _take(self, event: ServerEvent) -> bool:
        """Emit the content of an event; True when it had part of an answer."""
        if event.error is not None:
            raise from_stream_error(event.error, self._answer_tokens)
        self.malformed += event.malformed
        self.unread = self.unread or event.said
        for delta in event.deltas:
            if delta.index == 0 and (text := self.answer.take(delta)):
                self.emit(Chunk(sample=self.answer.sample, text=text))
        self.answer.usage |= event.usage
        self.answer.timings |= event.timings
        return any(d.text or d.reasoning or d.refusal or d.finish_reason for d in event.deltas)

    def _unless_ended(self, failure: ServerFailure) -> ServerFailure | None:
        if self.answer.ended:
            return None
        if self.answer.touched:
            return failure
        raise failure

    def _late(self) -> ServerFailure:
        retry_policy = self.connection.retry_policy
        if self.answer.touched:
            message = f"no token from the server for {retry_policy.between_tokens:g} seconds"
        else:
            message = f"no first token from the server within {retry_policy.first_token:g} seconds"
        return ServerFailure(message, lost=True)


async def read_capped(response: httpx.Response) -> bytes:
    """The body, or the first megabytes of one that does not end."""
    found = bytearray()
    async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as pieces:
        async for piece in pieces:
            found += piece
            if len(found) > LONGEST_EVENT:
                break
    return bytes(found)


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds
