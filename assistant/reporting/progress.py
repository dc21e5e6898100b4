"""Progress of a long command on standard error: a bar on a terminal, plain lines elsewhere.

The one printer of every command: `show` says how far a step is, from any thread. Where standard error is no terminal
there are no control characters: each step is named once, and again every so many seconds while it lasts.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from assistant.core.printable import exact_line
from assistant.reporting.printable_streams import unfiltered

if TYPE_CHECKING:
    from assistant.core.generation import Progress

LINE_SECONDS = 30.0
"""Between two plain lines about one step."""
MANY_JOURNALS, JOURNALS_A_STEP = 500, 100
"""Reading fewer journals is not worth a word; how many are read between two looks at the clock."""


@dataclass
class _Step:
    """One step: its task in rich's bar, and when the last plain line about it was printed."""

    task: Any = None
    told_at: float = 0.0


class ProgressPrinter:
    """How far each step of a command is. To be closed; nothing is printed before the first `show`."""

    def __init__(
        self,
        *,
        line_seconds: float = LINE_SECONDS,
        announce: int | None = 0,
        live: bool = True,
        time_left: bool = True,
    ) -> None:
        """`announce`: plain lines name a step at its start if its total is at least this; None: only once it is slow.

        `live`: False prints plain lines on a terminal too, where a library draws there itself.
        """
        self._line_seconds, self._announce, self._time_left = line_seconds, announce, time_left
        self._live = live and is_live(sys.stderr)
        self._steps: dict[str, _Step] = {}
        self._bar: Any = None
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressPrinter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, step: str, done: float = 0, total: float = 0, detail: str = "", unit: str = "") -> None:
        """Say how far `step` is: `done` of `total` (0: unknown), and `detail` behind it."""
        count = counted(done, total, unit)
        with self._lock:
            if self._live:
                self._move(step, done, total, count, exact_line(detail))
            else:
                self._print_line(step, total, " · ".join(filter(None, (count, detail))))

    def report(self, progress: Progress) -> None:
        """The same of a model that is made ready."""
        self.show(progress.step, progress.done, progress.total, unit=progress.unit)

    def line(self, text: str, file: TextIO | None = None) -> None:
        """Print a line of its own, on standard error or `file`, above the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
            print(text, file=file or sys.stderr, flush=True)
            if self._bar is not None:
                self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None
                self._steps.clear()

    def _move(self, step: str, done: float, total: float, count: str, detail: str) -> None:
        if self._bar is None:
            self._bar = _bar(self._time_left)
            self._bar.start()
        known = self._steps.setdefault(step, _Step())
        if known.task is None:
            known.task = self._bar.add_task(exact_line(step), total=total or None, count="", detail="")
        self._bar.update(known.task, completed=done, total=total or None, count=count, detail=detail)

    def _print_line(self, step: str, total: float, state: str) -> None:
        now, known = time.monotonic(), self._steps.get(step)
        if known is None:
            known = self._steps[step] = _Step(told_at=now)
            if self._announce is None or total < self._announce:
                return
        elif now - known.told_at < self._line_seconds:
            return
        known.told_at = now
        print(f"{step}: {state}" if state else f"{step} …", file=sys.stderr, flush=True)


def is_live(stream: TextIO) -> bool:
    """Whether a line on `stream` can be drawn again."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def counted(done: float, total: float, unit: str = "") -> str:
    """`3/10`; of bytes `23% of 1.1 GB`; empty where the total is not known."""
    if not total:
        return ""
    if unit != "bytes":
        return f"{done:.0f}/{total:.0f}"
    from rich.filesize import decimal

    return f"{done / total:.0%} of {decimal(int(total))}"


def _bar(time_left: bool) -> Any:
    """Rich's bar on standard error. It redirects no stream: `line` prints above it."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
    ]
    columns += [TimeRemainingColumn()] if time_left else []
    columns.append(TextColumn("{task.fields[detail]}", markup=False))
    console = Console(file=unfiltered(sys.stderr), force_terminal=True)
    return Bar(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)


@contextmanager
def reading_progress() -> Iterator[Callable[[int, int], None]]:
    """What to call before each of `total` journals; it prints nothing where there are few."""
    with ProgressPrinter() as printer:

        def show(done: int, total: int) -> None:
            if total > MANY_JOURNALS and done % JOURNALS_A_STEP == 0:
                printer.show("reading sessions", done, total)

        yield show
