"""The same app in a browser, at a local address (extra `serve`: textual-serve)."""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.domain.errors import UsageError

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


def serve(command: Sequence[str], *, host: str = "localhost", port: int = 8000) -> None:
    """Serve the app that `command` runs (`python -m assistant run …`) until Ctrl+C; every tab gets its own.

    Whoever can reach the address can use the app as the person who started it: keep it local.
    """
    with tempfile.TemporaryDirectory(prefix="assistant-serve-") as folder:
        templates = _templates(Path(folder))
        _server(shlex.join(command), host, port, templates).serve()


def _server(command: str, host: str, port: int, templates: Path) -> Server:
    from aiohttp import web
    from textual_serve.server import Server

    class OwnPagesOnly(Server):  # type: ignore[misc]
        """A browser lets any page open a socket to a local address: only our own page may use the app."""

        async def handle_websocket(self, request: web.Request) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            if origin is not None and origin.partition("://")[2] != request.host:
                return web.Response(status=403, text="the app takes orders from its own page only")
            answer: web.StreamResponse = await super().handle_websocket(request)
            return answer

        async def on_startup(self, app: web.Application) -> None:
            """No banner: the command line has said where the app is."""

        def initialize_logging(self) -> None:
            logging.basicConfig(level=logging.WARNING, format="%(message)s")

    options: dict[str, Any] = {"title": "assistant", "templates_path": str(templates)}
    return OwnPagesOnly(command, host=host, port=port, **options)


def _templates(folder: Path) -> Path:
    """textual-serve's page without its link to a font on another machine: nothing here leaves this one."""
    templates = folder / "templates"
    with resources.as_file(resources.files("textual_serve") / "templates") as packaged:
        shutil.copytree(packaged, templates)
    page = templates / "app_index.html"
    html = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"<link\b[^>]*https?://fonts\.[^>]*>", "", html), encoding="utf-8")
    return templates
