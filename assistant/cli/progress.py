"""A live progress bar for a bench: rate, time left, solved so far. Plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from assistant.cli.output import unfiltered

if TYPE_CHECKING:
    from assistant.bench.runner import RunTotals, Watch

LINE_SECONDS = 30.0
"""Between two lines where there is no terminal."""


def words(tally: RunTotals) -> str:
    """`2.1 samples/s · 410 tokens/s · 12 min left · 31 of 47 solved`."""
    from assistant.bench.texttable import duration

    left = "" if tally.rate < 1e-6 else f" · {duration((tally.total - tally.done) / tally.rate)} left"
    made = f"{tally.rate:.1f} samples/s" if tally.done > tally.before else "begun"
    failed = f" · {tally.failed} failed: {tally.failure[:60]}" if tally.failed else ""
    return f"{made}{left} · {len(tally.solved_rows)} of {len(tally.seen_rows)} solved{failed}"


@contextmanager
def progress_bar(label: str) -> Iterator[Watch]:
    """What to call with every change."""
    console = Console(file=unfiltered(sys.stderr))
    if not console.is_terminal:
        yield _lines(label)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=None, words="")

        def watch(tally: RunTotals) -> None:
            progress.update(task, total=tally.total, completed=tally.done, words=words(tally))

        yield watch


def _lines(label: str) -> Watch:
    last = [time.monotonic()]

    def watch(tally: RunTotals) -> None:
        if time.monotonic() - last[0] >= LINE_SECONDS:
            last[0] = time.monotonic()
            print(f"{label}: {tally.done}/{tally.total} · {words(tally)}", file=sys.stderr, flush=True)

    return watch
