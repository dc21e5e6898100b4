"""How long `analyze` and `export` take over thousands of sessions, and how much memory they hold.

python -m tests.benchmarks.load_journals [--sessions 10000] [--runs 3] [--format sft] [--keep DIR] [--code DIR]

The journals are those of `analysis_scale` (a valid hash chain, about 90 events each), with consent of all annotators.
Both commands run in a process of their own, from the checkout `--code` where one is named, so that two versions of
the code can be compared on the same journals. On a shared machine the CPU seconds of all threads and processes say
more than the wall clock. Peak memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from assistant.journal.consent import add_answer
from tests.analysis.simulation import write_world
from tests.benchmarks.analysis_scale import REPOSITORY, world

MEASURES = ("wall s", "CPU s", "peak MB")


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--format", default="sft")
    parser.add_argument("--keep", type=Path, help="a folder for the journals, used again when there")
    parser.add_argument("--code", type=Path, default=REPOSITORY, help="the checkout whose code is run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "sessions"
        if not folder.is_dir():
            generate(folder, options.sessions)
        files = list(folder.glob("*/*.jsonl"))
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"{len(files)} journals, {size:,.0f} MB, {os.cpu_count()} cores", flush=True)
        analyze = ["analyze", str(folder), "--out"]
        export = ["export", str(folder), "--format", options.format, "--out"]
        for name, words in (("analyze", analyze), ("export", export)):
            outs = (Path(scratch) / f"{name}{number}" for number in range(options.runs))
            show(name, [measure(options.code, [*words, str(out)]) for out in outs])


def generate(folder: Path, sessions: int) -> None:
    """The journals, and everybody's consent."""
    write_world(folder, world(sessions))
    for number in range(20):
        add_answer(folder, f"anon-{number}", "granted")


def measure(code: Path, words: Sequence[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one command. Raises SystemExit when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", *words],
        cwd=code, env={**os.environ, "PYTHONPATH": str(code)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"assistant {words[0]} failed with status {os.waitstatus_to_exitcode(status)}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def show(name: str, runs: Sequence[tuple[float, float, float]]) -> None:
    """Median and range of each measure."""
    for measured, values in zip(MEASURES, zip(*runs, strict=True), strict=True):
        spread = f"range {min(values):.1f} to {max(values):.1f}"
        print(f"{name:8} {measured:8} median {median(values):7.1f}   {spread}", flush=True)


if __name__ == "__main__":
    main()
