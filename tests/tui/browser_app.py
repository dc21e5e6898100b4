"""What the browser test serves: the app with the scripted engine. `python -m tests.tui.browser_app SESSIONS`."""

from __future__ import annotations

import sys
from pathlib import Path

from assistant.engine.scripted import ScriptedEngine
from assistant.sandbox.service import open_sandbox
from assistant.store.preferences import Preferences
from assistant.tui.app import run_app
from assistant.tui.launch import Launch
from tests.tui.conftest import RIGHT, WRONG, Shelf

if __name__ == "__main__":
    run_app(
        Launch(
            open_engine=lambda: ScriptedEngine([WRONG, RIGHT]),
            open_sandbox=open_sandbox,
            load_problems=Shelf,
            sessions=Path(sys.argv[1]),
            preferences=Preferences(tour_seen=True),
        )
    )
