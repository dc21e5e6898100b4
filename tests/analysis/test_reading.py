"""What DuckDB reads is what the session's own fold says, also for a real session on the real sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.core import events as ev
from assistant.core.events import Effort, Settings, Stamp
from assistant.core.generation import Finish, Message, Sampling
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import AssertTest, Problem
from assistant.core.state import State, replay
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.codec import encode
from assistant.journal.load import read_sessions, trimmed
from assistant.journal.reader import read_journal
from assistant.journal.records import SessionRecord
from assistant.sandbox.local import open_sandbox
from assistant.session.arms.build import CONTROL_ARMS, missing_arms, numbered, run_arm
from assistant.session.commands import ChooseProgram, EditCode
from assistant.session.header import Held
from assistant.session.session import Session as LiveSession
from tests.analysis.simulation import World, write_world

pytest.importorskip("duckdb")

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
HALF = "```python\ndef add(a, b):\n    return abs(a) + abs(b)\n```"
ADD = Problem(
    id="test/add",
    text="Write a function add that adds two numbers.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4")),
    hidden_tests=(AssertTest(code="assert add(-1, -1) == -2"),),
    reference="def add(a, b):\n    return a + b\n",
    source="test",
)


def _assert_same(found: SessionRecord, state: State) -> None:
    assert state.started is not None
    assert (found.id, found.annotator, found.rounds) == (
        state.session,
        state.started.annotator,
        state.settings.rounds,
    )
    assert found.problem == state.problem
    assert len(found.programs) == len(state.programs)
    for ours, theirs in zip(found.programs, state.programs, strict=True):
        assert (ours.id, ours.turn, ours.sample, ours.round, ours.parent, ours.arm, ours.edited) == (
            theirs.id, theirs.turn, theirs.sample, theirs.round, theirs.parent, theirs.arm, theirs.edited,
        )  # fmt: skip
        assert (ours.complete, ours.solved) == (theirs.complete, theirs.solved)
        assert ours.hidden_passed is (None if theirs.hidden is None else theirs.hidden.passed)
        assert ours.false_solve == theirs.false_solve
        if theirs.finish is not None:
            assert ours.generated_tokens == theirs.finish.generated_tokens
            assert ours.seconds == theirs.finish.seconds
    assert found.end == (state.ended.reason if state.ended else "open")
    assert found.clock == (state.ended.effort if state.ended else Effort())


def test_simulated_sessions(tmp_path: Path) -> None:
    paths = write_world(tmp_path, World(sessions=30, edits=0.2))
    sessions, _ = read_sessions(tmp_path)
    for path, session in zip(paths, sessions, strict=True):
        _assert_same(session, replay(read_journal(path).events))


def test_a_real_session_with_controls_branch_and_edit(tmp_path: Path) -> None:
    sandbox = open_sandbox()
    engine = ScriptedEngine([WRONG, WRONG, HALF, WRONG, HALF, "I do not know.", HALF])
    try:
        live = LiveSession.begin(
            ADD,
            Settings(rounds=4, arms=()),
            engine,
            sandbox,
            tmp_path,
            annotator="anon-a",
            held=Held(author="person"),
        )
        list(live.start())
        list(live.feedback("it subtracts", kinds=("logic",), effort=Effort(reading=3, typing=4)))
        live.save_draft("not sent")
        for task in missing_arms(live.state, CONTROL_ARMS):
            events = run_arm(live.state, task, engine, sandbox)
            assert events is not None
            live.record_together(lambda turn, events=events: list(numbered(events, turn)))
        list(live.execute(ChooseProgram("t0s0", "another way")))
        list(live.execute(EditCode("def add(a, b):\n    return b - a\n", Effort(editing=5))))
        live.close()
        state = live.state
    finally:
        sandbox.close()
    (session,), _ = read_sessions(tmp_path)
    _assert_same(session, state)
    assert session.origin == "people"
    (words,) = session.feedback
    assert (words.text, words.about, words.kinds, words.effort) == (
        "it subtracts", "t0s0", ("logic",), Effort(reading=3, typing=4),
    )  # fmt: skip
    assert "a - b" in words.code
    assert len(session.controls) == len(CONTROL_ARMS)
    assert any(program.false_solve for program in session.programs)
    (edit,) = session.edits
    assert not session.by_id[edit.program].complete or edit.effort.editing == 5


@pytest.mark.parametrize(
    ("world", "origin"),
    [
        (World(sessions=3), "people"),
        (World(sessions=3, first=0.0, author="model"), "simulated"),
        (World(sessions=3, imported_from="ilf"), "imported from ilf"),
        (World(sessions=3, first=0.0, imported_from="ilf", author="model"), "imported from ilf, simulated"),
    ],
)
def test_whose_words_they_are(tmp_path: Path, world: World, origin: str) -> None:
    write_world(tmp_path, world)
    assert {session.origin for session in read_sessions(tmp_path)[0]} == {origin}


def _passed(message: str) -> Report:
    return Report(outcome=Outcome.PASSED, sealed=True, layers={}, cases=(), message=message)


def _in_whole(report: dict[str, Any], key: str) -> object:
    """A field of a verdict; `passed`, which only a line in short has, is counted."""
    return sum(case["outcome"] == "passed" for case in report["cases"]) if key == "passed" else report[key]


def test_what_is_left_out_of_a_line_changes_nothing_that_is_asked() -> None:
    tricky = 'say "x\\", \\"reason\\":\\"stop\\"" },"sampling":{"visible":{"outcome":"passed","'
    events: list[ev.Event] = [
        ev.GenerationStarted(
            turn=0, round=0, messages=(Message(role="user", content=tricky),), sampling=Sampling(), template_sha256=""
        ),
        ev.GenerationFinished(
            turn=0, round=0, program="t0s0", code=tricky,
            finish=Finish(sample=0, text=tricky, reason="length", output_ids=(1, 2, 3), notes=(tricky,)),
        ),
        ev.TestsFinished(
            turn=0, round=0, program="t0s0", code_sha256="c",
            visible=Report(
                outcome=Outcome.WRONG, sealed=True, layers={}, stdout=tricky,
                cases=(CaseReport(test=tricky, outcome=Outcome.PASSED),),
            ),
        ),
        ev.HiddenScored(turn=0, round=0, program="t0s0", hidden=_passed(tricky)),
    ]  # fmt: skip
    stamp = Stamp(seq=1, time="now", mono=0.0, prev="0" * 64)
    for event in events:
        line = encode(stamp, event)
        short, whole = json.loads(trimmed(event.type.encode(), line)), json.loads(line)
        assert len(trimmed(event.type.encode(), line)) < len(line)
        for name, value in short.items():
            kept = value.items() if isinstance(value, dict) else ()
            assert value == whole[name] or all(_in_whole(whole[name], key) == inner for key, inner in kept)
        assert whole.keys() - short.keys() <= {"messages"}
        assert short.get("finish", {"reason": "length"})["reason"] == "length"
