"""`assistant arms DIR`: the control arms that are missing in ended sessions."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.cli.composition import check_options, journal_folder, make_engine, make_sandbox, run_options
from assistant.core.state_labels import plural
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.session.arms.backfill import Completed

EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""
FOR_A_SERVER, FOR_A_MODEL_HERE = 8, 2
"""Sessions worked on at once: a server batches them; here one's tests run while the other is generated."""


@o.with_groups
def arms(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of journals.")] = None,
    which: Annotated[str, typer.Option("--arms", help="all, or retry,tests,resample,shuffled.")] = "all",
    engine: o.EngineOptions = o.EngineOptions(),
    at_once: Annotated[
        int, typer.Option("--at-once", min=0, max=64, help="Sessions side by side; 0 takes what suits.")
    ] = 0,
    unsafe_run: o.UnsafeRun = False,
) -> int:
    """Make the control arms that are missing in the ended sessions of a folder. Can be stopped and run again."""
    from assistant.journal.library import list_sessions
    from assistant.session.arms.backfill import complete
    from assistant.session.arms.build import parse_arms

    options = run_options(engine, sessions=folder, unsafe_run=unsafe_run)
    check_options(options)
    wanted = parse_arms(which)
    paths = [summary.path for summary in reversed(list_sessions(journal_folder(options)))]
    tally = _Tally(len(paths))
    if not paths:
        tally.report()
        return 0
    try:
        with (
            closing(make_engine(options)) as model,
            closing(make_sandbox(options)) as sandbox,
            ProgressPrinter(line_seconds=EVERY) as printer,
        ):
            at_once = at_once or (FOR_A_SERVER if model.prepare().base_url else FOR_A_MODEL_HERE)
            complete(paths, wanted, model, sandbox, partial(tally.count, printer), at_once=at_once)
    except KeyboardInterrupt:
        tally.report("interrupted; the same command goes on")
        return 130
    tally.report()
    return 1 if tally.failed else 0


class _Tally:
    """Counts what was made, and says so as it goes."""

    def __init__(self, sessions: int) -> None:
        self.sessions = sessions
        self.done = self.made = self.failed = self.left_out = self.with_arms = 0

    def count(self, printer: ProgressPrinter, completed: Completed) -> None:
        self.done += 1
        self.made += completed.made
        self.with_arms += completed.made > 0
        self.failed += completed.failed
        if completed.left_out:
            self.left_out += 1
            printer.line(f"left out: {completed.path}: {completed.left_out}")
        if completed.failed:
            printer.line(f"{completed.path}: the model failed on {completed.failed} control arms")
        printer.show("sessions", self.done, self.sessions, f"{self.made} control arms made")

    def report(self, more: str = "") -> None:
        """The result: on stdout, as data."""
        where = f"{self.with_arms} of {plural(self.sessions, 'session')}"
        parts = [f"{plural(self.made, 'control arm')} made in {where}"]
        parts += [f"{plural(self.left_out, 'session')} left out"] if self.left_out else []
        parts += [f"{self.failed} failed: run it again"] if self.failed else []
        print("; ".join([*parts, more] if more else parts))
