"""A session that begins with a person's own function: no first answer of the model, usual rounds, counted apart."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from assistant.analysis.caveats import cautions
from assistant.analysis.grouping import grouped
from assistant.analysis.solve_curve import human_curve
from assistant.core import events as ev
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.validation import check_file
from assistant.session import commands as cmd
from assistant.session.arms.build import missing_arms, numbered, run_arm
from assistant.session.header import Held, given_program
from assistant.session.session import Session
from tests.session.conftest import HALF, PAPER, RIGHT, WRONG, Begin, types

OWN = "# mine\ndef add(a, b):\n    return a - b\n"
GOOD = "def add(a, b):\n    return b + a\n"
TESTED = ["tests_finished", "hidden_scored"]


def _begun(problem: Problem, sandbox: Sandbox, folder: Path, code: str, answers: list[str]) -> Session:
    settings, held = ev.Settings(prompt=PAPER), Held(author="person")
    return Session.begin(
        problem, settings, ScriptedEngine(answers), sandbox, folder, annotator="a", held=held,
        given=given_program(code),
    )  # fmt: skip


def test_the_persons_code_is_discussed_and_the_session_is_sound(
    problem: Problem, sandbox: Sandbox, tmp_path: Path
) -> None:
    answers = [WRONG, RIGHT, *[HALF] * 12]
    with closing(_begun(problem, sandbox, tmp_path, OWN, answers)) as session:
        assert types(list(session.start())) == ["session_started", "program_given", *TESTED]
        list(session.feedback("it subtracts"))
        asked = session.engine.requests[0].messages  # type: ignore[attr-defined]
        assert [m.role for m in asked] == ["user", "assistant", "user"]
        assert OWN.strip() in asked[1].content
        list(session.feedback("it still subtracts"))
        for task in missing_arms(session.state, ("retry", "tests", "resample", "shuffled")):
            events = run_arm(session.state, task, session.engine, sandbox)
            for event in numbered(events or [], session.state.turns):
                session.record(event)
        assert session.state.ended is not None and session.state.ended.reason == "solved"
    assert check_file(session.path).findings == ()


@pytest.mark.parametrize("code", [OWN, GOOD])
def test_it_stays_open_whatever_its_tests_say(
    problem: Problem, sandbox: Sandbox, tmp_path: Path, code: str
) -> None:
    with closing(_begun(problem, sandbox, tmp_path, code, [])) as session:
        list(session.start())
        list(session.execute(cmd.AddTest.written("add(0, 0) == 0")))
        assert session.state.ended is None and session.state.solved is (code == GOOD)
        list(session.execute(cmd.Leave()))
    with closing(Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox)) as again:
        assert types(list(again.start())) == ["session_resumed"]
        assert again.state.current_program is not None and again.state.current_program.given
        list(again.execute(cmd.End("gave_up")))
    assert check_file(session.path).findings == ()


def test_it_is_in_no_curve_and_has_an_origin_of_its_own(
    begin: Begin, problem: Problem, sandbox: Sandbox, tmp_path: Path
) -> None:
    usual = begin([RIGHT], held=Held(author="person"))
    list(usual.start())
    with closing(_begun(problem, sandbox, tmp_path, OWN, [RIGHT])) as session:
        list(session.start())
        list(session.feedback("it subtracts"))
        assert session.state.ended is not None and session.state.ended.reason == "solved"
    sessions, _ = read_sessions(tmp_path)
    groups = {group.origin: group for group in grouped(sessions)}
    assert sorted(groups) == ["own functions of people", "people"]
    own = groups["own functions of people"].sessions
    assert human_curve(own) == []
    assert "in no rate" in " ".join(cautions(groups["own functions of people"], [], [], []))
    assert own[0].solve is None and not own[0].is_answered
    assert human_curve(sessions)[0].sessions == 1
