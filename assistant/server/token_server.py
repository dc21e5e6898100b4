"""The app in a browser, at a local address (extra `serve`: textual-serve)."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.core.errors import UsageError
from assistant.server.addresses import Addresses
from assistant.server.server_log import log_to_stderr
from assistant.server.terminal_page import write_templates

if TYPE_CHECKING:
    from textual_serve.server import Server


def check_served(host: str, port: int) -> None:
    """Raises UsageError where textual-serve is not installed or the address cannot be had."""
    try:
        import textual_serve  # noqa: F401
    except ImportError:
        raise UsageError("the browser needs the extra `serve`: pip install 'assistant[serve]'") from None
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"nothing can be served at {host}:{port} ({reason}); try another --port") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def new_token() -> str:
    """What a browser must show before it may use the app; it is in the link that is printed."""
    return secrets.token_urlsafe(24)


def serve(command: Sequence[str], addresses: Addresses, token: str) -> None:
    """Serve the app that `command` runs (`python -m assistant run …`) until Ctrl+C; every tab gets its own.

    Whoever has the token can use the app as the person who started it: keep it to yourself.
    """
    with tempfile.TemporaryDirectory(prefix="assistant-serve-") as folder:
        templates = write_templates(Path(folder))
        _server(f"exec {shlex.join(command)}", Guard(addresses, token), templates).serve()


@dataclass(frozen=True)
class Guard:
    """Who may use the app: a browser that shows the token, on a page of ours, at an address that is this machine."""

    addresses: Addresses
    token: str

    @property
    def cookie(self) -> str:
        """Its name: servers at other ports of this machine have their own."""
        return f"assistant-{self.addresses.port}"

    def refusal(self, host: str, origin: str | None, shown: str | None) -> str:
        """Why a request is refused, or an empty string. `host` and `origin` are its headers, `shown` its token."""
        elsewhere = self.addresses.refusal(host, origin)
        if elsewhere:
            return elsewhere
        if shown is None or not secrets.compare_digest(shown.encode(), self.token.encode()):
            return "open the whole link that `assistant serve` printed: it carries a token"
        return ""


def _server(command: str, guard: Guard, templates: Path) -> Server:
    from aiohttp import web
    from textual_serve.server import Server

    tabs: set[asyncio.Task[Any]] = set()

    @web.middleware
    async def guarded(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.query.get("token")
        shown = given or request.cookies.get(guard.cookie)
        files = request.path.startswith("/static/")  # Textual's own, the same everywhere
        reason = guard.refusal(
            request.host, request.headers.get("Origin"), guard.token if files and not given else shown
        )
        if reason:
            return web.Response(status=403, text=reason)
        if given and request.path == "/":
            page = web.HTTPFound("/")
            secure = guard.addresses.encrypted
            # `Lax`, not `Strict`: a link in a message would otherwise lead to a page without its own cookie.
            page.set_cookie(guard.cookie, guard.token, httponly=True, samesite="Lax", secure=secure)
            return page
        return await handler(request)

    class GuardedServer(Server):  # type: ignore[misc]
        """A browser lets any page open a socket to a local address: every request is checked."""

        async def _make_app(self) -> web.Application:
            app: web.Application = await super()._make_app()
            app.middlewares.append(guarded)
            return app

        async def handle_websocket(self, request: web.Request) -> web.StreamResponse:
            tab = asyncio.current_task()
            assert tab is not None
            tabs.add(tab)
            try:
                answer: web.StreamResponse = await super().handle_websocket(request)
                return answer
            finally:
                tabs.discard(tab)

        async def on_shutdown(self, app: web.Application) -> None:
            """Tabs do not close by themselves, and would be waited for."""
            for tab in list(tabs):
                tab.cancel()

        async def on_startup(self, app: web.Application) -> None:
            """No banner: the command line has said where the app is. A closed terminal is a Ctrl+C, too."""
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.request_exit)

        def initialize_logging(self) -> None:
            log_to_stderr()

    at = guard.addresses
    options: dict[str, Any] = {
        "title": "assistant",
        "templates_path": str(templates),
        "public_url": at.base_url,
    }
    return GuardedServer(command, host=at.host, port=at.port, **options)
