"""How long `assistant analyze` takes over thousands of sessions, and how much memory it holds.

python -m tests.benchmarks.analysis_scale [--sessions 10000] [--runs 3] [--keep FOLDER] [--no-out]

Simulated journals (a valid hash chain, true rates known, about 90 events each) are written to FOLDER, or to a
temporary one; then the command runs in a process of its own. Wall clock depends on who else uses the machine: the
CPU seconds of all threads are printed beside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.analysis.simulation import World, write_world

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--keep", type=Path, default=None, help="a folder for the journals, used again when there"
    )
    parser.add_argument("--no-out", action="store_true", help="only the table in the terminal")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "sessions"
        if not folder.is_dir():
            write_world(folder, world(options.sessions))
        files = list(folder.rglob("*.jsonl"))
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        print(f"{len(files)} journals, {megabytes:,.0f} MB, {os.cpu_count()} cores")
        out = [] if options.no_out else ["--out", str(Path(scratch) / "out")]
        runs = [measure(folder, out) for _ in range(options.runs)]
    for name, values in zip(("wall s", "CPU s", "peak MB"), zip(*runs, strict=True), strict=True):
        print(f"{name:8} median {median(values):7.1f}   range {min(values):.1f} to {max(values):.1f}")


def world(sessions: int) -> World:
    """200 problems, 20 annotators, all four controls, some leaks and mends by hand."""
    return World(
        sessions=sessions, problems=200, annotators=20, filler=44, spread=0.1, leaks=0.05, edits=0.05
    )


def measure(folder: Path, out: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one run. Raises when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "analyze", str(folder), *out],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"assistant analyze failed with status {os.waitstatus_to_exitcode(status)}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
