"""A function of one's own in the app: it is round 0, and its result is confirmed before it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from assistant.problems.own_function import OwnFunction, OwnWork
from assistant.tui.app import AssistantApp
from assistant.tui.screen_state import Phase
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.write_back import WriteBackScreen
from assistant.tui.widgets.diff_view import DiffView
from tests.tui.conftest import MakeApp
from tests.tui.waiting import until, until_phase

SIZE = (100, 30)
FILE = "# mine\ndef twice(x):\n    return x * 3  # tripled\n\n\nprint(twice(2))\n"
WRONG = "```python\ndef twice(x):\n    return x * 4\n```"
RIGHT = "```python\ndef twice(x):\n    return x * 2\n```"


def _work(folder: Path, *asserts: str) -> OwnWork:
    path = folder / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    function = OwnFunction(path, "twice")
    return OwnWork(function, function.problem(function.tests(asserts, None).tests), "mine.py::twice")


def _at_write_back(app: AssistantApp) -> bool:
    return isinstance(app.screen, WriteBackScreen)


@pytest.mark.slow
async def test_the_result_is_written_once_it_is_confirmed(make_app: MakeApp, tmp_path: Path) -> None:
    own = _work(tmp_path, "twice(2) == 4")
    app = make_app([WRONG, RIGHT], own=own)
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        assert "your function" in str(work.query_one("#code").border_title)
        await pilot.press("ctrl+s")  # nothing has changed yet
        assert not _at_write_back(app)
        await pilot.press(*"two", "enter")
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: _at_write_back(app))
        assert "does not pass" in str(app.screen.query_one("#title", Static).render())
        await pilot.press("escape")
        assert own.function.path.read_text(encoding="utf-8") == FILE
        await pilot.press(*"two", "enter")
        await until(pilot, lambda: _at_write_back(app))
        assert app.screen.query_one(DiffView).comparison.new == FILE.replace(
            "x * 3  # tripled", "x * 2"
        ).rstrip("\n")
        await pilot.press("pause", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
    assert own.function.path.read_text(encoding="utf-8") == FILE.replace("x * 3  # tripled", "x * 2")


@pytest.mark.slow
async def test_without_tests_it_opens_and_a_changed_file_is_not_written_over(
    make_app: MakeApp, tmp_path: Path
) -> None:
    own = _work(tmp_path)
    app = make_app([WRONG, RIGHT], own=own)
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        assert work.state.ended is None and not work.state.solved
        assert any("no test yet" in note.message for note in app._notifications)
        await pilot.press(*"two", "enter")
        await until(pilot, lambda: work.state.round == 1 and work.phase is Phase.YOUR_TURN)
        own.function.path.write_text(FILE + "# more\n", encoding="utf-8")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: _at_write_back(app))
        await pilot.press("pause", "y")
        await until(pilot, lambda: not _at_write_back(app))
        assert any("changed meanwhile" in note.message for note in app._notifications)
    assert own.function.path.read_text(encoding="utf-8") == FILE + "# more\n"
