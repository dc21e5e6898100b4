"""A study in the app: consent, assigned problems, questions, the end."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from assistant.domain.events import ConsentGiven, QuestionAnswered
from assistant.domain.state import replay
from assistant.session.desk import Desk
from assistant.session.study import Study
from assistant.store.library import list_sessions
from assistant.store.reading import read_journal
from assistant.tui.screens.asking import ConsentScreen, LineScreen
from assistant.tui.screens.library import LibraryScreen
from assistant.tui.screens.summary import SummaryScreen
from tests.tui.conftest import ADDITION, RIGHT, UNDERSCORES, MakeApp
from tests.tui.waiting import until

STUDY = Study.model_validate(
    {
        "name": "words",
        "problems": [UNDERSCORES.id, ADDITION.id],
        "rounds": 2,
        "lesson": False,
        "consent": {"version": "1", "text": "We keep what you type."},
        "questions": ["How hard was it?", "Anything else?"],
    }
)
ADD = "```python\ndef add(a, b):\n    return a + b\n```"


async def test_a_study_leads_from_consent_to_its_last_question(make_app: MakeApp, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    app = make_app([RIGHT, ADD], open_desk=lambda: Desk.open(STUDY, (UNDERSCORES, ADDITION), "anna", folder))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await pilot.press(*"easy", "enter")
        await until(
            pilot, lambda: isinstance(app.screen, LineScreen) and not app.screen.query_one(Input).value
        )
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert "hidden" not in str(app.screen.query_one("#numbers").render())
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app._notifications)
        assert any("is done" in note.message for note in app._notifications)
    journals = [read_journal(session.path).events for session in list_sessions(folder)]
    assert len(journals) == 2
    assert all(any(isinstance(e, ConsentGiven) and e.granted for e in events) for events in journals)
    answers = [e.answer for events in journals for e in events if isinstance(e, QuestionAnswered)]
    assert answers == ["easy"]
    assert all(replay(list(events)).started.study.name == "words" for events in journals)
    assert all(replay(list(events)).settings.rounds == 2 for events in journals)
