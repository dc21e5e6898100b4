"""SIGKILL a running session at any moment: every event that was shown is recorded, and it goes on exactly there."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.main import main
from assistant.core.events import Arm, Settings
from assistant.core.generation import Sampling
from assistant.core.problem import AssertTest, Problem
from assistant.core.state import replay
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.sandbox.local import open_sandbox
from assistant.session.arms.backfill import Completed, complete
from assistant.session.arms.background import start_background_work
from assistant.session.arms.build import missing_arms
from assistant.session.commands import ChooseProgram
from assistant.session.session import Session
from tests.session import killing
from tests.session.killing import ANSWERS, WORDS
from tests.thoroughness import tries

PROGRAM_KILLS, SESSION_KILLS = tries(12, 60), tries(18, 160)
ARMS: tuple[Arm, ...] = ("retry", "resample")
PROBLEM = Problem(
    id="test/add",
    text="Write a function add that adds two numbers.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4")),
    hidden_tests=(AssertTest(code="assert add(-1, -1) == -2"),),
    reference="def add(a, b):\n    return a + b\n",
    source="test",
)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    path.write_text(PROBLEM.model_dump_json() + "\n", encoding="utf-8")
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    line = {"entry_point": "add", "answers": ANSWERS, "seconds_per_chunk": killing.PACE}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_program_killed_goes_on_where_it_was(problems: Path, script: Path, tmp_path: Path) -> None:
    """`assistant run --plain --json`, then `assistant resume`, as a person and a script would use them."""
    dice = random.Random(6)
    engine = ["--plain", "--json", "--engine", "scripted", "--script", str(script)]
    begin = [
        "run",
        *engine,
        "--problems",
        str(problems),
        "--problem",
        PROBLEM.id,
        "--rounds",
        str(len(WORDS)),
    ]

    def life(folder: Path, path: Path | None) -> killing.Life:
        words = begin if path is None else ["resume", path.stem, *engine]
        return lambda telling: main([*words, "--sessions", str(folder)])

    uninterrupted = _lived(tmp_path / "reference", life)
    kills, last, moments = 0, Counter[str](), _moments(dice, PROGRAM_KILLS, 300)
    for folder in _folders(tmp_path):
        if kills == PROGRAM_KILLS:
            break
        while not _is_over(path := killing.one_journal(folder)) and kills < PROGRAM_KILLS:
            told = _kill(folder, path, life, next(moments))
            kills += told.killed
            last[told.events[-1]["type"] if told.events else "nothing"] += 1
        path = killing.one_journal(folder)
        if path is not None and not _is_over(path):
            _kill(folder, path, life, None, to_the_end=True)
        if path is not None:
            assert killing.tale(path) == killing.tale(uninterrupted)
            assert killing.clock_never_goes_back(path)
        assert not [finding for finding in verify_folder(folder) if finding.is_error]
    print(f"{kills} kills of the program; what was last on the screen: {dict(last)}")
    assert len(last) > 2, "kills must fall into different moments"


class _Sandboxes(BaseManager):
    """A real sandbox in a process of its own, so that a child that lives for milliseconds need not build one."""


class _Remote:
    """The sandbox of that process."""

    def __init__(self, address: Any) -> None:
        manager = _Sandboxes(address, authkey=b"tests")
        manager.connect()
        self._there = manager.sandbox()  # type: ignore[attr-defined]
        self.layers = self._there.the_layers()

    def run(self, submission: Any) -> Any:
        return self._there.run(submission)


class _Shared:
    def __init__(self) -> None:
        self._sandbox = open_sandbox()
        self.run = self._sandbox.run

    def the_layers(self) -> dict[str, bool | str]:
        return dict(self._sandbox.layers)


_Sandboxes.register("sandbox", callable=lambda: _SHARED[0])
_SHARED: list[_Shared] = []


@pytest.fixture
def address() -> Iterator[Any]:
    manager = _Sandboxes(authkey=b"tests")
    manager.start(lambda: _SHARED.append(_Shared()))
    yield manager.address
    manager.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_samples_drafts_clock_and_controls_survive(address: Any, script: Path, tmp_path: Path) -> None:
    """The round loop as the screen uses it: two samples, drafts and clock from another thread, controls behind."""
    dice = random.Random(7)

    def life(folder: Path, path: Path | None) -> killing.Life:
        seed = dice.random()
        return lambda telling: _hold_like_the_screen(folder, path, address, telling, random.Random(seed))

    uninterrupted = _lived(tmp_path / "reference", life)
    kills = drafts = 0
    moments = _moments(dice, SESSION_KILLS, 700)
    for folder in _folders(tmp_path):
        if kills == SESSION_KILLS:
            break
        while not _is_over(path := killing.one_journal(folder)) and kills < SESSION_KILLS:
            told = _kill(folder, path, life, next(moments))
            kills += told.killed
            saved = [event["text"] for event in told.events if event["type"] == "draft_saved"]
            drafts += len(saved)
        path = killing.one_journal(folder)
        assert path is not None
        if not _is_over(path):
            _kill(folder, path, life, None, to_the_end=True)
        assert killing.tale(path) == killing.tale(uninterrupted)
        assert killing.clock_never_goes_back(path)
        _controls_can_be_completed(path, script, address)
        assert not [finding for finding in verify_folder(folder) if finding.is_error]
    print(f"{kills} kills of sessions; {drafts} drafts were told as saved")
    assert drafts > kills, "the session must be alive when it is killed"


def _hold_like_the_screen(
    folder: Path, path: Path | None, address: Any, telling: int, dice: random.Random
) -> None:
    sandbox: Any = _Remote(address)
    engine = ScriptedEngine.from_file(folder.parent / "script.jsonl")
    session = Session.resume(path, engine, sandbox) if path else _begun(engine, sandbox, folder)
    arms = start_background_work(session)
    assert arms is not None
    pen = killing.Pen(session, telling, dice)
    pen.start()
    for event in session.start():
        _tell(telling, event)
    while session.state.ended is None:
        state = session.state
        if state.round == 0 and state.chosen_turn < 0:
            chosen = "t0s1" if state.programs[1].turn == 0 else state.programs[-1].id
            for event in session.execute(ChooseProgram(chosen)):
                _tell(telling, event)
        arms.finish(timeout=dice.uniform(0, 0.05))
        for event in session.feedback(WORDS[session.state.round]):
            _tell(telling, event)
    pen.over.set()
    arms.finish(timeout=60)
    arms.close()
    session.close()


def _controls_can_be_completed(path: Path, script: Path, address: Any) -> None:
    """What a kill left out is made afterwards, each control once whole."""
    sandbox: Any = _Remote(address)
    done: list[Completed] = []
    complete([path], ARMS, ScriptedEngine.from_file(script), sandbox, done.append)
    assert [(d.left_out, d.failed) for d in done] == [("", 0)]
    assert missing_arms(replay(read_journal(path).events), ARMS) == []


def _begun(engine: ScriptedEngine, sandbox: Any, folder: Path) -> Session:
    settings = Settings(rounds=len(WORDS), samples=2, sampling=Sampling(temperature=0.5, seed=11), arms=ARMS)
    return Session.begin(PROBLEM, settings, engine, sandbox, folder, annotator="k")


def _tell(telling: int, event: Any) -> None:
    record = event.model_dump(mode="json")
    killing.tell(telling, record if "type" in record else {"type": "streamed"})


def _kill(folder: Path, path: Path | None, life: Any, wait: Any, *, to_the_end: bool = False) -> killing.Told:
    """One life of the session in `folder`, killed; nothing that it told is missing in the journal."""
    before = len(read_journal(path).events) if path else 0
    words = "".join(f"{words}\n" for words in WORDS[killing.spoken(path) :])
    told = killing.killed_child(life(folder, path), words, killing.at_its_end if to_the_end else wait)
    path = killing.one_journal(folder)
    if path is None:
        assert not told.events
    else:
        killing.nothing_shown_is_lost(path, told, before)
    return told


def _moments(dice: random.Random, count: int, lines: int) -> Iterator[killing.Wait]:
    """Mostly while the session runs (a sample is about a hundred lines), every tenth while the program starts.

    Any `count` in a row fall into as many equal parts of the `lines`, in random order: few leave no stretch out.
    """
    for number in itertools.count():
        if number % count == 0:
            parts = dice.sample(range(count), count)
        if number % 10 == 9:
            yield killing.any_moment(dice.uniform(0, 0.5))
        else:
            told = (parts[number % count] + dice.random()) * lines / count
            yield killing.after_telling(int(told), dice.uniform(0, 0.02))


def _folders(parent: Path) -> Iterator[Path]:
    """A new folder for each session: one that ended before its kill came takes no number from the next."""
    for number in itertools.count():
        folder = parent / f"session-{number}"
        folder.mkdir()
        yield folder


def _lived(folder: Path, life: Any) -> Path:
    """An uninterrupted session."""
    folder.mkdir()
    told = _kill(folder, None, life, None, to_the_end=True)
    assert told.events
    path = killing.one_journal(folder)
    assert path is not None
    assert _is_over(path)
    return path


def _is_over(path: Path | None) -> bool:
    """Whether the session has ended."""
    if path is None:
        return False
    state = replay(read_journal(path).events)
    return state.ended is not None
