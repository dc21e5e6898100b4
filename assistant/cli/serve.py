"""`assistant serve`: the terminal app in a browser, at a local address."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assistant.domain.errors import UsageError

LOCAL = ("localhost", "127.0.0.1", "::1")


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to serve at.")
    ] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve at.")] = 8000,
) -> int:
    """Open the app in a browser; every tab gets an app (and model) of its own. Takes the options of `run` too."""
    from assistant.tui.serving import check_served
    from assistant.tui.serving import serve as serve_app

    words = list(context.args)
    _check_run_options(context, words)
    check_served(host, port)
    if host not in LOCAL:
        print(f"careful: whoever can reach {host}:{port} can use this app as you", file=sys.stderr)
    print(f"the app is at http://{host}:{port} (Ctrl+C ends it)", file=sys.stderr)
    serve_app([sys.executable, "-m", "assistant", "run", *words], host=host, port=port)
    return 0


def _check_run_options(context: typer.Context, words: list[str]) -> None:
    """Refuse now what every tab would refuse later. Raises UsageError, or the command-line library's own."""
    if "--plain" in words or "--json" in words:
        raise UsageError("--plain and --json are for a terminal: use `assistant run`")
    tree = context.find_root().command
    run = tree.get_command(context, "run") if hasattr(tree, "get_command") else None
    if run is not None:
        run.make_context("run", list(words), parent=context.find_root())
