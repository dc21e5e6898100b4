"""`assistant serve`: the terminal app in a browser, at a local address."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assistant.core.errors import UsageError


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to serve at.")
    ] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve at.")] = 8000,
) -> int:
    """Open the app in a browser; every tab gets an app (and model) of its own. Takes the options of `run` too."""
    from assistant.tui.web_server import LOCAL, check_served, new_token
    from assistant.tui.web_server import serve as serve_app

    words = list(context.args)
    _check_run_options(context, words)
    check_served(host, port)
    if host not in LOCAL:
        print(
            "Careful: the link works from other machines, and the connection is not encrypted.",
            file=sys.stderr,
        )
    token, at = new_token(), f"[{host}]" if ":" in host else host
    print(f"The app is at http://{at}:{port}/?token={token} (Ctrl+C ends it)", file=sys.stderr, flush=True)
    serve_app([sys.executable, "-m", "assistant", "run", *words], host=host, port=port, token=token)
    return 0


def _check_run_options(context: typer.Context, words: list[str]) -> None:
    """Refuse now what every tab would refuse later. Raises UsageError, or the command-line library's own."""
    if "--plain" in words or "--json" in words:
        raise UsageError("--plain and --json are for a terminal: use `assistant run`")
    tree = context.find_root().command
    run = tree.get_command(context, "run") if hasattr(tree, "get_command") else None
    if run is not None:
        run.make_context("run", list(words), parent=context.find_root())
