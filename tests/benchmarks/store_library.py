"""How long a list of 10,000 sessions takes: first time (every journal read), again, and after one change.

python -m tests.benchmarks.store_library [SESSIONS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sized
from pathlib import Path

from assistant.journal.library import find_session, list_sessions
from tests.journal.build import whole_session, write_session


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["ASSISTANT_CACHE"] = str(Path(place) / "cache")
        folder = Path(place) / "sessions"
        names = [f"20261123-{n // 3600:02}{n // 60 % 60:02}{n % 60:02}-{n:010}" for n in range(count)]
        paths = [
            write_session(folder, name, whole_session(name, feedbacks=n % 5)) for n, name in enumerate(names)
        ]
        size = sum(path.stat().st_size for path in paths)
        print(f"{count} sessions, {size / 1e6:.0f} MB")
        timed("first time", lambda: list_sessions(folder), count, times=1)
        timed("again", lambda: list_sessions(folder), count)
        write_session(folder, names[0], whole_session(names[0], feedbacks=2))
        timed("one changed", lambda: list_sessions(folder), count, times=1)
        timed("find by id", lambda: [find_session(folder, names[-1])], 1)


def timed(what: str, call: Callable[[], Sized], expected: int, times: int = 7) -> None:
    """Print median and range of `times` calls, in seconds of the clock and of the processor."""
    clock, processor = [], []
    for _ in range(times):
        start, cpu = time.perf_counter(), time.process_time()
        assert len(call()) == expected
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - cpu)
    spread = f"range {min(clock):.3f} to {max(clock):.3f} s"
    print(
        f"{what:12} median {statistics.median(clock):.3f} s, {spread}; CPU {statistics.median(processor):.3f} s"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
