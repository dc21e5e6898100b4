"""Problems of one's own in the list: begun from a pasted function, changed, deleted after a question, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static, TextArea

from assistant.journal.reader import read_journal
from assistant.problems.load import load_source
from assistant.tui.app import AssistantApp
from assistant.tui.screen_state import Phase
from assistant.tui.screens.custom_problem import OwnProblemScreen
from assistant.tui.screens.dialogs import ConfirmScreen
from assistant.tui.screens.problems import LibraryScreen
from tests.tui.conftest import MakeApp
from tests.tui.waiting import left, until, until_phase

SIZE = (100, 30)


def _title(app: AssistantApp) -> str:
    return str(app.library.query_one("#title", Static).render())


@pytest.mark.slow
async def test_own_problems_from_a_pasted_function_to_a_file_for_others(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "data" / "own.jsonl"
    app = make_app(own_problems=file)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems)
        assert "3 problems" in _title(app)
        await pilot.press("f6")  # a problem of the source
        assert isinstance(app.screen, LibraryScreen)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, OwnProblemScreen))
        code = "def twice(x):\n    'Twice as much.'\n    return x\n"
        app.screen.query_one("#tests", TextArea).load_text(f"{code}\nassert twice(2) == 4")
        app.screen.query_one("#tests").focus()
        await pilot.pause()
        await pilot.press("f6")
        app.screen.query_one("#hidden", TextArea).load_text("assert twice(0) == 0")
        app.screen.query_one("#name", Input).value = "doubling"
        assert app.screen.query_one("#hidden").display and not app.screen.query_one("#tests").display
        await pilot.press("ctrl+s")
        work = await until_phase(pilot, Phase.YOUR_TURN)
        begun = [event.type for event in read_journal(work.journal).events[:2]]
        assert begun == ["session_started", "program_given"]
        assert work.state.problem.id == "own/doubling" and work.state.current_program.code == code
        await pilot.press("f10")
        await until(pilot, lambda: left(app) and isinstance(app.screen, LibraryScreen))
        assert "3 problems, 1 of your own" in _title(app)
        app.library.query_one(Input).value = "doubling"
        await until(pilot, lambda: app.library.chosen.id == "own/doubling")
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, OwnProblemScreen))
        app.screen.query_one("#text", TextArea).load_text("Twice as much, please.")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n", "ctrl+s")
        await until(pilot, lambda: app.library.chosen.text == "Twice as much, please.")
        await pilot.press("f7")
        shared = load_source(str(tmp_path / "own-problems.jsonl")).problems
        assert [(p.id, p.given, len(p.hidden_tests)) for p in shared] == [("own/doubling", code, 1)]
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: len(app.problems.problems) == 3)
    assert file.read_bytes() == b""
