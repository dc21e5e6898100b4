"""Further draws in the app: offered in the status line, shown beside the answer, and taken only by choice."""

from __future__ import annotations

import pytest

from assistant.tui.screen_state import Phase
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.timeline import Timeline
from tests.tui.conftest import RAISES, RIGHT, WRONG, MakeApp
from tests.tui.waiting import until, until_phase

OFFER = "another draw passes 3 of 3: Alt+↓ shows it (4 tries left)"


@pytest.mark.slow
async def test_a_better_draw_is_offered_shown_beside_the_answer_and_taken_by_choice(
    make_app: MakeApp,
) -> None:
    app = make_app([WRONG, RAISES, RIGHT, WRONG], problem="starter/underscores", settings={"draws": 2})
    async with app.run_test(size=(120, 36)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await until(pilot, lambda: work.status.line.status.doing == OFFER)
        code, samples = work.query_one(CodeView), work.query_one("#samples", Timeline)
        assert 'replace("_", " ")' in code.code.text and not samples.strip.steps
        await pilot.press("x")
        assert work.live.session is not None
        background = work.live.session.background
        await until(pilot, lambda: background._typing.is_set())  # type: ignore[union-attr]
        await pilot.press("backspace", "alt+down")
        assert work.state.current == "t0s0" and "replace('_', '')" in code.code.text
        assert [step.label for step in samples.strip.steps] == ["sample 1 ✗ 1/3", "draw 2 ✓ 3/3"]
        assert "draw 2 of the first answer" in str(code.border_title)
        assert work.status.line.status.doing.startswith("draw 2, 3 of 3 pass: ")
        await pilot.press("escape")
        assert work.status.line.status.doing == "your turn: 4 tries left", "it was seen"
        await pilot.press("alt+down")
        assert work.programs.view.program == "t1s0", "the other one of the batch, which is no better"
        await pilot.press("alt+down")  # none is left: one more is drawn, and shown
        await until(pilot, lambda: work.programs.view.program == "t2s0" and not work.live.busy)
        assert work.state.program("t2s0").visible is not None and work.state.current == "t0s0"
        work.programs.look_at("t1s1", work.state)
        work.present()
        await pilot.press("ctrl+b")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert work.state.ended is not None and work.state.ended.reason == "solved"
        steps = work.query_one("#timeline", Timeline).strip.steps
        assert [step.label for step in steps] == ["first answer ✗ 1/3", "first answer, draw 2 ✓ 3/3"]
