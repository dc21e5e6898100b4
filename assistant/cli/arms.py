"""`assistant arms DIR`: the control arms that are missing in ended sessions."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import run as options_of
from assistant.cli.composition import RunOptions, check_options, journal_folder, make_engine, make_sandbox
from assistant.core.state_labels import plural

if TYPE_CHECKING:
    from assistant.session.arms.backfill import Completed

EVERY = 10.0
"""Seconds between two lines of progress where no terminal rewrites one."""
FOR_A_SERVER, FOR_A_MODEL_HERE = 8, 2
"""Sessions worked on at once: a server batches them; here one's tests run while the other is generated."""


def arms(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of journals.")] = None,
    which: Annotated[str, typer.Option("--arms", help="all, or retry,tests,resample,shuffled.")] = "all",
    engine: Annotated[str | None, options_of.ENGINE] = None,
    model: Annotated[str | None, options_of.MODEL] = None,
    device: Annotated[str | None, options_of.DEVICE] = None,
    precision: Annotated[str | None, options_of.PRECISION] = None,
    base_url: Annotated[str | None, options_of.BASE_URL] = None,
    script: Annotated[Path | None, options_of.SCRIPT] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", min=0, max=64, help="Sessions side by side; 0 takes what suits.")
    ] = 0,
    unsafe_run: Annotated[bool, options_of.UNSAFE] = False,
) -> int:
    """Make the control arms that are missing in the ended sessions of a folder. Can be stopped and run again."""
    from assistant.journal.library import list_sessions
    from assistant.session.arms.backfill import complete
    from assistant.session.arms.build import parse_arms

    options = RunOptions(
        engine=engine,
        model=model,
        device=device,
        precision=precision,
        base_url=base_url,
        script=script,
        sessions=folder,
        unsafe=unsafe_run,
    )
    check_options(options)
    wanted = parse_arms(which)
    paths = [summary.path for summary in reversed(list_sessions(journal_folder(options)))]
    if not paths:
        _Tally(0).report()
        return 0
    with_model, sandbox = make_engine(options), make_sandbox(options)
    tally = _Tally(len(paths))
    try:
        at_once = at_once or (FOR_A_SERVER if with_model.prepare().base_url else FOR_A_MODEL_HERE)
        complete(paths, wanted, with_model, sandbox, tally.count, at_once=at_once)
    except KeyboardInterrupt:
        tally.report("interrupted; the same command goes on")
        return 130
    finally:
        sandbox.close()
        with_model.close()
    tally.report()
    return 1 if tally.failed else 0


class _Tally:
    """Counts what was made, and says so as it goes."""

    def __init__(self, sessions: int) -> None:
        self.sessions = sessions
        self.done = self.made = self.failed = self.left_out = self.with_arms = 0
        self._told = -EVERY

    def count(self, completed: Completed) -> None:
        self.done += 1
        self.made += completed.made
        self.with_arms += completed.made > 0
        self.failed += completed.failed
        if completed.left_out:
            self.left_out += 1
            self._line(f"left out: {completed.path}: {completed.left_out}\n")
        if completed.failed:
            self._line(f"{completed.path}: the model failed on {completed.failed} control arms\n")
        progress = f"{self.done}/{self.sessions} sessions, {self.made} control arms made"
        if sys.stderr.isatty():
            self._line(progress)
        elif time.monotonic() - self._told >= EVERY or self.done == self.sessions:
            self._told = time.monotonic()
            self._line(f"{progress}\n")

    def report(self, more: str = "") -> None:
        """The result: on stdout, as data."""
        self._line("")
        where = f"{self.with_arms} of {plural(self.sessions, 'session')}"
        parts = [f"{plural(self.made, 'control arm')} made in {where}"]
        parts += [f"{plural(self.left_out, 'session')} left out"] if self.left_out else []
        parts += [f"{self.failed} failed: run it again"] if self.failed else []
        print("; ".join([*parts, more] if more else parts))

    def _line(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, end="", file=sys.stderr, flush=True)
