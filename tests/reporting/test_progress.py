"""Progress: a bar on a terminal, plain lines elsewhere, and nothing in either that drives the terminal."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable

import pytest

from assistant.core.generation import Progress
from assistant.reporting.progress import MANY_JOURNALS, ProgressPrinter, counted, reading_progress

HOSTILE = "\x1b]0;owned\x07 \u202e\n[red]bold[/red]"
_RICH = re.compile(r"\x1b\[\??[0-9;]*[A-Za-z]")
"""What a drawing library may send: colours and cursor movements."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal as standard error; not a fixture, for pytest puts its own stream back before the test."""
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stderr", stream)
    return stream


def pipe_of(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error that is no terminal."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    return stream


def test_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = pipe_of(monkeypatch)
    with ProgressPrinter(line_seconds=3600) as printer:
        for done in range(5):
            printer.show("making rows", done, 5, f"{done} kept")
        printer.report(Progress(step="loading"))
        printer.line("left out: one")
    assert pipe.getvalue() == "making rows: 0/5 · 0 kept\nloading …\nleft out: one\n"


def test_a_slow_step_is_named_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = pipe_of(monkeypatch)
    with ProgressPrinter(line_seconds=0) as printer:
        printer.report(Progress(step="downloading", done=5e8, total=2e9, unit="bytes"))
        printer.report(Progress(step="downloading", done=1e9, total=2e9, unit="bytes"))
    assert pipe.getvalue() == "downloading: 25% of 2.0 GB\ndownloading: 50% of 2.0 GB\n"


@pytest.mark.parametrize(("announce", "said"), [(None, ""), (500, "b: 0/500\n"), (0, "a: 0/499\nb: 0/500\n")])
def test_short_steps_can_be_silent(monkeypatch: pytest.MonkeyPatch, announce: int | None, said: str) -> None:
    pipe = pipe_of(monkeypatch)
    with ProgressPrinter(announce=announce) as printer:
        printer.show("a", 0, 499)
        printer.show("b", 0, 500)
    assert pipe.getvalue() == said


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    with ProgressPrinter() as printer:
        printer.show("making rows", 3, 5, "2 kept")
        printer.line("left out: one")
        printer.show("making rows", 5, 5, "4 kept")
    drawn = terminal.getvalue()
    assert "making rows" in drawn and "5/5" in drawn and "4 kept" in drawn
    assert "left out: one\n" in drawn
    assert drawn.endswith("\x1b[2K") or drawn.rstrip().endswith("\x1b[2K")  # the bar is gone


def test_what_is_said_does_not_drive_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    with ProgressPrinter() as printer:
        printer.show(HOSTILE, 1, 2, HOSTILE)
    rest = _RICH.sub("", terminal.getvalue())
    assert "\x1b" not in rest and "\x07" not in rest and "\u202e" not in rest
    assert "[red]bold[/red]" in rest


def test_no_bar_on_a_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with ProgressPrinter() as printer:
        printer.show("checking", 1, 2)
    assert terminal.getvalue() == "checking: 1/2\n"


def test_no_bar_is_drawn_where_a_library_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    with ProgressPrinter(live=False) as printer:
        printer.show("training", 1, 2)
    assert terminal.getvalue() == "training: 1/2\n"


@pytest.mark.parametrize("make", [Terminal, io.StringIO])
def test_any_thread_may_show(make: Callable[[], io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", make())
    with ProgressPrinter(line_seconds=0) as printer:

        def work(name: str) -> None:
            for done in range(50):
                printer.show(name, done, 50)
                if done % 10 == 0:
                    printer.line(f"{name} {done}")

        threads = [threading.Thread(target=work, args=(f"step {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_reading_few_journals_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = pipe_of(monkeypatch)
    for total in (MANY_JOURNALS, MANY_JOURNALS + 1):
        with reading_progress() as progress:
            for done in range(total):
                progress(done, total)
    assert pipe.getvalue() == f"reading sessions: 0/{MANY_JOURNALS + 1}\n"


def test_counts() -> None:
    assert [counted(3, 10), counted(1, 0), counted(5, 10, "bytes")] == ["3/10", "", "50% of 10 bytes"]
