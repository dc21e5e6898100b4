"""The set-up: problems, model, server and settings are chosen in the app, and take effect when it says so."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from assistant.core import events as ev
from assistant.core.errors import EngineError, UsageError
from assistant.core.generation import Cancel, Engine, ModelInfo, NeverCancelled
from assistant.engine.openai_server import OpenAIEngine
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.problems.load import load_source
from assistant.settings.preferences import load_preferences
from assistant.tui.app import AssistantApp
from assistant.tui.context import Services
from assistant.tui.launch import EngineChoice, Launch
from assistant.tui.screen_state import Phase
from assistant.tui.screens.dialogs import LineScreen
from assistant.tui.screens.pick import PickScreen
from assistant.tui.screens.settings import SettingList, SettingsScreen
from assistant.tui.settings_model import SETTINGS
from assistant.tui.setup import changed_settings, completed_path, remembered
from tests.engine.server_fixtures import MisbehavingServer, running
from tests.tui.conftest import RIGHT, WRONG, MakeApp
from tests.tui.waiting import left, until, until_phase

SIZE = (100, 30)
MINE = """{"id": "mine/double", "text": "Write a function double that doubles a number.", "entry_point": "double",
 "visible_tests": ["assert double(2) == 4"], "source": "mine"}""".replace("\n", "")


class Named(ScriptedEngine):
    """A scripted model with a name of its own, which can be missing."""

    def __init__(self, name: str, answers: list[str]) -> None:
        super().__init__(answers)
        self.name = name
        self.closed = False

    def prepare(self, *given: object) -> ModelInfo:
        if self.name == "missing":
            raise EngineError("there is no model missing.")
        return super().prepare(*given).model_copy(update={"name": self.name})  # type: ignore[arg-type]

    def close(self) -> None:
        self.closed = True
        super().close()


async def _choose(pilot: Pilot[None], name: str) -> None:
    """Open the settings and press Enter on a row."""
    await pilot.press("f12")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
    row = next(n for n, setting in enumerate(SETTINGS) if setting.name == name)
    pilot.app.screen.query_one(SettingList).row = row
    await pilot.press("enter")


async def _type(pilot: Pilot[None], text: str) -> None:
    """Put `text` into the dialog's field."""
    await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen | PickScreen))
    field = pilot.app.screen.query_one(Input)
    field.value = text
    field.focus()
    await pilot.press("enter")


def _told(app: AssistantApp) -> str:
    return "\n".join(notice.message for notice in app._notifications)


async def test_another_set_of_problems_is_read_and_remembered(make_app: MakeApp, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(MINE + "\n", encoding="utf-8")
    app = make_app(load_source=load_source)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems)
        await _choose(pilot, "problems")
        await _type(pilot, str(tmp_path / "gone.jsonl"))
        await until(pilot, lambda: "no problem source" in _told(app))
        assert app.setup.value("problems") == "starter"
        await pilot.press("enter")
        await _type(pilot, str(file))
        await until(pilot, lambda: app.setup.value("problems") == str(file))
        await pilot.press("escape")
        assert app.library.chosen is not None and app.library.chosen.id == "mine/double"
        await _choose(pilot, "problems")
        lines = app.screen.query_one(OptionList)
        await until(pilot, lambda: lines.option_count == 3)
        assert str(lines.get_option_at_index(2).prompt) == str(file)
    assert load_preferences().recent_problems == [str(file)]


async def test_settings_of_a_session_hold_from_the_next_problem_on(make_app: MakeApp) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        for name, text in (("rounds", "6"), ("samples", "3"), ("rounds", "many")):
            await _choose(pilot, name)
            await _type(pilot, text)
            await pilot.press("escape")
        assert "rounds: a number from 0 to 100, not 'many'" in _told(app)
        assert work.state.settings.rounds == 4
        settings = app.launch.settings
        assert (settings.rounds, settings.samples, settings.sampling.temperature) == (6, 3, 0.8)


@pytest.mark.slow
async def test_another_model_goes_on_with_the_session_and_the_journal_says_so(
    make_app: MakeApp, tmp_path: Path
) -> None:
    first, second = Named("first", [WRONG]), Named("second", [RIGHT])
    app = make_app(engine=first, open_choice=lambda _: second, problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"not sent")
        await _choose(pilot, "model")
        await _type(pilot, "another")
        await until(pilot, lambda: app.services.model and app.services.model.name == "second")
        again = await until_phase(pilot, Phase.YOUR_TURN)
        assert again is not work and again.feedback.box.text == "not sent" and first.closed
        assert again.state.current == work.state.current
        await pilot.press("enter")
        await until(pilot, lambda: again.state.ended)
        assert again.state.solved
        journal = again.journal
        await until(pilot, lambda: left(app))
    assert journal is not None
    events = read_journal(journal).events
    assert [e.model.name for e in events if isinstance(e, ev.SessionStarted | ev.SessionResumed)] == [
        "first",
        "second",
    ]
    assert not [finding for finding in verify_folder(tmp_path / "sessions") if finding.is_error]
    kept = load_preferences()
    assert (kept.model, kept.base_url, kept.engine) == ("another", "", "auto")


async def test_a_model_that_is_not_to_be_had_leaves_the_former_one(make_app: MakeApp) -> None:
    first = Named("first", [WRONG, RIGHT])
    app = make_app(engine=first, open_choice=lambda choice: Named(choice.model, []))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.services.model)
        await _choose(pilot, "model")
        await _type(pilot, "missing")
        await until(pilot, lambda: "The former model is loaded again" in _told(app))
        await until(pilot, lambda: app.services.model and app.services.model.name == "first")
        assert app.launch.choice == EngineChoice()
    assert load_preferences().model == ""


@pytest.mark.slow
async def test_a_server_is_tried_at_once_and_used_where_it_answers(make_app: MakeApp) -> None:
    def open_choice(choice: EngineChoice) -> Engine:
        return OpenAIEngine(choice.base_url, choice.model or None)

    with running(MisbehavingServer()) as server:
        app = make_app(open_choice=open_choice)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.services.model)
            before = app.services.engine
            await _choose(pilot, "server")
            await _type(pilot, "nowhere")
            await until(pilot, lambda: "must start with http" in _told(app))
            assert app.services.engine is before
            await pilot.press("enter")
            await _type(pilot, server.url)
            await until(pilot, lambda: f"{server.url} answers: " in _told(app))
            await until(pilot, lambda: app.services.model and app.services.engine is not before)
            assert app.setup.value("server") == server.url
    assert load_preferences().base_url == server.url


def test_a_model_that_is_still_loading_gives_way_to_the_next_choice(tmp_path: Path) -> None:
    class Slow(Named):
        """Loads until it is told to stop."""

        def prepare(self, progress: object = None, cancel: Cancel = NeverCancelled()) -> ModelInfo:
            loading.set()
            while not cancel.is_set():
                time.sleep(0.005)
            raise EngineError("stopped")

    loading, failed = threading.Event(), list[str]()
    slow, last = Slow("slow", []), Named("last", [])
    launch = Launch(lambda: Named("first", []), lambda: None, lambda: None, tmp_path)  # type: ignore[arg-type, return-value]
    services = Services(launch)
    services.prepare(lambda _: None)

    def load_slowly() -> None:
        try:
            services.switch(lambda: slow, lambda _: None)
        except EngineError as error:
            failed.append(str(error))

    thread = threading.Thread(target=load_slowly)
    thread.start()
    assert loading.wait(20)
    assert services.switch(lambda: last, lambda _: None).name == "last"
    thread.join(20)
    assert failed == ["stopped"] and slow.closed and services.engine is last and not last.closed
    assert services.model is not None and services.model.name == "last"


async def test_a_study_fixes_the_set_up_and_shows_it(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.problems)
        app.study = type(
            "Study", (), {"name": "pilot", "fixed_value": lambda self, name: f"{name} of the study"}
        )()  # type: ignore[assignment]
        for setting in SETTINGS[:7]:
            assert app.setup.fixed(setting.name) == "the study pilot decides this"
            assert app.setup.value(setting.name) == f"{setting.name} of the study"
        await _choose(pilot, "rounds")
        assert isinstance(app.screen, SettingsScreen) and "the study pilot decides this" in _told(app)
        app.study = None


def test_settings_as_they_are_typed() -> None:
    plain = ev.Settings()
    table: list[tuple[ev.Settings, str, str, object]] = [
        (plain, "rounds", "0", 0),
        (plain, "rounds", "-1", "a number from 0 to 100"),
        (plain, "samples", "0", "a number from 1 to 100"),
        (plain, "temperature", "0.3", 0.3),
        (plain, "temperature", "nan", "a number from 0"),
        (plain, "temperature", "hot", "a number from 0"),
        (changed_settings(plain, "samples", "2")[0], "temperature", "0", "would draw the same program again"),
        (plain, "template", "paper", "paper"),
        (plain, "template", "nonsense", "no prompt template"),
    ]  # fmt: skip
    for settings, name, text, wanted in table:
        try:
            changed, _ = changed_settings(settings, name, text)
        except UsageError as error:
            assert isinstance(wanted, str) and wanted in str(error), (name, text)
            continue
        prompt, sampling = changed.prompt, changed.sampling
        found = {"template": prompt.template, "temperature": sampling.temperature}
        assert found.get(name, getattr(changed, name, None)) == wanted


def test_paths_are_completed_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mbpp.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    table = {"da": "data/", "data/": "data/mbpp.jsonl", "data/m": "data/mbpp.jsonl", "data/mbpp.jsonl": None,
             "x": None, "": None, "~/da": "~/data/", f"{tmp_path}/d": f"{tmp_path}/data/"}  # fmt: skip
    assert {text: completed_path(text) for text in table} == table
    whole = str(tmp_path / "data" / "mbpp.jsonl")
    assert remembered(["a", "b", whole, "c", "d", "e"], "data/mbpp.jsonl") == [whole, "a", "b", "c", "d"]
    assert remembered([], "hub:x/y") == ["hub:x/y"]
