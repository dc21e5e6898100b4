"""How long from a cold start of the command until something is painted, and until the list can be used?

Each run is a new process in a pty. First paint: the filter's frame is on the screen. Usable: the list is there
and typed letters have filtered it. The reference, run in turn with it, is the smallest Textual program: one empty
input field, painted. The machine's load moves both alike; the ratio is what our own code adds.

    python -m tests.benchmarks.tui_start [--runs 10] [--engine scripted|auto]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.tui.terminal import Terminal, environment_at


def processor_seconds(terminal: Terminal) -> float:
    """What the program itself has used of the processor: hardly moved by whatever else is running."""
    times = psutil.Process(terminal.child.pid).cpu_times()
    return float(times.user + times.system)


def one_run(arguments: list[str], environment: Mapping[str, str]) -> tuple[float, float, float]:
    """Seconds until the first paint, until typed letters have filtered the list; processor seconds at the paint."""
    started = time.perf_counter()
    terminal = Terminal(arguments, environment, 120, 36)
    terminal.until("Filter:")
    painted, used = time.perf_counter() - started, processor_seconds(terminal)
    terminal.until("Problems  96 of 96")
    terminal.press("zigzagzag")
    terminal.until("Problems  0 of ")
    usable = time.perf_counter() - started
    terminal.press("ctrl+q")
    terminal.end()
    return painted, usable, used


SMALLEST = """
from textual.app import App
from textual.widgets import Input

class Smallest(App):
    def compose(self):
        yield Input(placeholder="Filter: nothing")

Smallest().run()
"""


def reference(environment: Mapping[str, str]) -> float:
    """Seconds until the smallest Textual program has painted."""
    started = time.perf_counter()
    terminal = Terminal([], environment, 120, 36, ("-c", SMALLEST))
    terminal.until("Filter:")
    painted = time.perf_counter() - started
    terminal.press("ctrl+q")
    terminal.end()
    return painted


def told(name: str, seconds: list[float], target: str = "") -> str:
    """Median and range of a list of times."""
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    return f"{name:<22} median {middle:.2f} s, range {low:.2f} to {high:.2f} s{target}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--engine", default="scripted")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--engine", options.engine, "--sessions", str(Path(folder) / "sessions")]
        environment = environment_at(Path(folder))
        one_run(arguments, environment)  # compiles what was never run
        reference(environment)
        times, smallest = [], []
        for _ in range(options.runs):
            smallest.append(reference(environment))
            times.append(one_run(arguments, environment))
    paints, usable, used = (list(column) for column in zip(*times, strict=True))
    print(f"{options.runs} starts, engine {options.engine}, load {os.getloadavg()[0]:.1f}")
    print(told("smallest Textual program", smallest))
    print(told("first paint", paints, "; target under 1.0 s"))
    print(told("usable list", usable, "; target under 1.5 s"))
    ratio = statistics.median(paints) / statistics.median(smallest)
    print(told("processor, first paint", used))
    print(f"first paint takes {ratio:.1f} times as long as the smallest program's")


if __name__ == "__main__":
    main()
