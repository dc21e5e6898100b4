"""Every screen, light and dark, at 120×36 and 80×24, as it was looked at and accepted."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from assistant.core.events import GenerationFinished
from assistant.journal.reader import read_journal
from assistant.journal.session_summary import SessionSummary
from assistant.problems.load import load_source
from assistant.problems.own_function import OwnFunction
from assistant.settings.preferences import Preferences
from assistant.tui.app import AssistantApp
from assistant.tui.messages import SessionsListed
from assistant.tui.screen_state import Phase
from assistant.tui.screens.dialogs import ChoiceScreen, ConfirmScreen
from assistant.tui.screens.replay import ReplayScreen
from assistant.tui.screens.sessions import SessionsScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.tour import TourScreen
from assistant.tui.screens.write_back import WriteBackScreen
from assistant.tui.widgets.status_line import StatusLine
from tests.conftest import REPOSITORY
from tests.thoroughness import tries
from tests.tui.conftest import MakeApp
from tests.tui.pictures import UPDATE, compare_picture
from tests.tui.waiting import until, until_phase, work_screen

STARTER = load_source("starter")
PROBLEM = STARTER.get("sum-even-places")
RECORDED = [
    event.finish.text
    for event in read_journal(REPOSITORY / "sessions" / "example.jsonl").events
    if isinstance(event, GenerationFinished)
]
"""The default model's answers in the session that is published as an example: a wrong program, then a right one."""
REAL = REPOSITORY / "tests" / "tui" / "real_session.jsonl"
SLIP = RECORDED[1].replace("len(lst)", "len(lst) + 1")
"""Made up: a step too far, so that a picture shows where a program raises."""


SESSIONS = tuple(
    SessionSummary(
        id=f"20261120-1{n}0000-example{n}",
        path=Path(f"sessions/2026-11-20/20261120-1{n}0000-example{n}.jsonl"),
        started=f"2026-11-20T{19 - n}:04:00Z",
        problem=name,
        model="Qwen2.5-Coder-1.5B-Instruct",
        feedbacks=n % 4,
        state=("solved", "interrupted", "gave_up", "rounds_used_up")[n % 4],
        active_seconds=37.0 * n,
    )
    for n, name in enumerate([problem.id for problem in STARTER.problems[:9]])
)


OWN = '''"""Words for addresses."""

SEP = "-"


# About slug.
def slug(text: str) -> str:
    """Lower case, with dashes."""
    return text.replace(" ", SEP)
'''
"""Made up: a file with a function of one's own."""


COMBINATIONS = (("dark", (120, 36)), ("light", (80, 24)), ("dark", (80, 24)), ("light", (120, 36)))
"""Themes and sizes, the first two with each of either: usually they are enough, at night and when drawn anew all."""


in_themes_and_sizes = pytest.mark.parametrize(
    ("theme", "size"),
    COMBINATIONS if UPDATE else COMBINATIONS[: tries(2, len(COMBINATIONS))],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)


@pytest.mark.slow
@in_themes_and_sizes
async def test_every_screen_looks_as_accepted(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, theme: str, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    preferences = Preferences(theme=theme, tour_seen=True, notify="none")
    app = make_app([RECORDED[0], SLIP, RECORDED[1]], load_problems=lambda: STARTER, preferences=preferences)
    suffix = f"{theme}-{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        off = [line for name in PICTURES for line in await _picture(app, pilot, name, suffix)]
    assert not off, "\n".join(off)


@pytest.mark.slow
@in_themes_and_sizes
async def test_a_better_draw_and_what_fix_writes_look_as_accepted(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, theme: str, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)  # a file of one's own has no folder in the pictures
    Path("tools.py").write_text(OWN, encoding="utf-8")
    function = OwnFunction.named("tools.py::slug")
    new = "import re\n\ndef slug(text):\n    return re.sub(r'\\W+', SEP, text.strip()).lower()\n"
    preferences = Preferences(theme=theme, tour_seen=True, notify="none")
    app = make_app(
        [RECORDED[0], RECORDED[1]], load_problems=lambda: STARTER, preferences=preferences, problem=PROBLEM.id,
        settings={"draws": 1},
    )  # fmt: skip
    suffix = f"{theme}-{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await until(pilot, lambda: work.status.line.status.doing.startswith("another draw passes 3 of 3"))
        await until(pilot, lambda: work.focused is work.feedback.box)  # whose cursor is drawn
        off = await compare_picture(pilot, f"draw-offered-{suffix}")
        await pilot.press("alt+down")
        off += await compare_picture(pilot, f"draw-beside-{suffix}")
        app.push_screen(WriteBackScreen(function, function.changed(new), solved=True))
        off += await compare_picture(pilot, f"write-back-{suffix}")
    assert not off, "\n".join(off)


@pytest.mark.slow
@in_themes_and_sizes
async def test_a_real_session_looks_as_accepted(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, theme: str, size: tuple[int, int]
) -> None:
    """Played by keys with the default model (`real_session.jsonl`); the words are a model's, and labelled so."""
    monkeypatch.chdir(tmp_path)
    journal = Path("sessions") / "2026-11-30" / REAL.name
    journal.parent.mkdir(parents=True)
    shutil.copy(REAL, journal)
    preferences = Preferences(theme=theme, tour_seen=True, notify="none")
    app = make_app(
        load_problems=lambda: STARTER, preferences=preferences, sessions=Path("sessions"), resume=journal
    )
    suffix = f"{theme}-{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        off = await compare_picture(pilot, f"real-summary-{suffix}")
        await pilot.press("escape")
        await until_phase(pilot, Phase.ENDED)
        for name in ("real-end", "real-round"):
            off += await compare_picture(pilot, f"{name}-{suffix}")
            await pilot.press("alt+left")
    assert not off, "\n".join(off)


async def test_a_small_terminal_looks_as_accepted(make_app: MakeApp) -> None:
    app = make_app(load_problems=lambda: STARTER)
    async with app.run_test(size=(59, 14)) as pilot:
        await _library(app, pilot)
        off = await compare_picture(pilot, "too-small-dark-59x14")
    assert not off, off[0]


async def _picture(app: AssistantApp, pilot: Pilot[None], name: str, suffix: str) -> list[str]:
    await PICTURES[name](app, pilot)
    return await compare_picture(pilot, f"{name}-{suffix}")


async def _library(app: AssistantApp, pilot: Pilot[None]) -> None:
    ready = app.library.query_one(StatusLine)
    await until(pilot, lambda: app.problems is not None and ready.status.doing == "ready")


async def _tour(app: AssistantApp, pilot: Pilot[None]) -> None:
    app.push_screen(TourScreen())


async def _first(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape")
    app.library.query_one(Input).value = PROBLEM.id.partition("/")[2]
    await until(pilot, lambda: app.library.chosen == PROBLEM)
    await pilot.press("enter")
    await until_phase(pilot, Phase.YOUR_TURN)
    await pilot.press(*"Close, ")


async def _raises(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press(*"but ", "enter")
    await until(pilot, lambda: work_screen(pilot).state.round == 1 and not work_screen(pilot).live.busy)


async def _diff(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("f4")


async def _look_back(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "alt+left")


async def _mend(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "f2")


async def _scratch(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "f5", *"5)", "enter")
    await until(pilot, lambda: "Error" in str(app.screen.query_one("#result").render()))


async def _kinds(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", *"wrong name", "ctrl+t")


async def _help(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "f1")


async def _settings(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "f12")
    app.screen.query_one("#title", Static).update("Settings  ·  ~/.config/assistant/settings.toml")


async def _summary(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "enter")
    await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
    # What depends on the clock and the machine is replaced.
    app.screen.query_one("#journal", Static).update("sessions/2026-11-20/20261120-100000-example.jsonl")
    app.screen.query_one("#numbers", Static).update(
        "hidden tests: 7 of 7 pass\nyour time: 41 s, waiting: 9 s"
    )


async def _palette(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "ctrl+p", *"co")
    options = app.screen.query_one(OptionList)
    await until(pilot, lambda: options.option_count > 1)


async def _give_up(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "ctrl+g")


async def _replay(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+l", "ctrl+s")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
    app.screen.query_one("#title", Static).update("Sessions  ·  sessions")
    app.screen.query_one("#detail", Static).update("sessions/2026-11-20/20261120-100000-example.jsonl")
    app.screen.query_one("#sessions").visible = False  # its line says when
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.over)


async def _export(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+e")
    await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))


async def _delete(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "ctrl+d")
    await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))


async def _sessions(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape")
    app.screen.query_one("#sessions").visible = True
    app.screen.query_one("#title", Static).update("Sessions  ·  sessions")
    app.screen.post_message(SessionsListed(SESSIONS))


async def _own_problem(app: AssistantApp, pilot: Pilot[None]) -> None:
    await pilot.press("escape", "escape", "ctrl+n")


PICTURES: dict[str, Callable[[AssistantApp, Pilot[None]], Awaitable[None]]] = {
    "library": _library,
    "tour": _tour,
    "first": _first,
    "raises": _raises,
    "diff": _diff,
    "look-back": _look_back,
    "mend": _mend,
    "scratch": _scratch,
    "kinds": _kinds,
    "palette": _palette,
    "give-up": _give_up,
    "help": _help,
    "settings": _settings,
    "summary": _summary,
    "replay": _replay,
    "sessions": _sessions,
    "export": _export,
    "delete": _delete,
    "own-problem": _own_problem,
}
