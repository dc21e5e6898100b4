"""`assistant run` and `assistant resume`: the terminal app, or the same session in plain lines."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated

import typer

from assistant.cli import options as o
from assistant.cli.composition import check_options, print_settings_warnings
from assistant.cli.run_options import RunOptions

OF_RESUME = (
    "engine", "model", "device", "precision", "base_url", "script", "sessions", "annotator",
    "author", "plain", "json_events", "unsafe_run", "own_engine",
)  # fmt: skip
"""Options of `assistant resume`; the journal has the others."""


@o.with_groups
def run(context: typer.Context, options: RunOptions) -> int:
    """Work on problems with the model (the default command)."""
    return started(replace(options, given=given_options(context)))


@o.with_groups
def resume(session: o.SessionId, options: Annotated[RunOptions, o.Choice(only=OF_RESUME)]) -> int:
    """Go on with a session at the round where it stopped, or beyond its end."""
    return started(replace(options, resume=session))


def started(options: RunOptions) -> int:
    """The app, or plain lines where they are asked for or nothing else is possible; the exit status."""
    check_options(options)
    if options.plain or options.json_events or not full_screen_possible():
        from assistant.cli.plain_session import run_plain

        print_settings_warnings()
        return run_plain(options, json_events=options.json_events)
    from assistant.cli.tui_launcher import run_screen

    return run_screen(options)


def given_options(context: typer.Context) -> frozenset[str]:
    """Names of the options that stand on the command line, as the function's parameters are named."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(name for name, source in sources.items() if source and source.name == "COMMANDLINE")


def full_screen_possible() -> bool:
    """A real terminal on all ends that is not `dumb` (Textual paints on standard error), or a browser."""
    if os.environ.get("TEXTUAL_DRIVER"):  # `assistant serve` hands the screen on through pipes
        return True
    ends = (sys.stdin, sys.stdout, sys.stderr)
    return all(end is not None and end.isatty() for end in ends) and os.environ.get("TERM", "dumb") != "dumb"
