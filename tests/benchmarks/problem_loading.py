"""How long it takes to load each source of problems: medians and ranges of fresh processes, import included.

python tests/benchmarks/problem_loading.py [PATH …]
"""

from __future__ import annotations

import statistics
import subprocess
import sys

CODE = """
import sys, time
begun = time.perf_counter()
from assistant.problems.load import load_source
imported = time.perf_counter()
count = len(load_source(sys.argv[1]))
print(imported - begun, time.perf_counter() - imported, count)
"""
RUNS = 7


def main(sources: list[str]) -> None:
    for source in sources:
        rows = [measured(source) for _ in range(RUNS)]
        print(f"{source}: {rows[0][2]:.0f} problems; import {summary(0, rows)}, load {summary(1, rows)}")


def measured(source: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", CODE, source], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def summary(column: int, rows: list[list[float]]) -> str:
    values = [row[column] * 1000 for row in rows]
    return f"{statistics.median(values):.0f} ms ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    main(sys.argv[1:] or ["starter", "humaneval"])
