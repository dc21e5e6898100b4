"""A whole session in the app, driven by keys alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from textual.widgets import Input, Static

from assistant.core.events import FeedbackGiven
from assistant.core.generation import Cancel, Chunk, Finish, NeverCancelled, Request
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.tui.screen_state import Phase
from assistant.tui.screens.problems import LibraryScreen, ProblemList
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.test_rows import row_lines
from assistant.tui.text.spans import plain
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.status_line import StatusLine
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import RIGHT, WRONG, MakeApp
from tests.tui.waiting import left, until, until_phase

SIZE = (120, 36)


@pytest.mark.slow
async def test_the_clock_stands_still_while_the_app_is_in_the_background(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=(100, 30)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        clock = work.live._clock
        app.navigator.run_clocks(False)
        assert not clock.running and clock.read(time.monotonic() + 3600) == clock.read(time.monotonic())
        app.app_resume_signal.publish(app)
        await until(pilot, lambda: clock.running)


@pytest.mark.slow
async def test_a_session_from_the_list_to_the_summary_with_keys_alone(make_app: MakeApp) -> None:
    app = make_app([WRONG, RIGHT])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems is not None)
        assert isinstance(app.screen, LibraryScreen)
        await pilot.press(*"under", "enter")
        work = await until_phase(pilot, Phase.YOUR_TURN)
        verdicts = work.query_one(VerdictTable).verdicts
        assert (verdicts.passed, len(verdicts.rows)) == (1, 3)
        assert 'text.replace("_", " ")' in work.query_one(CodeView).code.text
        await pilot.press(*"replace it by nothing", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert work.state.solved and work.state.round == 1
    recording = read_journal(work.journal)
    given = [event for event in recording.events if isinstance(event, FeedbackGiven)]
    assert [event.text for event in given] == ["replace it by nothing"]
    assert given[0].effort.active > 0
    assert recording.events[-1].effort.waiting > 0, "the waiting for the first and the last answer counts"


@pytest.mark.slow
async def test_escape_keeps_the_partial_text_and_gives_the_words_back(make_app: MakeApp) -> None:
    app = make_app(
        [WRONG, "```python\n" + "# slow\n" * 2000, RIGHT], pace=0.005, problem="starter/underscores"
    )
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: "# slow" in work.query_one(CodeView).code.text)
        await pilot.press("escape")
        await until_phase(pilot, Phase.STOPPED)
        assert work.query_one(FeedbackBox).text == "no"
        assert "# slow" in work.query_one(CodeView).code.text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert work.state.round == 1


@pytest.mark.slow
async def test_escape_is_answered_at_once_by_the_screen_however_slow_the_model(make_app: MakeApp) -> None:
    gate, text = threading.Event(), "```python\nx = 1"

    class Slow(ScriptedEngine):
        """Hears of a cancel only once the gate is open."""

        def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
            yield Chunk(sample=0, text=text)
            gate.wait(60)
            yield Finish(sample=0, text=text, reason="cancelled")

    app = make_app(engine=Slow([WRONG]), problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        work = app.screen_stack[1]
        await until(pilot, lambda: work.query_one(CodeView).code.text == "x = 1")
        assert work.query_one(StatusLine).status.doing == "writing line 1"
        await pilot.press("escape")
        assert work.query_one(StatusLine).status.doing == "stopping"
        gate.set()
        await until_phase(pilot, Phase.STOPPED)
        assert work.query_one(CodeView).code.text == "x = 1"


@pytest.mark.slow
async def test_giving_up_ends_the_session_and_leaving_keeps_it_open(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"half a th")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and left(app))
    events = read_journal(work.journal).events
    assert events[-1].type == "session_ended" and events[-1].reason == "interrupted"
    assert any(event.type == "draft_saved" and event.text == "half a th" for event in events)


@pytest.mark.slow
async def test_rounds_used_up_ends_with_the_summary(make_app: MakeApp) -> None:
    app = make_app([WRONG, WRONG], settings={"rounds": 1}, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"try", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert "no tries left" in str(app.screen.query_one("#headline").render())


@pytest.mark.slow
async def test_the_library_filters_as_one_types(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems is not None)
        await pilot.press(*"#numbers")
        ids = [entry.problem.id for entry in app.screen.query_one(ProblemList).entries]
        assert ids == ["starter/addition", "starter/primes"]
        await pilot.press("space", *"hard")
        assert app.screen.chosen.id == "starter/primes"
        await pilot.press("escape")
        assert app.screen.query_one(Input).value == ""


@pytest.mark.slow
async def test_the_summary_shows_the_hidden_tests_that_a_false_solve_fails(make_app: MakeApp) -> None:
    false = "```python\ndef remove_underscores(text):\n    return text.replace('_', '') or None\n```"
    app = make_app([false], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        said = str(app.screen.query_one("#numbers", Static).render())
        lesson = [
            plain(line) for row in app.screen.query_one(VerdictTable).verdicts.rows for line in row_lines(row)
        ]
    assert "fails 1 of 1 hidden" in said
    assert lesson[0].strip() == "✗ wrong  assert remove_underscores('') == ''"
    assert [line.split() for line in lesson[1:]] == [["expected", "''"], ["actual", "None"]]
