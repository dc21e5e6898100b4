"""Further draws: made while the person reads, offered where better, and part of the dialogue only by choice."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.analysis.solve_curve import all_curves, with_draws_curve
from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.generation import ModelInfo
from assistant.core.outcome import Report
from assistant.core.problem import AssertTest
from assistant.core.state import Program, replay
from assistant.core.submission import Sandbox, Submission
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.scripted.script import ScriptedAnswer
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file, verify_folder
from assistant.session import commands as cmd
from assistant.session import draws
from assistant.session.arms.background import BackgroundWork, start_background_work
from assistant.session.arms.build import missing_arms, run_arm
from assistant.session.replay import repeat_generations
from assistant.session.session import Session
from tests.analysis.simulation import chained
from tests.session.conftest import HALF, RIGHT, WRONG, Begin

CRASH = "```python\ndef add(a, b):\n    return a.x\n```"


@pytest.fixture
def work(begin: Begin) -> Iterator[Callable[..., tuple[Session, BackgroundWork]]]:
    """A started session whose further draws are being made."""
    begun: list[BackgroundWork] = []

    def start(answers: list[str | ScriptedAnswer], **settings: object) -> tuple[Session, BackgroundWork]:
        session = begin(answers, **{"draws": 3, **settings})
        made = start_background_work(session)
        assert made is not None
        begun.append(made)
        list(session.start())
        return session, made

    yield start
    for made in begun:
        made.close()


Work = Callable[..., tuple[Session, BackgroundWork]]


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def code_of(answer: str) -> str:
    return answer.removeprefix("```python\n").removesuffix("```")


def drawn(session: Session) -> list[Program]:
    return [p for p in session.state.programs if p.arm == "draw"]


def test_draws_are_made_in_one_batch_and_change_nothing_that_is_read(work: Work) -> None:
    session, background = work([WRONG, CRASH, RIGHT, HALF])
    assert background.finish(timeout=60)
    state = session.state
    assert [(p.id, p.round, p.parent, p.draw_of) for p in drawn(session)] == [
        ("t1s0", 0, None, 0), ("t1s1", 0, None, 0), ("t1s2", 0, None, 0),
    ]  # fmt: skip
    assert state.current == "t0s0" and [p.id for p in state.dialogue] == ["t0s0"]
    assert all(p.visible is not None and p.hidden is not None for p in drawn(session))
    first, batch = (e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted))
    assert batch.messages == first.messages
    assert batch.sampling.temperature == 0.8 and batch.samples == 3
    offered = draws.offered_draw(state, seen=set())
    assert offered is not None and offered.id in ("t1s1", "t1s2")
    assert draws.offered_draw(state, seen={"t1s1", "t1s2"}) is None, "the other one is no better"
    assert [p.id for p in draws.unseen_draws(state, {"t1s1", "t1s2"})] == ["t1s0"]
    assert verify_folder(session.path.parents[1]) == []
    assert replay(read_journal(session.path).events) == state


def test_draws_come_before_controls_and_go_on_beside_the_next_answer(work: Work) -> None:
    session, background = work([WRONG, WRONG, WRONG, CRASH], draws=2, arms=("retry",))
    assert background.finish(timeout=60)
    list(session.feedback("it subtracts"))
    assert background.finish(timeout=60)
    made = [(p.arm, p.draw_of) for p in session.state.programs if p.arm != "human"]
    assert made == [("draw", 0), ("draw", 0), ("draw", 3 - 1), ("draw", 3 - 1), ("retry", None)]
    assert [p.feedback for p in drawn(session)] == ["", "", "it subtracts", "it subtracts"]
    assert {p.round for p in session.state.programs if p.draw_of == 2} == {1}


def test_typing_stops_them_at_once_and_nothing_is_half_made(work: Work) -> None:
    slow = ScriptedAnswer(text=RIGHT, seconds_per_chunk=60.0)
    session, background = work([WRONG, slow, CRASH, HALF], draws=1)
    engine = session.engine
    assert isinstance(engine, ScriptedEngine)
    wait_until(lambda: len(engine.requests) == 2)
    before = len(read_journal(session.path).events)
    background.typing(True)
    wait_until(background._engine_free.is_set)
    list(session.feedback("one"))
    assert background.finish(timeout=5), "nothing is to be done while words stand in the box"
    assert not drawn(session) and len(engine.requests) == 3
    assert len(read_journal(session.path).events) == before + 5
    background.typing(False)
    assert background.finish(timeout=60)
    assert [(p.draw_of, p.code) for p in drawn(session)] == [(1, code_of(HALF))]


def test_the_persons_words_preempt_them(begin: Begin) -> None:
    session = begin([WRONG, RIGHT, WRONG], draws=2)
    engine = session.engine
    assert isinstance(engine, ScriptedEngine)
    background = start_background_work(session)
    assert background is not None
    try:
        list(session.start())
        assert background.finish(timeout=60)
        list(session.feedback("one"))
        assert [p.arm for p in session.state.programs] == ["human", "draw", "draw", "human"]
    finally:
        background.close()
    assert check_file(session.path).findings == ()


class _SlowForDraws:
    """The real sandbox, in which the tests of what is made in the background do not begin before they may."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self.layers = sandbox, sandbox.layers
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def run(self, submission: Submission) -> Report:
        if threading.current_thread().name == "background" and not self.may_go_on.is_set():
            self.begun.set()
            assert self.may_go_on.wait(60)
        return self._sandbox.run(submission)


def _with_a_held_draw(begin: Begin) -> tuple[Session, _SlowForDraws, BackgroundWork]:
    """A session whose one further draw waits before its tests run."""
    session = begin([WRONG, RIGHT], draws=1)
    slow = _SlowForDraws(session.sandbox)
    session.sandbox = slow  # type: ignore[assignment]
    background = start_background_work(session)
    assert background is not None
    return session, slow, background


@pytest.mark.parametrize("ending", [True, False])
def test_what_comes_too_late_is_not_recorded(begin: Begin, ending: bool) -> None:
    """After the end nobody can take a draw; a test that was added meanwhile has to judge it, too."""
    session, slow, background = _with_a_held_draw(begin)
    try:
        list(session.start())
        assert slow.begun.wait(60)
        late = cmd.End("gave_up") if ending else cmd.AddTest(AssertTest(code="assert add(2, 2) == 4"))
        list(session.execute(late))
        slow.may_go_on.set()
        assert background.finish(timeout=60)
    finally:
        slow.may_go_on.set()
        background.close()
    assert [len(p.visible.cases) for p in drawn(session) if p.visible] == ([] if ending else [3])
    assert check_file(session.path).findings == ()


def test_who_leaves_does_not_wait_for_the_tests_of_a_draw(begin: Begin) -> None:
    session, slow, background = _with_a_held_draw(begin)
    try:
        list(session.start())
        assert slow.begun.wait(60)
        background.close()
        assert background._thread.is_alive()
    finally:
        slow.may_go_on.set()
    background._thread.join(60)
    assert not background._thread.is_alive() and not drawn(session)


def test_a_chosen_draw_that_solves_ends_the_session_and_is_no_point_of_the_one_sample_curve(
    work: Work,
) -> None:
    session, background = work([CRASH, RIGHT], draws=1)
    assert background.finish(timeout=60)
    events = list(session.execute(cmd.ChooseProgram("t1s0", "offered")))
    assert [e.type for e in events if isinstance(e, ev.Event)] == ["program_chosen", "session_ended"]
    assert session.state.ended is not None and session.state.ended.reason == "solved"
    chosen = events[0]
    assert isinstance(chosen, ev.ProgramChosen) and not chosen.branch
    assert [p.id for p in session.state.dialogue] == ["t0s0", "t1s0"]
    assert check_file(session.path).findings == ()
    record = read_sessions(session.path.parents[1])[0][0]
    assert record.solve is None and [p.id for p in record.draws_chosen] == ["t1s0"]
    solve = record.solved_with_draws_at(0)
    assert solve is not None and solve.id == "t1s0"
    assert {p.solved for p in all_curves([record])} == {0}
    assert {(p.arm, p.solved) for p in with_draws_curve([record])} == {("draw", 1)}


def test_going_on_from_a_draw_puts_it_into_the_dialogue(work: Work) -> None:
    session, background = work([CRASH, WRONG, WRONG, CRASH, RIGHT], draws=1, rounds=2)
    assert background.finish(timeout=60)
    list(session.execute(cmd.ChooseProgram("t1s0")))
    list(session.feedback("it subtracts"))
    assert background.finish(timeout=60)
    state = session.state
    assert [p.id for p in state.path(state.current)] == ["t1s0", "t2s0"]
    assert state.round == 1 and state.program("t2s0").feedback == "it subtracts"
    asked = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)][2]
    assert asked.arm == "human" and asked.parent == "t1s0"
    assert [m.content for m in asked.messages if m.role == "assistant"] == [WRONG]
    task = missing_arms(state, ("resample", "retry"))
    for arm in task:
        events = run_arm(state, arm, session.engine, session.sandbox)
        assert events is not None and isinstance(events[0], ev.GenerationStarted)
        quoted = [m.content for m in events[0].messages if m.role == "assistant"]
        assert quoted == ([] if arm.arm == "resample" else [WRONG])
    list(session.feedback("still"))
    assert session.state.ended is not None and session.state.ended.reason == "solved"
    assert check_file(session.path).findings == ()
    record = read_sessions(session.path.parents[1])[0][0]
    assert record.solve is None, "a draw stands on the way to it"
    solve = record.solved_with_draws_at(2)
    assert solve is not None and (solve.arm, solve.round) == ("human", 2)
    assert not record.controls


def test_one_more_by_key_under_another_seed_and_beside_the_old_one(begin: Begin) -> None:
    session = begin([WRONG, RIGHT, HALF])
    list(session.start())
    for _ in range(2):
        happened = list(session.execute(cmd.DrawAnother()))
        assert ev.Streamed in {type(event) for event in happened}
    assert session.state.current == "t0s0" and session.state.ended is None
    assert [p.id for p in draws.draws_beside(session.state, session.state.current_program)] == [
        "t1s0",
        "t2s0",
    ]
    sent = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    assert len({e.sampling.seed for e in sent}) == 3
    assert len({e.messages for e in sent}) == 1
    assert check_file(session.path).findings == ()
    again = ScriptedEngine([WRONG, RIGHT, HALF])
    assert [c.same for c in repeat_generations(read_journal(session.path).events, again)] == [True] * 3
    list(session.execute(cmd.EditCode("def add(a, b):\n    return a\n")))
    list(session.execute(cmd.DrawAnother()))
    assert drawn(session)[-1].draw_of == 0, "an edit is of the prompt that was answered before it"


def test_a_study_has_none(begin: Begin, problem: object, sandbox: Sandbox, tmp_path: Path) -> None:
    study = ev.StudyInfo(name="s", sha256="0" * 64)
    session = Session.begin(
        problem, ev.Settings(draws=3), ScriptedEngine([WRONG]), sandbox, tmp_path, annotator="a", study=study  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        assert session.state.settings.draws == 0 and start_background_work(session) is None
        list(session.start())
        with pytest.raises(UsageError, match="study"):
            list(session.execute(cmd.DrawAnother()))
    finally:
        session.close()


@pytest.mark.parametrize(
    ("asked", "engine", "device", "interface", "expected"),
    [
        (None, "transformers", "cpu", "app", 3),
        (None, "transformers", "cuda", "browser", 8),
        (None, "transformers", "cpu", "plain", 0),
        (None, "transformers", "cpu", "python", 0),
        (None, "openai", "none", "app", 0),
        (None, "scripted", "none", "app", 0),
        (5, "openai", "none", "app", 5),
        (2, "scripted", "none", "plain", 2),
        (0, "transformers", "cpu", "app", 0),
    ],
)
def test_how_many_where(
    asked: int | None, engine: str, device: str, interface: ev.Interface, expected: int
) -> None:
    model, settings = ModelInfo(engine=engine, name="m", device=device), ev.Settings(draws=asked)
    assert draws.draws_for(settings, model, interface, study=False) == expected
    assert draws.draws_for(settings, model, interface, study=True) == 0


def test_none_on_battery(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    battery = type("Battery", (), {"power_plugged": False})
    monkeypatch.setattr(draws.psutil, "sensors_battery", lambda: battery, raising=False)
    session = begin([WRONG], draws=2)
    background = start_background_work(session)
    assert background is not None
    try:
        list(session.start())
        assert background.finish(timeout=5) and not drawn(session)
    finally:
        background.close()


FORGERIES: dict[str, Callable[[dict[str, object]], object]] = {
    "another turn": lambda e: e.update(draw_of=1),
    "no turn": lambda e: e.update(draw_of=None),
    "more samples": lambda e: e.update(samples=3),
    "a control": lambda e: e.update(arm="retry"),
    "another seed": lambda e: e.update(sampling={**e["sampling"], "seed": 1}),  # type: ignore[dict-item]
    "greedy": lambda e: e.update(sampling={**e["sampling"], "temperature": 0.0}),  # type: ignore[dict-item]
    "another prompt": lambda e: e.update(messages=[{"role": "user", "content": "add"}]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_draw_is_found(work: Work, tmp_path: Path, forgery: str) -> None:
    session, background = work([WRONG, HALF], draws=2)
    assert background.finish(timeout=60)
    background.close()
    session.close()
    records = [json.loads(line) for line in session.path.read_bytes().splitlines()]
    for record, name in itertools.product(records, ("schema", "seq", "time", "mono", "prev")):
        del record[name]
    FORGERIES[forgery](next(r for r in records if r.get("arm") == "draw"))
    session.path.write_bytes(b"".join(line + b"\n" for line in chained(iter(records))))
    assert any(finding.is_error for finding in check_file(session.path).findings)
