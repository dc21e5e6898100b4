"""How long `assistant export` takes over many sessions, and how much memory it holds.

python -m tests.benchmarks.export_scale [--sessions 10000] [--runs 3] [--format all] [--keep FOLDER]

The journals of `analysis_scale` (a valid hash chain, about 90 events each), with consent for all annotators. The
reference of the same run is reading every byte and hashing every line, in one process: what no reader can save.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from assistant.journal.consent import add_answer
from tests.analysis.simulation import write_world
from tests.benchmarks.analysis_scale import REPOSITORY, world


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--format", default="all")
    parser.add_argument(
        "--keep", type=Path, default=None, help="a folder for the journals, used again when there"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "sessions"
        if not folder.is_dir():
            write_world(folder, world(options.sessions))
            for number in range(20):
                add_answer(folder, f"anon-{number}", "granted")
        files = list(folder.glob("*/*.jsonl"))
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        print(
            f"{len(files)} journals, {megabytes:,.0f} MB, {os.cpu_count()} cores, --format {options.format}"
        )
        runs = [measure(folder, options.format, Path(scratch) / f"out{n}") for n in range(options.runs)]
        reference = [read_and_hash(files) for _ in range(options.runs)]
    for name, values in zip(
        ("wall s", "CPU s", "peak MB of one process"), zip(*runs, strict=True), strict=True
    ):
        print(f"{name:24} median {median(values):7.1f}   range {min(values):.1f} to {max(values):.1f}")
    print(
        f"{'reference s':24} median {median(reference):7.1f}   range {min(reference):.1f} to {max(reference):.1f}"
    )
    print(f"export takes {median(run[0] for run in runs) / median(reference):.1f} times the reference")


def measure(folder: Path, format_: str, out: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of all processes, and the largest process's peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "export", str(folder), "--format", format_, "--out", str(out)],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"assistant export failed with status {os.waitstatus_to_exitcode(status)}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def read_and_hash(files: list[Path]) -> float:
    """Seconds to read every journal and hash every line."""
    start = time.perf_counter()
    for path in files:
        for line in path.read_bytes().split(b"\n"):
            hashlib.sha256(line).hexdigest()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
