"""How long until the library of 10,000 sessions is on the screen, after Ctrl+S?

The journals are real ones; the index is warm, as it is after the first time.

    python -m tests.benchmarks.tui_sessions [COUNT]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.library import list_sessions
from assistant.sandbox.local import open_sandbox
from assistant.settings.preferences import Preferences
from assistant.tui.app import AssistantApp
from assistant.tui.launch import Launch
from assistant.tui.screens.sessions import SessionList, SessionsScreen
from tests.journal.build import whole_session, write_session
from tests.tui.conftest import Shelf


async def opened(folder: Path, count: int, times: int = 7) -> tuple[list[float], list[float]]:
    """Seconds from the key to the full list, and of the processor meanwhile, several times."""
    app = AssistantApp(
        Launch(
            open_engine=lambda: ScriptedEngine([""]),
            open_sandbox=open_sandbox,
            load_problems=Shelf,
            sessions=folder,
            preferences=Preferences(tour_seen=True),
        )
    )
    seconds, used = [], []
    async with app.run_test(size=(120, 36)) as pilot:
        while app.problems is None or app.workers._workers:
            await pilot.pause(0.05)
        for _ in range(times):
            started, busy = time.perf_counter(), time.process_time()
            await pilot.press("ctrl+s")
            screen = app.screen
            assert isinstance(screen, SessionsScreen)
            while len(screen.query_one(SessionList).sessions) < count:
                await asyncio.sleep(0.005)
            await pilot.pause()
            seconds.append(time.perf_counter() - started)
            used.append(time.process_time() - busy)
            await pilot.press("escape")
            while app.workers._workers:
                await pilot.pause(0.05)
    return seconds, used


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["ASSISTANT_CACHE"] = str(Path(place) / "cache")
        folder = Path(place) / "sessions"
        for n in range(count):
            name = f"20261123-{n // 3600:02}{n // 60 % 60:02}{n % 60:02}-{n:010}"
            write_session(folder, name, whole_session(name, feedbacks=n % 5))
        list_sessions(folder)
        seconds, used = asyncio.run(opened(folder, count))
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    print(
        f"{count} sessions on the screen: median {middle:.2f} s, range {low:.2f} to {high:.2f} s; target under 1 s"
    )
    print(f"of the processor: median {statistics.median(used):.2f} s, up to {max(used):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
