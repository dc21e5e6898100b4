"""A person without the model in the app: the editor is open at once, runs are tested, the clock counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core.events import ALONE, CodeEdited
from assistant.engine.no_model import NoModel
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file
from assistant.tui.screen_state import Phase
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.widgets.code_editor import CodeEditor
from tests.tui.conftest import ADDITION, MakeApp
from tests.tui.waiting import until, until_phase


@pytest.mark.slow
async def test_the_editor_is_open_until_the_tests_pass(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(engine=NoModel(), settings=ALONE.model_dump(), problem=ADDITION.id)
    async with app.run_test(size=(80, 24)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        editor = work.query_one(CodeEditor)
        await until(pilot, lambda: editor.display and editor.has_focus)
        assert editor.text == "def add(a, b):\n    pass" and editor.cursor_location == (1, 8)
        await pilot.press("f2")
        await until(pilot, lambda: any("nothing changed" in note.message for note in app._notifications))
        assert editor.display and editor.has_focus, "it stays"
        editor.load_text("def add(a, b):\n    return a - b")
        await pilot.press("f2")
        await until(pilot, lambda: len(work.state.programs) == 2 and not work.live.busy)
        await until(pilot, lambda: editor.display and editor.has_focus, "the editor, again")
        assert editor.text.endswith("return a - b") and work.query_one("#verdicts").display
        await pilot.press("escape")
        await until(pilot, lambda: not editor.display)
        assert "No model here" in str(work.feedback.box.border_title)
        work.feedback.box.load_text("it subtracts")
        work.feedback.box.focus()
        await pilot.press("enter")
        await until(pilot, lambda: any("no model takes part" in note.message for note in app._notifications))
        assert work.state.feedback_count == 0
        await pilot.press("f2")
        await until(pilot, lambda: editor.display)
        editor.load_text("def add(a, b):\n    return a + b")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        journal = work.journal
    assert journal is not None
    edits = [event for event in read_journal(journal).events if isinstance(event, CodeEdited)]
    assert [edit.editor for edit in edits] == ["inline", "inline"] and edits[0].effort.editing > 0
    assert check_file(journal).findings == ()
