"""From a key to its letter on the screen, while a model writes on the same cores.

A session is begun in a pty; letters go into the feedback box at random moments while the answer is being
generated; for each, the time until the terminal has received the letter is taken. With `--engine scripted`, as
many busy processes as there are cores stand in for the model (at the lower priority that the model's own
process has); with `--engine auto` it is the real one.

    python -m tests.benchmarks.tui_keys [--keys 100] [--engine scripted|auto] [--nice 5]
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
    """Seconds from each key to its letter on the screen."""
    times, typed = [], ""
    for n in range(count):
        time.sleep(random.uniform(0.05, 0.15))
        terminal.read()
        typed += LETTERS[n % len(LETTERS)]
        started = time.perf_counter()
        terminal.press(typed[-1])
        terminal.until(typed[-12:])
        times.append(time.perf_counter() - started)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--engine", default="scripted")
    parser.add_argument("--nice", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.jsonl"
        long_answer = (
            "```python\n" + "".join(f"value_{n} = {n} * {n}  # a line\n" for n in range(3000)) + "```"
        )
        answer = {"entry_point": "rotate_left", "seconds_per_chunk": 0.05, "answers": [long_answer]}
        script.write_text(json.dumps(answer))
        arguments = ["--engine", options.engine, "--sessions", str(Path(folder) / "sessions")]
        if options.engine == "scripted":
            arguments += ["--script", str(script)]
        cores = (os.cpu_count() or 1) if options.engine == "scripted" else 0
        terminal = Terminal(arguments, environment_at(Path(folder)), 120, 36)
        terminal.until("rotate-left")
        terminal.press("rotate", "enter")
        terminal.until("writing")
        with busy(cores, options.nice):
            times = sorted(key_times(terminal, options.keys))
        still = "writing" in terminal.text
        terminal.press("ctrl+q")
        terminal.end()
    p95 = times[int(len(times) * 0.95) - 1]
    print(
        f"{len(times)} keys, engine {options.engine}, {cores} busy processes, still writing at the end: {still}"
    )
    print(
        f"key to screen: median {statistics.median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"range {times[0] * 1000:.0f} to {times[-1] * 1000:.0f} ms; target p95 under 50 ms"
    )


if __name__ == "__main__":
    main()
