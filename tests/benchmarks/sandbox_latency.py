"""Milliseconds from a program to the verdicts of its three visible tests, once warm.

Run: `python tests/benchmarks/sandbox_latency.py`. Beside it, for scale: `python -I -S -c pass` on the same machine,
interleaved.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from assistant.core.problem import AssertTest
from assistant.core.submission import Submission
from assistant.sandbox.local import open_sandbox

SUBMISSION = Submission(
    source="def similar(a, b):\n    return tuple(sorted(set(a) & set(b)))\n",
    entry_point="similar",
    tests=(
        AssertTest(code="assert similar((3, 4, 5, 6), (5, 7, 4, 10)) == (4, 5)"),
        AssertTest(code="assert similar((1, 2, 3, 4), (5, 4, 3, 7)) == (3, 4)"),
        AssertTest(code="assert similar((11, 12, 14, 13), (17, 15, 14, 13)) == (13, 14)"),
    ),
)


def milliseconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def bare_interpreter() -> None:
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    sandbox = open_sandbox()
    assert sandbox.run(SUBMISSION).passed
    measured: dict[str, list[float]] = {"three visible tests": [], "python -I -S -c pass": []}
    for _ in range(options.rounds):
        measured["three visible tests"].append(milliseconds(lambda: sandbox.run(SUBMISSION)))
        measured["python -I -S -c pass"].append(milliseconds(bare_interpreter))
    sandbox.close()
    for name, times in measured.items():
        ordered = sorted(times)
        p90 = ordered[int(len(ordered) * 0.9)]
        print(
            f"{name:22} {statistics.median(times):6.2f} ms   {ordered[0]:.2f} to {ordered[-1]:.2f}, p90 {p90:.2f}"
        )


if __name__ == "__main__":
    main()
