"""A real HTTP server on this machine that speaks OpenAI's interface and misbehaves on purpose."""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """A request as it came in."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float


class Exchange:
    """One answer being written: what a behaviour works with."""

    def __init__(
        self, handler: BaseHTTPRequestHandler, received: Received, server: MisbehavingServer
    ) -> None:
        self._handler = handler
        self.body = received.body
        self.server = server

    def refuse(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """A whole response with this status."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(data)))
        self._handler.end_headers()
        self._handler.wfile.write(data)

    def begin(self) -> None:
        """The head of a stream."""
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Bytes of the stream, as one chunk."""
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self._handler.wfile.flush()

    def event(self, value: Any) -> None:
        """One `data:` line."""
        self.raw(
            b"data: " + (value.encode() if isinstance(value, str) else json.dumps(value).encode()) + b"\n\n"
        )

    def delta(self, text: str = "", index: int = 0, reason: str | None = None, **fields: Any) -> None:
        """A piece of a chat answer (or of a completion, when one was asked for)."""
        choice: dict[str, Any] = {"index": index, "finish_reason": reason}
        if "prompt" in self.body:
            choice["text"] = text
        else:
            choice["delta"] = {"content": text, **fields}
        self.event({"choices": [choice]})

    def end(self) -> None:
        """The proper end of a stream."""
        self.event("[DONE]")
        self._handler.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def wait_for_hangup(self, seconds: float = 30.0) -> None:
        """Wait until the client cuts the connection; the moment is noted in `server.hangups`."""
        ready, _, _ = select.select([self._handler.connection], [], [], seconds)
        if ready and not self._handler.connection.recv(1):
            self.server.hangups.append(time.perf_counter())
            self.server.hung_up.set()
        self._handler.close_connection = True


Behaviour = Callable[[Exchange], None]


def answer(
    *pieces: str, reason: str = "stop", usage: dict[str, Any] | None = None, index: int = 0
) -> Behaviour:
    """Stream these pieces and end as one should."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        for piece in pieces:
            exchange.delta(piece, index)
        exchange.delta(index=index, reason=reason)
        if usage:
            exchange.event({"choices": [], "usage": usage})
        exchange.end()

    return behave


def fail(status: int, body: Any = None, **headers: str) -> Behaviour:
    """Answer with an error status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.refuse(
        status, {"error": {"message": "no"}} if body is None else body, named
    )


def drop(*pieces: str) -> Behaviour:
    """Begin a stream, send these pieces, and cut the connection."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        for piece in pieces:
            exchange.delta(piece)
        exchange.drop()

    return behave


def hang(*pieces: str, head: bool = True) -> Behaviour:
    """Send these pieces and then nothing until the client hangs up (`head` False: not even a status)."""

    def behave(exchange: Exchange) -> None:
        if head:
            exchange.begin()
        for piece in pieces:
            exchange.delta(piece)
        exchange.wait_for_hangup()

    return behave


@dataclass
class MisbehavingServer:
    """Answers the requests to generate with `behaviours` in turn, the last one again and again."""

    behaviours: list[Behaviour] = field(default_factory=lambda: [answer("Hello")])
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "tiny"}])
    model_statuses: list[int] = field(default_factory=list)
    """Error statuses of the first requests for the list of models; 0 cuts the connection."""
    pages: dict[str, Any] = field(default_factory=dict)
    """Other GET pages by path."""
    key: str = ""
    warm_up: bool = True
    """Answer requests for a single token without using up a behaviour."""
    received: list[Received] = field(default_factory=list)
    hangups: list[float] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    @property
    def generations(self) -> list[Received]:
        """The requests to generate, without the warm-up's."""
        return [r for r in self.received if r.body and not _is_warm_up(r.body)]

    def next_behaviour(self, body: dict[str, Any]) -> Behaviour:
        if self.warm_up and _is_warm_up(body):
            return answer("H", reason="length")
        with self.lock:
            return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


def _is_warm_up(body: dict[str, Any]) -> bool:
    return 1 in (body.get("max_tokens"), body.get("max_completion_tokens"))


@contextmanager
def running(server: MisbehavingServer) -> Iterator[MisbehavingServer]:
    """Serve on a free port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Silence: pytest shows enough."""

        def _received(self, body: dict[str, Any]) -> Received:
            received = Received(
                self.path, body, {k.lower(): v for k, v in self.headers.items()}, time.perf_counter()
            )
            server.received.append(received)
            return received

        def do_GET(self) -> None:
            exchange = Exchange(self, self._received({}), server)
            if server.key and self.headers.get("Authorization") != f"Bearer {server.key}":
                exchange.refuse(401, {"error": {"message": f"bad key {self.headers.get('Authorization')}"}})
            elif self.path in server.pages:
                exchange.refuse(200, server.pages[self.path])
            elif self.path != "/v1/models":
                exchange.refuse(404, {"detail": "Not Found"})
            elif server.model_statuses:
                status = server.model_statuses.pop(0)
                exchange.refuse(
                    status, {"error": {"message": "Loading model"}}
                ) if status else exchange.drop()
            else:
                exchange.refuse(200, {"data": server.models})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                server.next_behaviour(body)(Exchange(self, self._received(body), server))
            except (BrokenPipeError, ConnectionResetError):
                server.hangups.append(time.perf_counter())
                server.hung_up.set()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, *_: Any) -> None:
            """Clients that hang up are what is tested here; other errors are shown."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(*_)

    http = Server(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
