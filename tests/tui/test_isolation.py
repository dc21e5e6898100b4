"""What the screen says of the walls: a line that stays while they are less than whole, and unsealed verdicts."""

from __future__ import annotations

import pytest

from assistant.core.events import SessionStarted, TestsFinished
from assistant.core.problem import AssertTest, Problem
from assistant.journal.reader import read_journal
from assistant.sandbox.local import open_sandbox
from assistant.tui.screen_state import Phase
from assistant.tui.text.spans import plain
from assistant.tui.widgets.status_line import StatusLine
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import RIGHT, WRONG, MakeApp, Shelf
from tests.tui.waiting import until, until_phase

POINTS = Problem(
    id="starter/points",
    text="Write a class Point with an attribute x.",
    entry_point="",
    visible_tests=(AssertTest(code="assert Point(3).x == 3"),),
    source="starter",
    licence="Apache-2.0",
)
POINT = "```python\nclass Point:\n    def __init__(self, x):\n        self.x = x + 1\n```"


@pytest.mark.slow
async def test_an_unsafe_run_keeps_a_warning_on_the_screen(make_app: MakeApp) -> None:
    opened = open_sandbox(unsafe=True)
    try:
        app = make_app([WRONG, RIGHT], problem="starter/underscores", open_sandbox=lambda: opened)
        async with app.run_test(size=(80, 24)) as pilot:
            work = await until_phase(pilot, Phase.YOUR_TURN)
            line = work.query_one(StatusLine)
            await until(pilot, lambda: line.status.warning and line.size.height == 2)
            assert "UNSAFE RUN" in str(line.render()).split("\n")[0]
    finally:
        opened.close()


@pytest.mark.slow
async def test_whole_walls_need_no_line(make_app: MakeApp) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=(80, 24)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        line = work.query_one(StatusLine)
        assert not line.status.warning and line.size.height == 1
        assert "unsealed" not in str(work.query_one(VerdictTable).border_title)


@pytest.mark.slow
async def test_the_screen_and_the_journal_say_unsealed(make_app: MakeApp) -> None:
    app = make_app([POINT], problem="starter/points", load_problems=lambda: Shelf(problems=(POINTS,)))
    async with app.run_test(size=(80, 24)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        table = work.query_one(VerdictTable)
        await until(pilot, lambda: table.verdicts.tested)
        assert "unsealed" in str(table.border_title)
        assert any("unsealed" in plain(table.line(y)) for y in range(table.line_count))
        journal = work.journal
    events = read_journal(journal).events
    finished = next(event for event in events if isinstance(event, TestsFinished))
    assert not finished.visible.sealed and not finished.visible.cases[0].sealed
    assert isinstance(events[0], SessionStarted) and events[0].sandbox["seccomp"]
