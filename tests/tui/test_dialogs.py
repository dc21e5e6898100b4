"""What is around the work: sessions, settings, help, palette, tour, own problems, a small terminal."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from assistant.core.questions import Question
from assistant.core.state_labels import WHAT_WORKS
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.settings.preferences import Preferences, load_preferences
from assistant.tui.actions import ACTIONS, binding_id
from assistant.tui.custom_problems import OwnDraft
from assistant.tui.screen_state import Phase
from assistant.tui.screens.custom_problem import OwnProblemScreen
from assistant.tui.screens.dialogs import ChoiceScreen
from assistant.tui.screens.help import HelpLines, HelpScreen
from assistant.tui.screens.problems import LibraryScreen, ProblemList
from assistant.tui.screens.question import QuestionScreen
from assistant.tui.screens.replay import ReplayScreen
from assistant.tui.screens.session.screen import SessionScreen
from assistant.tui.screens.sessions import SessionList, SessionsScreen
from assistant.tui.screens.settings import SettingList, SettingsScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.tour import TourScreen, steps
from assistant.tui.settings_model import SETTINGS
from assistant.tui.text.spans import plain
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.too_small import TooSmall
from tests.tui.conftest import RIGHT, WRONG, MakeApp
from tests.tui.waiting import left, until, until_phase, work_screen

SIZE = (100, 24)


async def leave_half_way(pilot: Pilot[None]) -> None:
    """Begin the first problem, type some words, go back to the list."""
    await until_phase(pilot, Phase.YOUR_TURN)
    await pilot.press(*"unsent")
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(pilot.app.screen, LibraryScreen) and left(pilot.app))


@pytest.mark.slow
async def test_a_session_left_is_resumed_at_its_round_with_the_draft(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await leave_half_way(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        assert app.screen.chosen.state == "interrupted"
        await pilot.press("enter")
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await until(pilot, lambda: work.query_one(FeedbackBox).text == "unsent")
        assert work.state.round == 0 and work.state.current_program.id == "t0s0"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
    assert [session.state for session in list_sessions(tmp_path / "sessions")] == ["solved"]


@pytest.mark.slow
async def test_a_session_that_is_over_is_looked_at_and_never_written(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        journal = work_screen(pilot).journal
        await pilot.press("ctrl+l", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        before = journal.read_bytes()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        await pilot.press("alt+left", *"words", "enter", "f2")
        assert app.screen.programs.view.program == "t0s0"
        assert journal.read_bytes() == before


@pytest.mark.slow
async def test_deleting_asks_first_and_moves_to_the_trash(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await leave_half_way(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        sessions = app.screen
        await pilot.press("ctrl+d", "n")
        assert len(sessions.query_one(SessionList).sessions) == 1
        await pilot.press("ctrl+d", "y")
        await until(pilot, lambda: not sessions.query_one(SessionList).sessions)
    assert len(list((tmp_path / "sessions" / ".trash").glob("*.jsonl"))) == 1


@pytest.mark.slow
async def test_a_session_is_exported_in_every_form(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        journal = work_screen(pilot).journal
        await pilot.press("ctrl+l", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        for form in "mhsjp":
            await pilot.press("ctrl+e")
            await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
            await pilot.press(form)
            await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
    told = (tmp_path / "remove_underscores-session.md").read_text()
    assert all((tmp_path / f"remove_underscores-session.{end}").is_file() for end in ("html", "svg"))
    assert (
        "> no\n" in told
        and "tester" not in told
        and "## Round 1" in told
        and "✗ wrong" in told
        and "Hidden tests: 1 of 1" in told
    )
    assert (tmp_path / journal.name).read_bytes() == journal.read_bytes()
    assert (tmp_path / "remove_underscores.py").read_text().endswith("return text.replace('_', '')\n")


@pytest.mark.slow
@pytest.mark.parametrize(("again", "verdict"), [(RIGHT, "the same throughout"), (WRONG, "1 differs")])
async def test_a_session_is_replayed_and_says_what_came_of_it(
    make_app: MakeApp, again: str, verdict: str
) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+l", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        app.services.engine = ScriptedEngine([WRONG, again])
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.over)
        assert verdict in str(app.screen.query_one("#verdict", Static).render())
        lines = [plain(line) for line in app.screen.query_one(HelpLines).lines]
        compared = Counter(line[1:26].rstrip() for line in lines)
        other_model = {} if again == RIGHT else {"model": 1}  # a scripted model is known by its answers
        expected = {"first answer": 3, "round 1": 3, **other_model}
        assert compared == expected, "two answers, each with two sets of tests"
        await pilot.press("escape")
        assert isinstance(app.screen, SessionsScreen)


@pytest.mark.slow
async def test_esc_stops_a_replay_at_once(make_app: MakeApp) -> None:
    slow = "```python\n" + "# slow\n" * 3000
    app = make_app([WRONG, slow], pace=0.002, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await leave_half_way(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ReplayScreen) or app.screen.over)
        assert "stopped" in str(app.screen.query_one("#verdict", Static).render())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("letter", "reason", "found"), [("g", "gave_up", "given"), ("t", "bad_task", "given")]
)
async def test_giving_up_asks_and_says_why(
    make_app: MakeApp, tmp_path: Path, letter: str, reason: str, found: str
) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("ctrl+g", "escape")
        assert work.state.ended is None
        await pilot.press("ctrl+g", letter)
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("escape")
        assert app.screen is work and not work.query_one(FeedbackBox).display
        await pilot.press("escape")
        assert isinstance(app.screen, SummaryScreen), "and back"
        await pilot.press("ctrl+l")
        await until(pilot, lambda: app.attempts)
        await pilot.press(*f"is:{found}")
        assert len(app.screen.query_one(ProblemList).entries) == 1
    assert [session.state for session in list_sessions(tmp_path / "sessions")] == [reason]


@pytest.mark.slow
async def test_a_model_that_failed_is_tried_again_with_a_key(make_app: MakeApp) -> None:
    from assistant.core.errors import EngineError

    tries = []

    def engine() -> ScriptedEngine:
        tries.append(1)
        if len(tries) == 1:
            raise EngineError("no memory")
        return ScriptedEngine([WRONG])

    app = make_app(open_engine=engine, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.model_error and isinstance(app.screen, SessionScreen))
        await pilot.press("ctrl+r")
        await until_phase(pilot, Phase.YOUR_TURN)


@pytest.mark.slow
async def test_problems_are_marked_with_how_far_one_got(make_app: MakeApp) -> None:
    app = make_app([RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: app.attempts)
        await pilot.press(*"is:solved")
        assert [entry.problem.id for entry in app.screen.query_one(ProblemList).entries] == [
            "starter/underscores"
        ]


@pytest.mark.slow
async def test_next_problem_opens_one_that_was_not_tried(make_app: MakeApp) -> None:
    app = make_app([RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        assert app.screen.state.problem.id == "starter/addition"


@pytest.mark.slow
async def test_settings_are_kept_and_take_effect(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert app.theme == "dark"
        row = next(n for n, setting in enumerate(SETTINGS) if setting.name == "theme")
        app.screen.query_one(SettingList).row = row
        await pilot.press("enter")
        assert app.theme == "light"
    assert load_preferences().theme == "light"


@pytest.mark.slow
async def test_a_key_is_remapped_and_a_taken_one_refused(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        row = next(n for n, setting in enumerate(SETTINGS) if setting.name == "keys.work.edit")
        app.screen.query_one(SettingList).row = row
        await pilot.press("enter", "f5")
        assert app.preferences.keys == {}, "F5 tries a call"
        await pilot.press("enter", "ctrl+o")
        assert app.preferences.keys == {}, "Ctrl+O wraps lines"
        await pilot.press("enter", "alt+o")
        assert app.preferences.keys == {"work.edit": "alt+o"}
        await pilot.press("escape", "alt+o")
        assert work.has_class("-editing")
    assert load_preferences().keys == {"work.edit": "alt+o"}


@pytest.mark.slow
async def test_help_shows_every_action_with_the_persons_own_keys(make_app: MakeApp) -> None:
    app = make_app(preferences=Preferences(tour_seen=True, keys={"work.diff": "alt+d"}))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        lines = [plain(line) for line in app.screen.query_one(HelpLines).lines]
        page = " ".join(" ".join(lines).split())  # what an action does is wrapped at the width of the page
        assert [action.id for action in ACTIONS if action.help not in page] == []
        assert "Alt+D Diff" in page and "F4 Diff" not in page
        assert page.count("Alt+D") == 1, "no other action has that key"
        await pilot.press("escape")
        assert isinstance(app.screen, LibraryScreen)


@pytest.mark.slow
async def test_the_palette_runs_an_action_by_its_name(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("ctrl+p")
        await pilot.press(*"edit code")
        await until(
            pilot, lambda: app.screen.query("OptionList") and app.screen.query_one("OptionList").option_count
        )
        await pilot.press("enter")
        await until(pilot, lambda: work.has_class("-editing"))


def test_action_ids_are_unique_so_that_keys_can_name_them() -> None:
    names = [binding_id(action) for action in ACTIONS]
    assert len(names) == len(set(names))


@pytest.mark.slow
async def test_the_tour_comes_once_and_has_four_steps(make_app: MakeApp) -> None:
    app = make_app(preferences=Preferences(tour_seen=False))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("enter", "enter")
        assert WHAT_WORKS in str(app.screen.query_one("#words", Static).render())
        await pilot.press("enter")
        assert isinstance(app.screen, TourScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
    assert load_preferences().tour_seen
    assert all(WHAT_WORKS not in words for _, words in steps(in_study=True)), "no study is told how to speak"


@pytest.mark.slow
async def test_a_problem_of_ones_own_is_kept_and_opened(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    app = make_app(["```python\ndef double(x):\n    return 2 * x\n```"], own_problems=file)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, OwnProblemScreen))
        await pilot.press("ctrl+s")
        assert "what the function should do" in str(app.screen.query_one("#trouble", Static).render())
        app.screen.query_one("#text", TextArea).load_text("Double a number.")
        app.screen.query_one("#tests", TextArea).load_text("assert double(2) == 4\nprint(1)")
        await pilot.press("ctrl+s")
        assert "line 2" in str(app.screen.query_one("#trouble", Static).render())
        app.screen.query_one("#tests", TextArea).load_text("assert double(2) == 4")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert app.screen.state.problem.id == "own/double"
    assert json.loads(file.read_text())["entry_point"] == "double"
    again = make_app(own_problems=file)
    async with again.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: again.problems)
        assert again.problems.problems[0].id == "own/double"


@pytest.mark.slow
async def test_the_model_proposes_tests_and_only_marked_ones_count(make_app: MakeApp, tmp_path: Path) -> None:
    answer = "Sure:\n1. assert double(0) == 0\n2. assert double(3) == 7\nDone."
    app = make_app([answer, WRONG], own_problems=tmp_path / "own.jsonl")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems and app.services.model)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, OwnProblemScreen))
        screen = app.screen
        screen.query_one("#text", TextArea).load_text("Double a number.")
        await pilot.press("f5")
        proposed = screen.query_one(Checklist)
        await until(pilot, lambda: proposed.line_count == 2)
        await pilot.press("space", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        tests = [test.text("double") for test in app.screen.state.problem.visible_tests]
        assert tests == ["assert double(0) == 0"]


@pytest.mark.slow
async def test_a_small_terminal_gets_a_clear_word_and_loses_nothing(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"word")
        await pilot.resize_terminal(59, 20)
        await pilot.pause()
        assert [child for child in work.children if child.display] == [work.query_one(TooSmall)]
        assert "59×20" in str(work.query_one(TooSmall).render())
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not work.query_one(TooSmall).display
        assert work.query_one(FeedbackBox).text == "word"


async def test_an_unknown_problem_and_a_broken_model_are_told_in_words(make_app: MakeApp) -> None:
    from assistant.core.errors import EngineError

    def no_engine() -> None:
        raise EngineError("there is no model here; run: assistant model pull")

    app = make_app(open_engine=no_engine, problem="starter/nothing")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(app._notifications) == 2)
        said = [note.message for note in app._notifications]
        assert any("no problem starter/nothing" in text for text in said)
        assert any("no model here" in text for text in said)
        assert app.screen.query_one(Input).has_focus, "the list is usable all the same"


@pytest.mark.slow
async def test_a_problem_opened_before_the_model_is_ready_starts_when_it_is(make_app: MakeApp) -> None:
    import threading

    gate = threading.Event()

    def slow_engine() -> ScriptedEngine:
        gate.wait(20)
        return ScriptedEngine([WRONG])

    app = make_app(open_engine=slow_engine, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SessionScreen))
        work = work_screen(pilot)
        assert (
            work.phase is Phase.GETTING_READY and "getting ready" in work.query_one("#code").code.placeholder
        )
        gate.set()
        await until_phase(pilot, Phase.YOUR_TURN)
    assert read_journal(work.journal).events[0].type == "session_started"


@pytest.mark.slow
async def test_a_problem_that_is_not_finished_is_there_again(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    app = make_app([WRONG], own_problems=file)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, OwnProblemScreen))
        app.screen.query_one("#text", TextArea).load_text("Double a number.")
        app.screen.query_one("#tests", TextArea).load_text("assert double(2)")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, OwnProblemScreen))
    again = make_app([WRONG], own_problems=file)  # the app was left meanwhile
    async with again.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: again.problems)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(again.screen, OwnProblemScreen))
        screen = again.screen
        assert isinstance(screen, OwnProblemScreen)
        assert screen.draft == OwnDraft("Double a number.", "assert double(2)")
    assert not file.exists()


def test_every_dialog_has_the_dialogs_styles() -> None:
    """Textual takes the styles of the first base only: without them a dialog stands in a corner, alone."""
    for name in ("question", "dialogs", "settings", "pick", "try_call", "help"):
        module = importlib.import_module(f"assistant.tui.screens.{name}")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, ModalScreen):
                assert "ModalScreen" in kind._css_type_names, kind


@pytest.mark.slow
async def test_a_question_stands_in_the_middle(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        app.push_screen(QuestionScreen(Question(text="How hard was it?", kind="scale", highest=5)))
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen) and app.screen.query(".dialog"))
        await pilot.pause()
        box = app.screen.query_one(".dialog").region
    left, right = box.x, SIZE[0] - box.right
    assert abs(left - right) <= 1 and box.y > 2
