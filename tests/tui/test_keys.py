"""Mouse, clipboard and colour: what hands and eyes rely on."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from assistant.tui.screen_state import Phase
from assistant.tui.screens.problems import ProblemList
from assistant.tui.screens.session.screen import SessionScreen
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.problem_pane import ProblemPane
from assistant.tui.widgets.timeline import Timeline
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import RAISES, WRONG, MakeApp
from tests.tui.waiting import until, until_phase

SIZE = (120, 36)


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
        )
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


async def working(pilot: Pilot[None]) -> SessionScreen:
    return await until_phase(pilot, Phase.YOUR_TURN)


@pytest.mark.slow
async def test_a_double_click_opens_a_problem(make_app: MakeApp) -> None:
    app = make_app([WRONG])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems is not None)
        await pilot.click(ProblemList, offset=(10, 2))
        assert app.screen.chosen.id == "starter/addition"
        await pilot.click(ProblemList, offset=(10, 2), times=2)
        work = await working(pilot)
        assert work.state.problem.id == "starter/addition"


@pytest.mark.slow
async def test_clicks_choose_cases_lines_and_rounds(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        await pilot.click(VerdictTable, offset=(10, 5))  # the first test takes four lines
        assert work.query_one(VerdictTable).row == 1
        await pilot.click(CodeView, offset=(12, 2))
        assert work.query_one(CodeView).line_number == 2
        await pilot.click(FeedbackBox)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        await pilot.click("#timeline", offset=(4, 0))
        assert work.programs.view.program == "t0s0"


@pytest.mark.slow
async def test_panes_are_resized_by_dragging_their_edges_and_by_keys(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        table, problem = work.query_one(VerdictTable), work.query_one(ProblemPane)
        height, width = table.outer_size.height, problem.outer_size.width
        top = table.region.y
        await pilot.mouse_down(offset=(30, top))
        await pilot.hover(offset=(30, top - 4))
        await pilot.mouse_up(offset=(30, top - 4))
        await pilot.pause()
        assert table.outer_size.height == height + 4
        await pilot.mouse_down(offset=(width - 1, 5))
        await pilot.hover(offset=(width - 11, 5))
        await pilot.mouse_up(offset=(width - 11, 5))
        await pilot.pause()
        assert problem.outer_size.width == width - 10
        table.focus()
        await pilot.press("ctrl+down")
        assert table.outer_size.height == height + 2
        await pilot.press("f11")
        assert not problem.display


@pytest.mark.slow
async def test_code_marked_with_the_mouse_is_copied_without_line_numbers(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        left = 2 + 7  # frame and padding, then number and mark
        await pilot.mouse_down(CodeView, offset=(left, 1))
        await pilot.hover(CodeView, offset=(left + 3, 3))
        await pilot.mouse_up(CodeView, offset=(left + 3, 3))
        selected = app.screen.get_selected_text()
        assert selected is not None and selected.startswith('def remove_underscores(text):\n    """Replace')
        work.query_one(CodeView).focus()
        await pilot.press("ctrl+c")
        assert app.clipboard == selected


@pytest.mark.slow
async def test_ctrl_c_without_a_selection_ends_nothing(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        await pilot.press(*"word", "ctrl+c", "ctrl+c")
        assert app.is_running and work.query_one(FeedbackBox).text == "word"
        work.query_one(CodeView).focus()
        await pilot.press("ctrl+c")
        assert app.is_running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "bells", "notes"), [("bell", 1, 0), ("desktop", 0, 1), ("both", 1, 1), ("none", 0, 0)]
)
async def test_the_person_is_called_when_a_long_wait_ends(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, how: str, bells: int, notes: int
) -> None:
    from assistant.settings.preferences import Preferences
    from assistant.tui.screens.session import status

    monkeypatch.setattr(status, "LONG_WAIT", 0.0)
    preferences = Preferences(tour_seen=True, notify=how)
    app = make_app([WRONG], problem="starter/underscores", preferences=preferences)
    rung, written = [], []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    monkeypatch.setattr(HeadlessDriver, "write", lambda driver, text: written.append(text))
    async with app.run_test(size=SIZE) as pilot:
        screen = await working(pilot)
        await until(pilot, lambda: screen.phase is Phase.YOUR_TURN)
        assert len(rung) == bells
        assert sum("]9;assistant: your turn" in text for text in written) == notes


@pytest.mark.slow
async def test_quitting_while_the_model_writes_keeps_the_partial_answer(make_app: MakeApp) -> None:
    from assistant.journal.reader import read_journal

    app = make_app(["```python\n" + "# slow\n" * 3000], pace=0.01, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        work = app.screen_stack[1]
        await until(pilot, lambda: "# slow" in work.query_one(CodeView).code.text)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    events = read_journal(work.journal).events
    assert events[-1].type == "session_ended" and events[-1].reason == "interrupted"
    finished = [event for event in events if event.type == "generation_finished"]
    assert finished[0].finish.reason == "cancelled" and "# slow" in finished[0].finish.text


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast", "high-contrast-light"])
async def test_every_theme_keeps_its_words_readable(make_app: MakeApp, theme: str) -> None:
    """Contrast of at least 4.5 (WCAG AA) for words, 3 for line numbers and other furniture; more where asked."""
    from assistant.settings.preferences import Preferences

    app = make_app(
        [RAISES], preferences=Preferences(theme=theme, tour_seen=True), problem="starter/underscores"
    )
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        view = work.query_one(CodeView)
        furniture = {"line--number", "step--aside", "diff--gap"}
        least = 7.0 if "high" in theme else 4.5
        off = []
        for look in sorted(view.COMPONENT_CLASSES):
            style = view.get_visual_style(look)
            ratio = contrast(style.background + style.foreground, style.background)
            wanted = 3.0 if look in furniture else least
            if ratio < wanted:
                off.append(f"{look}: {ratio:.1f} < {wanted}")
        assert not off


@pytest.mark.slow
async def test_without_colour_everything_still_says_what_it_is(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app([WRONG, RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await working(pilot)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        await pilot.press("alt+left")
        strips = [strip.text for strip in work._compositor.render_strips()]
        screen = "\n".join(strips)
        assert "✗ wrong" in screen and "✓ " in screen and "● round 1" in screen and "▸ first answer" in screen
        assert work.query_one("#timeline", Timeline).strip.looked_at == "t0s0"
