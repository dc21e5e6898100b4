"""Feedback of several points is taken point by point where its answer fails, and journals say so."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.core import events as ev
from assistant.core.generation import ModelInfo
from assistant.core.point_steps import due_point
from assistant.core.state import Program, replay
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.scripted.script import ScriptedAnswer
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file, verify_folder
from assistant.problems.load import load_source
from assistant.session import commands as cmd
from assistant.session import draws
from assistant.session.header import given_program
from assistant.session.points import takes_points
from assistant.session.session import Session
from tests.analysis.simulation import chained
from tests.benchmarks.several_points import cases_of, unsound
from tests.session.conftest import HALF, RIGHT, WRONG, Begin

CRASH = "```python\ndef add(a, b):\n    return a.x\n```"
ONE_RIGHT = "```python\ndef add(a, b):\n    return 3\n```"
FIRST, SECOND = "It has to add.", "Large numbers count, too."
WORDS = f"{FIRST} {SECOND}"


def started(session: Session) -> list[ev.GenerationStarted]:
    return [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]


def steps(session: Session) -> list[Program]:
    return [p for p in session.state.programs if p.point is not None]


def is_sound(session: Session) -> bool:
    events = read_journal(session.path).events
    return replay(events) == session.state and verify_folder(session.path.parents[1]) == []


def test_each_point_is_asked_for_by_itself_on_the_program_so_far(begin: Begin) -> None:
    session = begin([WRONG, CRASH, ONE_RIGHT, RIGHT], point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    first, answer, one, two = started(session)
    said = [turn.messages[-1].content for turn in (answer, one, two)]
    assert said == [WORDS, FIRST, SECOND]
    assert [turn.messages[-2].content for turn in (answer, one, two)] == [WRONG, WRONG, ONE_RIGHT]
    assert answer.messages[:-2] == one.messages[:-2] == two.messages[:-2] == first.messages
    assert [(p.id, p.point, p.draw_of, p.round, p.parent, p.feedback) for p in steps(session)] == [
        ("t2s0", 1, 1, 1, "t0s0", WORDS), ("t3s0", 2, 1, 1, "t0s0", WORDS),
    ]  # fmt: skip
    assert one.sampling.model_copy(update={"seed": 0}) == answer.sampling.model_copy(update={"seed": 0})
    ended = session.state.ended
    assert ended is not None and ended.reason == "solved" and session.state.current == "t3s0"
    assert is_sound(session)


def test_what_came_of_it_is_in_no_curve_of_single_answers(begin: Begin) -> None:
    session = begin([WRONG, CRASH, ONE_RIGHT, RIGHT], point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    session.close()
    (record,) = read_sessions(session.path.parents[1])[0]
    assert record.solve is None and record.solved_with_draws_at(1) is not None
    assert [(about, [p.id for p in made]) for about, made in record.spoken[1]] == [("t0s0", ["t1s0"])]


TAKEN: list[tuple[list[str], str]] = [
    ([CRASH, ONE_RIGHT, CRASH], "t2s0"),  # the best
    (
        [CRASH, ONE_RIGHT, HALF.replace("abs(a) + abs(b)", "a + b if a < 4 else 0")],
        "t3s0",
    ),  # of equal ones the last
    ([ONE_RIGHT, CRASH, CRASH], "t1s0"),  # never one that passes fewer
    ([CRASH, "Which numbers?", CRASH], "t3s0"),
    ([CRASH, "Which numbers?", "I see."], "t1s0"),
]


@pytest.mark.parametrize(("answers", "current"), TAKEN)
def test_the_session_goes_on_from_the_best(begin: Begin, answers: list[str], current: str) -> None:
    session = begin([WRONG, *answers, RIGHT], point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    state = session.state
    assert (state.current, state.tries_left, len(steps(session))) == (current, 3, 2)
    chosen = [e for e in read_journal(session.path).events if isinstance(e, ev.ProgramChosen)]
    assert [(e.program, e.automatic, e.branch) for e in chosen] == [(current, True, False)] * (
        current != "t1s0"
    )
    list(session.feedback("and the sign"))
    assert session.state.solved and is_sound(session)
    assert [m.content for m in started(session)[-1].messages if m.role == "user"][1:] == [
        WORDS,
        "and the sign",
    ]


@pytest.mark.parametrize("study", [False, True])
@pytest.mark.parametrize("engine", ["transformers", "openai", "scripted"])
@pytest.mark.parametrize("asked", [None, False, True])
def test_where_points_are_taken_one_by_one(asked: bool | None, engine: str, study: bool) -> None:
    model = ModelInfo(engine=engine, name="any")
    takes = takes_points(ev.Settings(point_by_point=asked), model, study=study)
    assert takes is (not study and (engine == "transformers" if asked is None else asked))


QUIET: list[tuple[list[str], str, dict[str, object]]] = [
    ([WRONG, WRONG], WORDS, {"point_by_point": False}),
    ([WRONG, WRONG], FIRST, {"point_by_point": True}),
    ([WRONG, RIGHT], WORDS, {"point_by_point": True}),
    ([WRONG, WRONG], WORDS, {"point_by_point": True, "prompt": {"template": "reviewed"}}),
]


@pytest.mark.parametrize(("answers", "words", "settings"), QUIET)
def test_no_step_where_none_is_due(
    begin: Begin, answers: list[str], words: str, settings: dict[str, object]
) -> None:
    session = begin(answers, **settings)
    list(session.start())
    list(session.feedback(words))
    assert not steps(session) and is_sound(session)


def test_steps_come_after_the_second_draw_and_go_on_from_the_program_spoken_about(begin: Begin) -> None:
    session = begin(
        [WRONG, WRONG, WRONG, CRASH, ONE_RIGHT, ONE_RIGHT, RIGHT], point_by_point=True, redraw_unchanged=True
    )
    list(session.start())
    list(session.feedback(WORDS))
    assert [(e.redraw_of, e.draw_of, e.point) for e in started(session)] == [
        (None, None, None), (None, None, None), (1, None, None), (None, 2, 1), (None, 2, 2),
    ]  # fmt: skip
    assert session.state.solved and is_sound(session)


def test_a_step_that_is_stopped_is_the_last_and_the_answer_stays(begin: Begin) -> None:
    broken = ScriptedAnswer(text="```py", error="broken")
    session = begin([WRONG, CRASH, ONE_RIGHT, broken], point_by_point=True)  # type: ignore[list-item]
    list(session.start())
    list(session.feedback(WORDS))
    state = session.state
    assert state.current == "t1s0" and due_point(state) is None and state.pending_feedback is None
    offered = draws.offered_draw(state, seen=set())
    assert offered is not None and offered.id == "t2s0", "what it brought is offered as any further draw"
    list(session.execute(cmd.ChooseProgram("t2s0")))
    assert is_sound(session)


@pytest.mark.parametrize(
    ("event_type", "nth"),
    [("generation_started", 2), ("generation_finished", 2), ("tests_finished", 2), ("generation_started", 3),
     ("tests_finished", 3), ("hidden_scored", 3), ("program_chosen", 0)],
)  # fmt: skip
def test_a_kill_anywhere_loses_no_step(begin: Begin, event_type: str, nth: int) -> None:
    session = begin([WRONG, CRASH, CRASH, ONE_RIGHT], point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    session.close()
    lines = session.path.read_bytes().splitlines(keepends=True)
    at = [n for n, line in enumerate(lines) if f'"type":"{event_type}"'.encode() in line][nth]
    session.path.write_bytes(b"".join(lines[:at]))
    left = {"generation_started": 4 - nth, "generation_finished": 4 - nth, "tests_finished": 3 - nth}
    answers = [CRASH, ONE_RIGHT][2 - left.get(event_type, 0) :]
    resumed = Session.resume(session.path, ScriptedEngine(answers), session.sandbox)
    list(resumed.start())
    assert [(p.point, p.visible is not None, p.hidden is not None) for p in steps(resumed)] == [
        (1, True, True), (2, True, True),
    ]  # fmt: skip
    assert resumed.state.current == steps(resumed)[1].id
    resumed.close()
    assert is_sound(resumed)


def test_a_person_who_chose_a_sample_is_not_overruled(begin: Begin) -> None:
    session = begin([WRONG, WRONG, ONE_RIGHT, CRASH, CRASH, CRASH], samples=2, point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    assert session.state.current == "t1s0"
    list(session.execute(cmd.ChooseProgram("t1s1")))
    list(session.execute(cmd.ChooseProgram("t0s1")))
    assert is_sound(session)


def test_a_persons_own_function_is_worked_on_point_by_point(
    begin: Begin, sandbox: Sandbox, tmp_path: Path
) -> None:
    problem = begin([]).state.problem
    assert problem is not None
    session = Session.begin(
        problem, ev.Settings(point_by_point=True), ScriptedEngine([CRASH, ONE_RIGHT, RIGHT]), sandbox,
        tmp_path / "own", annotator="a", given=given_program("def add(a, b):\n    return a - b\n"),
    )  # fmt: skip
    list(session.start())
    list(session.feedback(WORDS))
    session.close()
    assert session.state.solved and is_sound(session)


Forgery = Callable[[list[dict[str, Any]]], object]


def _step(records: list[dict[str, Any]], point: int) -> dict[str, Any]:
    return next(r for r in records if r.get("point") == point)


def _chosen(records: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in records if r["type"] == "program_chosen")


FORGERIES: dict[str, Forgery] = {
    "a draw": lambda rs: _step(rs, 2).update(point=None),
    "a control": lambda rs: _step(rs, 1).update(arm="retry", draw_of=None),
    "another point": lambda rs: _step(rs, 1).update(point=2),
    "another turn": lambda rs: _step(rs, 1).update(draw_of=0),
    "other words": lambda rs: _step(rs, 1)["messages"][-1].update(content="Multiply."),
    "another program": lambda rs: _step(rs, 2)["messages"][-2].update(content=HALF),
    "hotter": lambda rs: _step(rs, 1)["sampling"].update(temperature=0.8),
    "more samples": lambda rs: _step(rs, 1).update(samples=2),
    "not allowed": lambda rs: rs[0]["settings"].update(point_by_point=False),
    "by the person": lambda rs: _chosen(rs).update(automatic=False),
    "another one": lambda rs: _chosen(rs).update(program="t2s0"),
    "chosen of a draw": lambda rs: rs.append({**_chosen(rs), "program": "t0s0", "branch": True}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_step_is_found(begin: Begin, forgery: str) -> None:
    session = begin([WRONG, CRASH, CRASH, ONE_RIGHT], point_by_point=True)
    list(session.start())
    list(session.feedback(WORDS))
    session.close()
    records = [json.loads(line) for line in session.path.read_bytes().splitlines()]
    for record, name in itertools.product(records, ("schema", "seq", "time", "mono", "prev")):
        del record[name]
    FORGERIES[forgery](records)
    session.path.write_bytes(b"".join(line + b"\n" for line in chained(iter(records))))
    assert any(finding.is_error for finding in check_file(session.path).findings)


def test_the_cases_of_the_benchmark_tell_right_from_wrong(sandbox: Sandbox) -> None:
    problems = {problem.id: problem for problem in load_source("starter").problems}
    cases = [case for kind in ("several", "one", "wish") for case in cases_of(kind)]
    assert [case["id"] for case in cases if unsound(case, problems[case["problem"]], sandbox)] == []
    assert all(case["author"].startswith("model:") for case in cases)
