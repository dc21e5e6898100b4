"""From a key to its letter on the screen, while a model writes on the same cores.

A session is begun in a pty; letters go into the feedback box at random moments while the answer is being
generated; for each, the time until the terminal has received the letter is taken. Keys count only while the
status line says `writing`. With `--engine auto` the real model writes (a task that takes a long answer); with
`--engine scripted`, as many busy processes as there are cores stand in for it, at the lower priority that the
model's own process has.

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

from assistant.domain.problem import AssertTest, Problem
from tests.tui.terminal import Terminal, environment_at

LETTERS = "abcdefghijklmnopqrstuvwxyz"


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


def key_times(terminal: Terminal, count: int) -> list[float]:
    """Seconds from each key to its letter on the screen, for at most `count` keys while the model writes."""
    times, typed = [], ""
    for n in range(count):
        pause = time.monotonic() + random.uniform(0.05, 0.15)
        while time.monotonic() < pause:
            terminal.read()
        if " writing" not in terminal.text:
            break
        typed += LETTERS[n % len(LETTERS)]
        started = time.perf_counter()
        terminal.press(typed[-1])
        terminal.until(typed[-12:])
        times.append(time.perf_counter() - started)
    return times


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
        terminal.until(" writing", longest=500)
        with busy((os.cpu_count() or 1) if scripted else 0, options.nice):
            times = sorted(key_times(terminal, options.keys))
        terminal.press("escape")
        terminal.until("stopped")
        terminal.press("ctrl+q")
        terminal.end()
    p95 = times[int(len(times) * 0.95) - 1]
    print(f"{len(times)} keys while writing, engine {options.engine}, load {os.getloadavg()[0]:.1f}")
    print(
        f"key to screen: median {statistics.median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"range {times[0] * 1000:.0f} to {times[-1] * 1000:.0f} ms; target p95 under 50 ms"
    )


if __name__ == "__main__":
    main()
