"""How long from a cold start of the command until something is painted, and until the list can be used?

Each run is a new process in a pty. First paint: the filter's frame is on the screen. Usable: the list is there
and typed letters have filtered it.

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

from tests.tui.terminal import Terminal, environment_at


def one_run(arguments: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until the first paint, and until typed letters have filtered the list."""
    started = time.perf_counter()
    terminal = Terminal(arguments, environment, 120, 36)
    terminal.until("Filter:")
    painted = time.perf_counter() - started
    terminal.until("rotate-left")
    terminal.press("zigzagzag")
    terminal.until("Problems  0 of ")
    usable = time.perf_counter() - started
    terminal.press("ctrl+q")
    terminal.end()
    return painted, usable


def told(name: str, seconds: list[float], target: float) -> str:
    """Median and range of a list of times."""
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    return f"{name:<12} median {middle:.2f} s, range {low:.2f} to {high:.2f} s; target under {target} s"


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
        times = [one_run(arguments, environment) for _ in range(options.runs)]
    print(f"{options.runs} starts, engine {options.engine}, load {os.getloadavg()[0]:.1f}")
    print(told("first paint", [painted for painted, _ in times], 1.0))
    print(told("usable list", [usable for _, usable in times], 1.5))


if __name__ == "__main__":
    main()
