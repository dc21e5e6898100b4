"""The same app in a browser, at a local address (extra `serve`: textual-serve)."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from assistant.domain.errors import UsageError


def serve(command: Sequence[str], *, host: str = "localhost", port: int = 8000) -> None:
    """Serve the app that `command` runs (`python -m assistant run …`) until Ctrl+C; every tab gets its own.

    Whoever can reach the address can use the app as the person who started it: keep it local. Raises UsageError
    where textual-serve is not installed.
    """
    try:
        from textual_serve.server import Server
    except ImportError:
        raise UsageError("the browser needs the extra `serve`: pip install 'assistant[serve]'") from None
    with tempfile.TemporaryDirectory(prefix="assistant-serve-") as folder:
        templates = _templates(Path(folder))
        Server(
            shlex.join(command), host=host, port=port, title="assistant", templates_path=str(templates)
        ).serve()


def _templates(folder: Path) -> Path:
    """textual-serve's page without its link to a font on another machine: nothing here leaves this one."""
    templates = folder / "templates"
    with resources.as_file(resources.files("textual_serve") / "templates") as packaged:
        shutil.copytree(packaged, templates)
    page = templates / "app_index.html"
    html = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r"<link\b[^>]*https?://fonts\.[^>]*>", "", html), encoding="utf-8")
    return templates
