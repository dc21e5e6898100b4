"""Every text of every screen can be read: at least 4.5:1 against what it stands on, in every theme that ships."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from assistant.session.commands import ChooseProgram, End, GiveFeedback
from assistant.settings.preferences import Preferences
from assistant.tui.screen_state import Phase
from assistant.tui.screens.custom_problem import OwnProblemScreen
from assistant.tui.screens.dialogs import ConfirmScreen
from assistant.tui.screens.help import HelpScreen
from assistant.tui.screens.session.feedback import KindsScreen
from assistant.tui.screens.sessions import SessionsScreen
from assistant.tui.screens.settings import SettingsScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.tour import TourScreen
from assistant.tui.screens.try_call import ScratchScreen
from assistant.tui.themes import THEMES
from tests.tui.conftest import RAISES, WRONG, MakeApp
from tests.tui.waiting import until, until_phase

LEAST = 4.5


def unreadable(app: App[None]) -> dict[str, float]:
    """Texts on the screen with too little contrast; frames, bars and marks without letters do not count."""
    found: dict[str, float] = {}
    dialogs = app.screen.query(".dialog")  # what is behind one is dimmed on purpose
    area = dialogs.first().region if dialogs else app.screen.region
    for strip in app.screen._compositor.render_strips()[area.y : area.bottom]:
        for text, style, _ in strip.crop(area.x, area.right):
            if (
                style is None
                or not any(c.isalnum() for c in text)
                or style.color is None
                or style.bgcolor is None
            ):
                continue
            fore, back = (Color.from_rich_color(colour) for colour in (style.color, style.bgcolor))
            contrast = contrast_of(fore, back)
            if contrast < LEAST:
                found[f"{text.strip()} {fore.hex} on {back.hex}"] = round(contrast, 2)
    return found


def contrast_of(one: Color, other: Color) -> float:
    """WCAG's contrast ratio of two colours: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


@pytest.mark.slow
async def test_all_text_of_every_theme_can_be_read(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES], preferences=Preferences(tour_seen=True, notify="none"))
    found: dict[str, dict[str, float]] = {}

    async def look(pilot: Pilot[None], screen: str) -> None:
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False  # it is text, too
        for theme in THEMES:
            app.theme = theme.name
            await pilot.pause()
            await pilot.pause()
            found[f"{screen}, {theme.name}"] = unreadable(app)

    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.problems is not None)
        await pilot.pause()
        await look(pilot, "library")
        app.notify("a notice", title="its title", severity="warning", timeout=600)
        for screen in (
            SettingsScreen(),
            OwnProblemScreen(),
            HelpScreen(("work",), {}),
            SessionsScreen(),
            TourScreen(),
            ScratchScreen("f", lambda _: None),
            KindsScreen(("logic",), ("sentence",)),
            ConfirmScreen("Sure?"),
        ):
            app.push_screen(screen)
            await pilot.pause()
            await pilot.pause()
            await look(pilot, type(screen).__name__)
            app.pop_screen()
        assert app.problems is not None
        app.navigator.work_on(app.problems.problems[0])
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await look(pilot, "first answer")
        await pilot.press(*"close, but no", "shift+tab", "shift+tab")
        await pilot.pause()
        await look(pilot, "words and labels, a pane in focus")
        await pilot.press("f2")
        await pilot.pause()
        await look(pilot, "editor")
        await pilot.press("escape")
        work.submit(GiveFeedback("no"))
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        await pilot.press("f4")
        await pilot.pause()
        await look(pilot, "diff")
        await pilot.press("f4", "alt+left")
        await pilot.pause()
        await look(pilot, "looking back")
        work.submit(ChooseProgram("t0s0"))
        await until(pilot, lambda: work.state.current == "t0s0" and not work.live.busy)
        await pilot.press("alt+right")
        await pilot.pause()
        await look(pilot, "a round left aside")
        work.submit(End("gave_up"))
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await look(pilot, "summary")
    assert not {screen: texts for screen, texts in found.items() if texts}
