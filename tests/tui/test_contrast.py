"""Every text of every screen can be read: at least 4.5:1 against what it stands on, in every theme that ships."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.color import Color

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
@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_all_text_of_a_theme_can_be_read(make_app: MakeApp, theme: str) -> None:
    app = make_app([WRONG, RAISES], preferences=Preferences(theme=theme, tour_seen=True, notify="none"))
    found: dict[str, dict[str, float]] = {}
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.problems is not None)
        await pilot.pause()
        found["library"] = unreadable(app)
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
            found[type(screen).__name__] = unreadable(app)
            app.pop_screen()
        assert app.problems is not None
        app.navigator.work_on(app.problems.problems[0])
        work = await until_phase(pilot, Phase.YOUR_TURN)
        found["first answer"] = unreadable(app)
        await pilot.press(*"close, but no", "shift+tab", "shift+tab")
        await pilot.pause()
        found["words and labels, a pane in focus"] = unreadable(app)
        await pilot.press("f2")
        await pilot.pause()
        found["editor"] = unreadable(app)
        await pilot.press("escape")
        work.submit(GiveFeedback("no"))
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        await pilot.press("f4")
        await pilot.pause()
        found["diff"] = unreadable(app)
        await pilot.press("f4", "alt+left")
        await pilot.pause()
        found["looking back"] = unreadable(app)
        work.submit(ChooseProgram("t0s0"))
        await until(pilot, lambda: work.state.current == "t0s0" and not work.live.busy)
        await pilot.press("alt+right")
        await pilot.pause()
        found["a round left aside"] = unreadable(app)
        work.submit(End("gave_up"))
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        found["summary"] = unreadable(app)
    assert not {screen: texts for screen, texts in found.items() if texts}
