"""A study in the app: consent, assigned problems, questions, the end."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from assistant import tui
from assistant.core.events import (
    ALONE,
    ConsentGiven,
    QuestionAnswered,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    Settings,
    StudyInfo,
)
from assistant.core.state import replay
from assistant.engine.no_model import NoModel
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.journal.study_answers import last_study_answers
from assistant.journal.validation import check_file
from assistant.session.annotation_queue import AnnotationQueue
from assistant.session.effort import EffortClock
from assistant.session.study import Study
from assistant.settings.preferences import SERVED, save_preference, settings_file
from assistant.tui.actions import NOT_SERVED
from assistant.tui.app import AssistantApp
from assistant.tui.screen_state import Phase
from assistant.tui.screens.dialogs import ConsentScreen
from assistant.tui.screens.problems import LibraryScreen
from assistant.tui.screens.question import QuestionScreen
from assistant.tui.screens.session import screen as work
from assistant.tui.screens.sessions import SessionList, SessionsScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.session_filter import session_line
from tests.journal.build import header, write_session
from tests.tui.conftest import ADDITION, RIGHT, UNDERSCORES, WRONG, MakeApp
from tests.tui.waiting import left, until, until_phase

STUDY = Study.model_validate(
    {
        "name": "words",
        "problems": [UNDERSCORES.id, ADDITION.id],
        "rounds": 2,
        "lesson": False,
        "consent": {"version": "1", "text": "We keep what you type."},
        "questions": [
            {"text": "How hard was it?", "kind": "choice", "choices": ["easy", "hard"]},
            "Anything else?",
        ],
    }
)
ADD = "```python\ndef add(a, b):\n    return a + b\n```"


@pytest.mark.slow
async def test_a_study_leads_from_consent_to_its_last_question(make_app: MakeApp, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    entry, end = {"text": "Years?", "kind": "number"}, "Tired?"
    around = {"entry_questions": [entry], "end_questions": [end], "completion_code": "C1ABC"}
    study = Study.model_validate({**STUDY.model_dump(), "participants": around})
    app = make_app(
        [RIGHT, ADD], open_queue=lambda: AnnotationQueue.open(study, (UNDERSCORES, ADDITION), "anna", folder)
    )
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: asked(app) == "number")
        await pilot.press("7", "enter")
        await until(pilot, lambda: asked(app) == "choice")
        assert app.navigator._working()[0].state.ended is None, "the end waits for the answers"
        await pilot.press("escape")
        assert asked(app) == "choice", "this question may not be skipped"
        await pilot.press("1")
        await until(pilot, lambda: asked(app) == "text")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert "hidden" not in str(app.screen.query_one("#numbers").render())
        await pilot.press("ctrl+n")
        await until(pilot, lambda: asked(app) == "choice")
        await pilot.press("down", "enter")
        await until(pilot, lambda: asked(app) == "text")
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: asked(app) == "text")
        await pilot.press(*"a bit", "enter")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app._notifications)
        assert any("is done" in note.message and "C1ABC" in note.message for note in app._notifications)
    around = [(given.part, given.answer) for given in last_study_answers(folder)]
    assert around == [("entry", "7"), ("end", "a bit")]
    journals = [read_journal(session.path).events for session in list_sessions(folder)]
    assert len(journals) == 2
    assert all(any(isinstance(e, ConsentGiven) and e.granted for e in events) for events in journals)
    answers = [e.answer for events in journals for e in events if isinstance(e, QuestionAnswered)]
    assert sorted(answers) == ["", "easy", "hard", "no"], (
        "a question that was skipped is on record and not asked again"
    )
    assert all(isinstance(events[-1], SessionEnded) for events in journals), "answers come before the end"
    assert all(replay(list(events)).started.study.name == "words" for events in journals)
    assert all(replay(list(events)).settings.rounds == 2 for events in journals)


def asked(app: AssistantApp) -> str:
    """The kind of the question that is on the screen; empty where none is."""
    return app.screen.asked.kind if isinstance(app.screen, QuestionScreen) else ""


def study_app(make_app: MakeApp, folder: Path, who: str, answers: list[str]) -> AssistantApp:
    return make_app(
        answers,
        annotator=who,
        open_queue=lambda: AnnotationQueue.open(STUDY, (UNDERSCORES, ADDITION), who, folder),
    )


def listed(app: AssistantApp) -> int:
    """How many sessions the list of sessions shows."""
    return sum(len(pane.sessions) for pane in app.screen.query(SessionList))


@pytest.mark.slow
async def test_letters_typed_into_the_consent_decide_nothing_and_a_refusal_is_told(
    make_app: MakeApp, tmp_path: Path
) -> None:
    folder = tmp_path / "sessions"
    app = study_app(make_app, folder, "anna", [WRONG])
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.press(*"any", "enter")
        assert isinstance(app.screen, ConsentScreen)
        app.screen.query_one(Input).value = ""
        await pilot.press(*"no", "enter")
        await until_phase(pilot, Phase.YOUR_TURN)
        assert any("does not agree" in note.message for note in app._notifications)
    (session,) = list_sessions(folder)
    (given,) = [e for e in read_journal(session.path).events if isinstance(e, ConsentGiven)]
    assert (given.granted, given.text, given.recorded_by) == (False, "We keep what you type.", "annotator")
    header = read_journal(session.path).events[0]
    assert isinstance(header, SessionStarted)
    assert (header.author, header.interface) == ("person", "app")
    assert header.study is not None
    assert (header.study.position, header.study.total) == (1, 2)


@pytest.mark.slow
async def test_questions_that_a_closed_app_left_open_are_asked_again(
    make_app: MakeApp, tmp_path: Path
) -> None:
    folder = tmp_path / "sessions"
    app = study_app(make_app, folder, "anna", [RIGHT])
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: asked(app) == "choice")
        app.navigator.release_all()
        await until(pilot, lambda: left(app))
    (session,) = list_sessions(folder)
    assert (session.state, session.answered) == ("solved", ())
    again = study_app(make_app, folder, "anna", [ADD])
    async with again.run_test(size=(120, 36)) as pilot:
        for kind, key in (("choice", "2"), ("text", "enter")):
            await until(pilot, lambda kind=kind: asked(again) == kind)  # type: ignore[misc]
            await pilot.press(key)
        await until(pilot, lambda: len(list_sessions(folder)) == 2)
    events = read_journal(session.path).events
    assert [e.answer for e in events if isinstance(e, QuestionAnswered)] == ["hard", ""]


@pytest.mark.slow
async def test_an_annotator_sees_touches_and_deletes_own_sessions_only(
    make_app: MakeApp, tmp_path: Path
) -> None:
    folder = tmp_path / "sessions"
    write_session(
        folder, "theirs", [header("theirs", annotator="bert", study=StudyInfo(name="words", sha256=""))]
    )
    write_session(folder, "else", [header("else", annotator="anna")])
    app = study_app(make_app, folder, "anna", [WRONG])
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        await pilot.press(*"yes", "enter")
        await until_phase(pilot, Phase.YOUR_TURN)
        app.navigator.to_library()
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        assert app.library._entries == [], "the problems to come are not shown"
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: listed(app) == 1)
        (own,) = app.screen.query_one(SessionList).sessions
        assert own.annotator == "anna"
        app.screen.action_delete_session()
        await pilot.pause()
        assert any("no session is deleted" in note.message for note in app._notifications)
        app.screen.action_open_session()
        await until_phase(pilot, Phase.YOUR_TURN)
    assert len(list_sessions(folder)) == 3
    resumed = [e for e in read_journal(own.path).events if isinstance(e, SessionResumed)]
    assert [(e.annotator, e.interface) for e in resumed] == [("anna", "app")]


async def test_outside_a_study_another_persons_session_is_neither_resumed_nor_deleted(
    make_app: MakeApp, tmp_path: Path
) -> None:
    folder = tmp_path / "sessions"
    path = write_session(folder, "theirs", [header("theirs", annotator="bert")])
    before = path.read_bytes()
    app = make_app([WRONG], annotator="anna")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.services.model is not None and app.problems is not None)
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: listed(app) == 1)
        assert any("bert" in piece.text for piece in session_line(app.screen.chosen))
        for act in (app.screen.action_open_session, app.screen.action_delete_session):
            act()
            await pilot.pause()
            assert isinstance(app.screen, SessionsScreen)
        assert sum("bert" in note.message for note in app._notifications) == 2
    assert path.read_bytes() == before


@pytest.mark.slow
async def test_seconds_since_the_last_step_survive_a_kill(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CLOCK_EVERY", 0.05)
    app = make_app([WRONG], problem=UNDERSCORES.id)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await until_phase(pilot, Phase.YOUR_TURN)
        assert screen.journal is not None
        path = screen.journal
        before = replay(list(read_journal(path).events)).clock.active
        await pilot.press("down")
        await until(pilot, lambda: replay(list(read_journal(path).events)).clock.active > before + 0.1)
        killed = tmp_path / "killed" / path.name
        killed.parent.mkdir()
        killed.write_bytes(path.read_bytes())
    state = replay(list(read_journal(killed).events))
    clock = EffortClock(state.clock, taken=state.effort)
    clock.start(0.0)
    assert clock.take(0.0).active >= state.clock.active - state.effort.active > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True])
async def test_at_the_end_of_a_time_limit_the_editor_is_run_and_the_session_ends(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    monkeypatch.setattr(work, "TIME_EVERY", 0.05)
    # Six seconds: a busy machine may need some of them to draw what is left and to open the editor.
    settings = (ALONE if alone else Settings(arms=())).model_copy(update={"minutes": 0.1})
    engine = NoModel() if alone else ScriptedEngine([WRONG])
    problem = ADDITION if alone else UNDERSCORES
    app = make_app(engine=engine, settings=settings.model_dump(), problem=problem.id)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await until_phase(pilot, Phase.YOUR_TURN)
        await until(pilot, lambda: "s left" in screen.status.line.status.left)
        if alone:
            await until(pilot, lambda: screen.editing.is_open)
            screen.editing.editor.load_text("def add(a, b):\n    return a + b")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        told = str(app.screen.query_one("#headline").render())
        assert told.startswith("Solved" if alone else "The time for this problem is over")
        assert screen.journal is not None
    ended = replay(read_journal(screen.journal).events).ended
    assert ended is not None and ended.out_of_time is not alone
    assert check_file(screen.journal).findings == ()


async def test_at_a_browser_of_a_study_nothing_of_the_servers_machine_is_reached(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVED, "again")
    queue = AnnotationQueue.open(STUDY, (UNDERSCORES, ADDITION), "anna", tmp_path / "sessions")
    app = make_app([RIGHT, ADD], open_queue=lambda: queue, served=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
        for action in sorted(NOT_SERVED):
            assert not await app.run_action(action), action
            assert not await app.run_action(f"screen.{action}"), action
        assert isinstance(app.screen, ConsentScreen) and not app.check_action("settings", ())
        save_preference("theme", app.theme)
    assert not settings_file().exists(), "the settings of whoever serves stay theirs"


WRITES = re.compile(
    r"save_text|export_session|share_session|save_code\(|Path\.cwd\(\)|edit_outside|save_preference"
)


def test_every_action_that_writes_a_file_of_its_own_is_not_served() -> None:
    """Whoever sits at a browser would write into the folder of the server."""
    names = [module.name for module in pkgutil.walk_packages(tui.__path__, "assistant.tui.")]
    kinds = {
        kind
        for name in names
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and kind.__module__.startswith("assistant.tui")
    }
    found = {
        name.removeprefix("action_")
        for kind in kinds
        for name, method in vars(kind).items()
        if name.startswith("action_") and WRITES.search(inspect.getsource(inspect.unwrap(method)))
    }
    assert {"save_code", "share", "export_own"} <= found <= NOT_SERVED


@pytest.mark.slow
async def test_at_a_browser_no_key_saves_a_program_and_no_path_is_shown(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    monkeypatch.chdir(tmp_path / "server")
    study = STUDY.model_copy(update={"consent": None, "questions": ()})
    queue = AnnotationQueue.open(study, (UNDERSCORES, ADDITION), "anna", tmp_path / "sessions")
    app = make_app([WRONG, RIGHT], open_queue=lambda: queue, served=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.study is not None)
        await pilot.press("enter")
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("ctrl+s", "shift+f7", "ctrl+e", *"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("ctrl+s", "ctrl+e", "shift+f7", "f7")
        keys = {str(key.description) for key in app.screen.query(FooterKey)}
        assert "Next" in keys and not keys & {"Save", "Share"}
        shown = "\n".join(str(widget.render()) for widget in app.screen.query(Static))
    assert str(tmp_path) not in shown
    assert list((tmp_path / "server").iterdir()) == []


async def test_at_a_browser_the_app_ends_when_the_study_has_no_more_for_the_person(
    make_app: MakeApp, tmp_path: Path
) -> None:
    study = STUDY.model_copy(update={"problems": (), "questions": ()})
    queue = AnnotationQueue.open(study, (), "anna", tmp_path / "sessions")
    app = make_app([RIGHT], open_queue=lambda: queue, served=True)
    async with app.run_test() as pilot:
        await until(pilot, lambda: not app.is_running or app._exit)
