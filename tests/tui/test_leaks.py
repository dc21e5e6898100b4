"""Nothing of a session that was left stays: no widget, no timer, no thread, no drawn line."""

from __future__ import annotations

import gc
import threading
from collections import Counter

import pytest
from textual._styles_cache import StylesCache
from textual.timer import Timer
from textual.widgets._footer import FooterKey

from assistant.tui.screen_state import Phase
from assistant.tui.screens.problems import LibraryScreen
from assistant.tui.screens.session.screen import SessionScreen
from assistant.tui.widgets.code_editor import CodeEditor
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.feedback_box import FeedbackBox
from tests.tui.conftest import WRONG, MakeApp
from tests.tui.waiting import until, until_phase

OF_A_SESSION = (SessionScreen, FeedbackBox, CodeEditor, CodeView)
SESSIONS = 6


def alive() -> Counter[str]:
    """How many of each there are."""
    gc.collect()
    kinds = (*OF_A_SESSION, Timer, FooterKey, StylesCache)
    counts = Counter(type(thing).__name__ for thing in gc.get_objects() if type(thing) in kinds)
    counts["threads"] = threading.active_count()
    return counts


@pytest.mark.slow
async def test_nothing_of_a_session_stays(make_app: MakeApp) -> None:
    app = make_app([WRONG] * SESSIONS)
    counts = []
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.problems is not None and app.services.model is not None)
        for _ in range(SESSIONS):
            await pilot.press("enter")
            await until_phase(pilot, Phase.YOUR_TURN)
            await pilot.press("w", "tab", "x", "ctrl+l")
            await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.navigator.has_left)
            counts.append(alive())
    grown = counts[-1] - counts[1]
    widgets = [grown[kind.__name__] for kind in OF_A_SESSION]
    # The screen that was left last may still be on its way out, with its timers.
    assert max(widgets) <= 1 and grown["Timer"] <= 5 and not grown["threads"], dict(grown)
    assert grown["FooterKey"] <= 12, "the keys of one footer at most"
    assert grown["StylesCache"] <= 30, "the drawn lines of one screen's widgets at most"
