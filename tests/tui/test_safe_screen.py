"""Nothing on any screen of the app can drive the terminal: problem, program, message, words, file name."""

from __future__ import annotations

import re
import unicodedata

import pytest
from textual.app import App

from assistant.core.problem import AssertTest, Problem
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.session.commands import End
from assistant.tui.screen_state import Phase
from assistant.tui.screens.sessions import SessionList
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.widgets.feedback_box import FeedbackBox
from tests.tui.conftest import MakeApp, Shelf
from tests.tui.waiting import until, until_phase, work_screen

HOSTILE = "\x1b]0;OWNED\x07\x1b[2J\x9b31m\u202e\u2066\x08\u200b\U000e0041\u2028\r"
PROBLEM = Problem(
    id=f"own/{HOSTILE}",
    text=f"Add {HOSTILE} one.",
    entry_point="f",
    visible_tests=(AssertTest(code="assert f(1) == 2"), AssertTest(code=f"assert f('{HOSTILE[:-2]}') == 1")),
    hidden_tests=(AssertTest(code="assert f(2) == 3"),),
    source=f"own{HOSTILE}",
    licence=HOSTILE,
    tags=(HOSTILE,),
    difficulty=HOSTILE,
)
ANSWER = (
    f"{HOSTILE}\n```python\n# {HOSTILE}\ndef f(x):\n    print({HOSTILE!r}, {HOSTILE[:-2]!r})\n"
    f"    if x == 1:\n        raise ValueError({HOSTILE!r})\n    return '{HOSTILE[:-2]}'\n```\n"
)
_OUR_SEQUENCES = re.compile(r"\x1b\[[0-9;:]*[mH]|\x1b\]8;[^\x1b]*\x1b\\")
"""Colours, positions and links, as Textual writes them."""


def harmful(app: App[None]) -> set[str]:
    """What would reach the terminal if the screen were painted anew now."""
    update = app.screen._compositor.render_full_update()
    painted = _OUR_SEQUENCES.sub("", update.render_segments(app.console))
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {ascii(c) for c in painted if unicodedata.category(c) in bad and c not in "\n\u200c\u200d"}


@pytest.mark.slow
async def test_no_screen_lets_a_terminal_be_driven(make_app: MakeApp) -> None:
    engine = ScriptedEngine([ANSWER, ANSWER])
    app = make_app(
        engine=engine, load_problems=lambda: Shelf(name=f"x{HOSTILE}", problems=(PROBLEM,), skipped=("a",))
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.library.query_one("#problems").line_count == 1)
        app.notify(f"cannot read {HOSTILE}", markup=False)
        await pilot.pause()
        assert not harmful(app)
        app.navigator.work_on(PROBLEM)
        await until_phase(pilot, Phase.YOUR_TURN)
        for key in ("f6", "f6", "f2", "escape", "f1", "escape"):
            assert not harmful(app), key
            await pilot.press(key)
            await pilot.pause()
        work = work_screen(pilot)
        work.query_one(FeedbackBox).load_text(HOSTILE)
        await pilot.pause()
        assert not harmful(app)
        work.submit(End("gave_up"))
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert not harmful(app)
        app.navigator.to_library()
        await until(pilot, lambda: app.navigator.has_left)
        app.library.action_sessions()
        await until(
            pilot, lambda: bool(app.screen.query(SessionList)) and app.screen.query_one(SessionList).sessions
        )
        assert not harmful(app)
