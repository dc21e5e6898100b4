"""Waiting for what the app does in threads: on its state, never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App
from textual.css.query import NoMatches
from textual.pilot import Pilot

from assistant.tui.app import AssistantApp
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.screen import SessionScreen

LONGEST = 100.0


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str = "") -> None:
    """Let the app work until `condition` holds; fails when it hangs.

    A screen that is pushed has no widgets until it is mounted: a condition that misses one does not hold yet.
    """

    def holds() -> object:
        try:
            return condition()
        except NoMatches:
            return False

    deadline = time.monotonic() + LONGEST
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what or condition}")
        await pilot.pause(0.01)
    await pilot.pause()


def left(app: App[None]) -> bool:
    """Every session that was left has released its journal."""
    assert isinstance(app, AssistantApp)
    return app.navigator.has_left


def work_screen(pilot: Pilot[None]) -> SessionScreen:
    """The working screen, wherever it is in the stack."""
    return next(screen for screen in reversed(pilot.app.screen_stack) if isinstance(screen, SessionScreen))


async def until_phase(pilot: Pilot[None], *phases: Phase) -> SessionScreen:
    """Wait until the session is in one of `phases`."""

    def reached() -> bool:
        screens = [screen for screen in pilot.app.screen_stack if isinstance(screen, SessionScreen)]
        return bool(screens) and screens[-1].phase_now() in phases and not screens[-1].live.busy

    await until(pilot, reached, f"phase {phases}")
    return work_screen(pilot)
