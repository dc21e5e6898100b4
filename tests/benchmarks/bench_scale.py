"""Does a long run stay small? python -m tests.benchmarks.bench_scale [PROBLEMS [SAMPLES [STREAMS]]]

Runs `assistant bench synthesis` on MBPP's test split (500 x 80 on 64 streams unless told otherwise) against a
fake model that answers at once, in a process of its own, and prints the run's memory as it goes. The reference is
the same process's memory after the first twentieth of the samples.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL, Popen

import psutil  # type: ignore[import-untyped]

from tests.bench.fake_model import fake_model

MBPP = Path(__file__).resolve().parents[3] / "shared" / "data" / "mbpp" / "mbpp.jsonl"


def main() -> None:
    """Print every figure."""
    problems, samples, streams = [int(a) for a in sys.argv[1:4]] + [500, 80, 64][len(sys.argv) - 1 :]
    total = problems * samples
    with tempfile.TemporaryDirectory() as folder, fake_model(str(MBPP)) as url:
        command = [
            sys.executable, "-m", "assistant", "bench", "synthesis", "--problems", str(MBPP), "--split", "test",
            "--limit", str(problems), "-k", str(samples), "--base-url", url, "--streams", str(streams),
            "--out", folder,
        ]  # fmt: skip
        started = time.monotonic()
        with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as process:
            watch(psutil.Process(process.pid), process, Path(folder) / "samples.jsonl", total)
        seconds = time.monotonic() - started
    print(f"{total} samples on {streams} streams in {seconds:.0f} s: {total / seconds:.0f} samples/s")


def watch(own: psutil.Process, process: Popen[bytes], lines: Path, total: int) -> None:
    """Memory of the run at every twentieth of its samples, and the most at its end (tables and figure)."""
    marks = [total * i // 20 for i in range(1, 21)]
    reference = most = 0.0
    while process.poll() is None:
        try:
            memory = own.memory_info().rss / 2**20
        except psutil.Error:
            break
        most = max(most, memory)
        done = count_lines(lines)
        while marks and done >= marks[0]:
            reference = reference or memory
            print(
                f"{marks.pop(0):6} samples: {memory:4.0f} MiB, {memory / reference:.2f} x the first",
                flush=True,
            )
        time.sleep(0.5)
    print(f"most, with tables and figure: {most:.0f} MiB; exit status {process.wait()}")


def count_lines(path: Path) -> int:
    """Lines so far."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


if __name__ == "__main__":
    main()
