"""From a key to its letter on the screen, while a model writes on the same cores.

A session is begun in a pty; letters go into the feedback box at random moments while the answer is being
generated; for each, the time until the terminal has received the letter is taken. Keys count only while the
status line says `writing`. The reference, typed into in turn, is the smallest Textual program with a text box:
the machine's load moves both alike. With `--engine auto` the real model writes (a task that takes a long
answer); with `--engine scripted`, as many busy processes as there are cores stand in for it, at the lower
priority that the model's own process has.

    python -m tests.benchmarks.tui_keys [--keys 200] [--engine scripted|auto] [--nice 5]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from assistant.core.problem import AssertTest, Problem
from tests.benchmarks.tui_start import processor_seconds
from tests.tui.terminal import Terminal, environment_at

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SMALLEST = """
from textual.app import App
from textual.widgets import TextArea

class Smallest(App):
    def compose(self):
        yield TextArea(placeholder="Say something")

Smallest().run()
"""


def burn(nice: int) -> None:
    """Keep a core busy."""
    os.nice(nice)
    while True:
        sum(range(100_000))


@contextlib.contextmanager
def busy(count: int, nice: int) -> Iterator[None]:
    """`count` processes that never rest."""
    processes = [multiprocessing.Process(target=burn, args=(nice,), daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()


class Typist:
    """Types letters into a terminal and times each until it is on the screen."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.times: list[float] = []
        self._typed = ""

    def press(self) -> None:
        self._typed += LETTERS[len(self._typed) % len(LETTERS)]
        started = time.perf_counter()
        self.terminal.press(self._typed[-1])
        self.terminal.until(self._typed[-12:])
        self.times.append(time.perf_counter() - started)


def type_in_turn(app: Typist, smallest: Typist, count: int) -> None:
    """At most `count` keys in each, while the model writes."""
    for _ in range(count):
        pause = time.monotonic() + random.uniform(0.05, 0.15)
        while time.monotonic() < pause:
            app.terminal.read()
        smallest.terminal.read()
        if " writing" not in app.terminal.text:
            break
        app.press()
        smallest.press()


def told(name: str, times: list[float]) -> str:
    """Median, 95th percentile and range in milliseconds."""
    ordered = sorted(seconds * 1000 for seconds in times)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    return (
        f"{name:<24} median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, "
        f"range {ordered[0]:.0f} to {ordered[-1]:.0f} ms"
    )


def long_task(folder: Path) -> Path:
    """A source with one problem whose answer is long."""
    problem = Problem(
        id="bench/long",
        text="Write a function name_of that returns the English name of a whole number from 1 to 300. Use no "
        "loop and no library: write a dictionary with one line for every number from 1 to 300.",
        entry_point="name_of",
        visible_tests=(AssertTest(code="assert name_of(300) == 'three hundred'"),),
        source="bench",
    )
    path = folder / "long.jsonl"
    path.write_text(problem.model_dump_json() + "\n")
    return path


def script(folder: Path) -> Path:
    """A scripted answer that is as long."""
    lines = "".join(f"value_{n} = {n} * {n}  # a line\n" for n in range(3000))
    path = folder / "script.jsonl"
    path.write_text(json.dumps({"text": f"```python\n{lines}```", "seconds_per_chunk": 0.05}) + "\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--engine", default="scripted")
    parser.add_argument("--nice", type=int, default=5)
    options = parser.parse_args()
    scripted = options.engine == "scripted"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ["--engine", options.engine, "--sessions", str(folder / "sessions")]
        arguments += ["--problems", str(long_task(folder)), "--problem", "bench/long", "--max-tokens", "2000"]
        arguments += ["--script", str(script(folder))] if scripted else []
        terminal = Terminal(arguments, environment_at(folder), 120, 36)
        smallest = Terminal([], environment_at(folder), 120, 36, ("-c", SMALLEST))
        smallest.until("Say something")
        terminal.until(" writing", longest=500)
        app, reference = Typist(terminal), Typist(smallest)
        used, began = processor_seconds(terminal), time.monotonic()
        with busy((os.cpu_count() or 1) if scripted else 0, options.nice):
            type_in_turn(app, reference, options.keys)
        share = (processor_seconds(terminal) - used) / (time.monotonic() - began)
        smallest.press("ctrl+q")
        smallest.end()
        if " writing" in terminal.text:  # otherwise the answer ended before the keys did
            terminal.press("escape")
            terminal.until("stopped")
        terminal.press("ctrl+q")
        terminal.end()
    print(f"{len(app.times)} keys while writing, engine {options.engine}, load {os.getloadavg()[0]:.1f}")
    print(told("smallest Textual program", reference.times))
    print(told("key to screen", app.times) + "; target p95 under 50 ms")
    print(f"the screen's process takes {share:.0%} of one core meanwhile")


if __name__ == "__main__":
    main()
