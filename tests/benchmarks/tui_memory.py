"""Does the app grow while one session after another is opened and left?

Each session is begun on a problem, answered, spoken to, and left; after every twenty, the memory of the process and
how many widgets, timers and threads there are. After the first twenty nothing may grow.

    python -m tests.benchmarks.tui_memory [SESSIONS]
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import threading
from pathlib import Path

from textual.dom import DOMNode
from textual.timer import Timer

from assistant.core.events import Settings
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import open_sandbox
from assistant.settings.preferences import Preferences
from assistant.tui.app import AssistantApp
from assistant.tui.launch import Launch
from assistant.tui.screen_state import Phase
from assistant.tui.screens.problems import LibraryScreen
from tests.tui.conftest import WRONG, Shelf
from tests.tui.waiting import until, until_phase

EVERY = 20


def resident() -> float:
    """MiB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def alive() -> tuple[int, int, int]:
    """Widgets and screens, timers, threads."""
    gc.collect()
    things = gc.get_objects()
    widgets = sum(isinstance(thing, DOMNode) for thing in things)
    return widgets, sum(isinstance(thing, Timer) for thing in things), threading.active_count()


async def hold(folder: Path, sessions: int) -> None:
    """Open and leave so many sessions, and print what there is after every twenty."""
    engine = ScriptedEngine([WRONG] * 3 * sessions)
    app = AssistantApp(
        Launch(
            open_engine=lambda: engine,
            open_sandbox=open_sandbox,
            load_problems=Shelf,
            sessions=folder,
            settings=Settings(arms=()),
            preferences=Preferences(tour_seen=True, notify="none"),
        )
    )
    print(f"{'sessions':>8} {'MiB':>8} {'widgets':>8} {'timers':>8} {'threads':>8}")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.problems is not None and app.services.model is not None)
        for number in range(1, sessions + 1):
            await pilot.press("enter")
            work = await until_phase(pilot, Phase.YOUR_TURN)
            await pilot.press(*"no", "enter")
            await until(pilot, lambda work=work: work.state.round == 1 and not work.live.busy)  # type: ignore[misc]
            await pilot.press("f10")
            await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.navigator.has_left)
            engine.requests.clear()  # a scripted engine remembers what it was asked, a model does not
            if number % EVERY == 0:
                widgets, timers, threads = alive()
                print(f"{number:8} {resident():8.1f} {widgets:8} {timers:8} {threads:8}", flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(hold(Path(folder), count))
