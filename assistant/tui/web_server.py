"""The app in a browser, at a local address (extra `serve`: textual-serve)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from textual_serve.server import Server

LOCAL = ("localhost", "127.0.0.1", "::1")


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


def serve(command: Sequence[str], *, host: str = "localhost", port: int = 8000, token: str) -> None:
    """Serve the app that `command` runs (`python -m assistant run …`) until Ctrl+C; every tab gets its own.

    Whoever has the token can use the app as the person who started it: keep it to yourself.
    """
    with tempfile.TemporaryDirectory(prefix="assistant-serve-") as folder:
        templates = _templates(Path(folder))
        _server(f"exec {shlex.join(command)}", Guard(host, port, token), templates).serve()


@dataclass(frozen=True)
class Guard:
    """Who may use the app: a browser that shows the token, on a page of ours, at an address that is this machine."""

    host: str
    port: int
    token: str

    @property
    def cookie(self) -> str:
        """Its name: servers at other ports of this machine have their own."""
        return f"assistant-{self.port}"

    def refusal(self, host: str, origin: str | None, shown: str | None) -> str:
        """Why a request is refused, or an empty string. `host` and `origin` are its headers, `shown` its token.

        The owner of a name may make it lead to this machine (DNS rebinding): only known names pass.
        """
        if not self._is_ours(host):
            return f"this app is not at {host}"
        if origin is not None and origin.partition("://")[2] != host:
            return "the app takes orders from its own page only"
        if shown is None or not secrets.compare_digest(shown.encode(), self.token.encode()):
            return "open the whole link that `assistant serve` printed: it carries a token"
        return ""

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if name in LOCAL or name == self.host:
            return True
        return self.host not in LOCAL and (
            is_address(name) or name in (socket.gethostname(), socket.getfqdn())
        )


def host_name(host: str) -> str:
    """`localhost:8000` without its port, `[::1]:8000` without its brackets as well."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_address(name: str) -> bool:
    """Whether a name is an address in figures: those cannot be made to lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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
            page.set_cookie(guard.cookie, guard.token, httponly=True, samesite="Strict")
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
            logging.basicConfig(level=logging.WARNING, format="%(message)s")

    options: dict[str, Any] = {"title": "assistant", "templates_path": str(templates)}
    return GuardedServer(command, host=guard.host, port=guard.port, **options)


ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%23203a4a'/%3E"
    "%3Cpath d='M3 4l4 4-4 4M8 12h5' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)
HEAD = f"""<title>assistant</title>
    <link rel="icon" href="{ICON}" />"""
SCRIPT = """<script>
      const terminal = document.getElementById("terminal");
      const scheme = location.protocol === "https:" ? "wss://" : "ws://";
      terminal.dataset.sessionWebsocketUrl = scheme + location.host + "/ws";
      const keys = () => document.querySelector(".xterm-helper-textarea");
      const takeKeys = () => { const field = keys(); if (field) { field.blur(); field.focus(); } };
      const waiting = setInterval(() => {
        if (keys() && document.body.classList.contains("-first-byte")) {
          clearInterval(waiting);
          takeKeys();
        }
      }, 50);
      window.addEventListener("focus", takeKeys);
    </script>
  </body>"""


def _templates(folder: Path) -> Path:
    """textual-serve's page with a title and an icon, taking the keys at once.

    It is without the link to a font on another machine: nothing here leaves this one.
    """
    templates = folder / "templates"
    with resources.as_file(resources.files("textual_serve") / "templates") as packaged:
        shutil.copytree(packaged, templates)
    page = templates / "app_index.html"
    html = page.read_text(encoding="utf-8")
    html = re.sub(r"<link\b[^>]*https?://fonts\.[^>]*>", "", html)
    page.write_text(
        html.replace("<head>", f"<head>\n    {HEAD}").replace("</body>", SCRIPT), encoding="utf-8"
    )
    return templates
