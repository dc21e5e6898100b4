"""A person without the model, on the clock: where they begin, what they may do, how it is counted."""

from __future__ import annotations

import ast
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from assistant.analysis.person_alone import alone_and_with_model, sentence
from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.safe_ast import parse
from assistant.core.starting_code import starting_code
from assistant.core.submission import Sandbox, Submission
from assistant.engine.no_model import NO_MODEL, NoModel
from assistant.journal.load import read_sessions
from assistant.journal.validation import check_file
from assistant.problems.load import load_source
from assistant.session import commands as cmd
from assistant.session.header import Held
from assistant.session.session import Session
from assistant.session.study import Study, condition_of, settings_for
from assistant.session.study_tables import Conditions
from tests.session.conftest import RIGHT, WRONG, Begin, types
from tests.session.test_commands import ONE, Run, journals, run, state_of

__all__ = ["run"]
BAD, GOOD = "def add(a, b):\n    return a - b\n", "def add(a, b):\n    return b + a\n"


def _alone(problem: Problem, sandbox: Sandbox, folder: Path, who: str = "ann") -> Session:
    return Session.begin(
        problem, ev.ALONE, NoModel(), sandbox, folder, annotator=who, held=Held(author="person")
    )


@pytest.mark.parametrize("source", ["starter", "humaneval"])
def test_every_start_can_be_called_as_the_tests_call_it(source: str) -> None:
    """It compiles, defines the entry point, and takes as many arguments as the reference does."""
    for problem in load_source(source).problems:
        code = starting_code(problem)
        tree = parse(code)
        assert tree is not None, problem.id
        made = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert problem.entry_point in made, problem.id
        begun = made[problem.entry_point].args
        assert code == starting_code(problem), "the same at every call"
        wanted = next(
            node.args
            for node in ast.walk(parse(problem.reference) or ast.Module([], []))
            if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point
        )
        least = len(wanted.args) - len(wanted.defaults)
        assert least <= len(begun.args) <= len(wanted.args) or begun.vararg or wanted.vararg, problem.id


@pytest.mark.parametrize(
    ("entry_point", "test", "stub", "begins"),
    [
        ("Solution.f", CallTest(arguments="[1, [2]]", expected="3"), "", "class Solution:\n    def f(self, a, b):"),
        ("", AssertTest(code="assert x"), "", "# Read from standard input"),
        ("f", AssertTest(code="assert f(k=1) == 1"), "", "def f(*arguments):\n    pass\n"),
        ("f", AssertTest(code="assert f() == 1"), "", "def f():\n    pass\n"),
        ("S.f", AssertTest(code="assert 1"), "class S:\n    def f(self):\n        ", "class S:\n    def f"),
    ],
)  # fmt: skip
def test_a_start_of_every_kind_of_task(
    entry_point: str, test: AssertTest | CallTest, stub: str, begins: str
) -> None:
    problem = Problem(id="p", text="t", entry_point=entry_point, visible_tests=(test,), stub=stub, source="x")
    code = starting_code(problem)
    assert code.startswith(begins) and parse(code) is not None


def test_the_person_writes_until_the_tests_pass_and_the_journal_is_sound(
    problem: Problem, sandbox: Sandbox, tmp_path: Path
) -> None:
    with closing(_alone(problem, sandbox, tmp_path)) as session:
        assert types(list(session.start())) == [
            "session_started",
            "program_given",
            "tests_finished",
            "hidden_scored",
        ]
        assert session.state.current_program is not None and not session.state.solved
        for command in (cmd.GiveFeedback("it subtracts"), cmd.Regenerate(), cmd.DrawAnother()):
            with pytest.raises(UsageError, match="no model takes part"):
                list(session.execute(command))
        session.prefill("words")  # asks nothing of the engine
        list(session.execute(cmd.EditCode(BAD, ev.Effort(editing=3.0))))
        assert session.state.ended is None, "no rounds are used up"
        list(session.execute(cmd.Leave()))
    with closing(Session.resume(session.path, NoModel(), sandbox)) as again:
        list(again.start())
        list(again.execute(cmd.EditCode(GOOD, ev.Effort(editing=4.0))))
        assert again.state.ended is not None and again.state.ended.reason == "solved"
        assert again.state.started is not None and again.state.started.model == NO_MODEL
    assert check_file(session.path).findings == ()


def test_alone_is_compared_with_people_who_had_a_model_and_in_no_curve(
    begin: Begin, problem: Problem, sandbox: Sandbox, tmp_path: Path
) -> None:
    with_model = begin([WRONG, RIGHT], held=Held(author="person"))
    list(with_model.start())
    list(with_model.feedback("it subtracts", effort=ev.Effort(typing=8.0)))
    for who, code in (("ann", GOOD), ("bob", BAD)):
        with closing(_alone(problem, sandbox, tmp_path, who)) as session:
            list(session.start())
            list(session.execute(cmd.EditCode(code, ev.Effort(editing=30.0))))
            if session.state.ended is None:
                list(session.execute(cmd.End("gave_up")))
    sessions, _ = read_sessions(tmp_path)
    assert sorted(s.origin for s in sessions) == ["people", "people alone", "people alone"]
    assert not any(s.is_answered or s.solve for s in sessions if s.person_alone)
    alone, modelled = alone_and_with_model(sessions)
    assert (alone.way, alone.sessions, alone.solved, alone.annotators) == ("alone", 2, 1, 2)
    assert (alone.median_own_seconds, modelled.median_own_seconds) == (30.0, 8.0)
    assert (modelled.way, modelled.solved, modelled.problems) == ("with list", 1, 1)
    assert "alone: 1 of 2 sessions solved (50%" in sentence([alone, modelled])
    assert sentence(alone_and_with_model([s for s in sessions if not s.person_alone])) == ""


def test_a_study_gives_every_person_and_every_problem_both_arms_equally_often() -> None:
    test = AssertTest(code="assert f() == 1")
    problems = [
        Problem(id=f"p{i}", text="t", entry_point="f", visible_tests=(test,), source="x") for i in range(8)
    ]
    people = tuple(f"a{i}" for i in range(8))
    for cases in ((False,), (False, True)):
        study = Study(
            name="s",
            annotators=people,
            conditions=Conditions(person_alone=(False, True), failing_cases=cases),
        )
        given = {(who, p.id): condition_of(study, problems, who, p) for who in people for p in problems}
        for key in (0, 1):
            counts = Counter((at[key], found["person_alone"]) for at, found in given.items())
            assert set(counts.values()) == {4}
        for (who, name), found in given.items():
            problem = next(p for p in problems if p.id == name)
            settings = settings_for(study, problem, who, found)
            assert (settings == ev.ALONE) is (found["person_alone"] == "yes")
    usual = condition_of(Study(name="s"), problems, "a0", problems[0])
    assert usual == {"failing_cases": "no"}, "older studies' journals say what they said"


def test_plain_mode_takes_the_program_line_by_line_and_loads_no_model(run: Run) -> None:
    words = ("run", "--plain", "--alone", "--author", "person", "--sessions", "sessions", *ONE)
    said = f"it adds\n:edit inline\n{BAD}.\n:edit inline\n{GOOD}.\n"
    status, out, err = run(*words, said=said)
    assert status == 0
    assert "model: no model" in err and "no model takes part" in err
    assert "def add(a, b):" in out and "write the program yourself" in err
    (path,) = journals()
    state = state_of(path)
    assert state.ended is not None and state.ended.reason == "solved"
    assert state.settings == ev.ALONE and state.feedback_count == 0
    assert "solved by yourself, with 2 runs" in out
    assert check_file(path).findings == ()
    assert run("run", "--plain", "--alone", "--study", "study.toml")[2].count("leave out --alone") == 1


def test_a_start_does_nothing_in_the_sandbox(sandbox: Sandbox) -> None:
    """No test of a starter problem passes before anything is written; nothing raises but the tests themselves."""
    for problem in load_source("starter").problems[::16]:
        report = sandbox.run(Submission.of(problem, starting_code(problem)))
        assert not report.passed and not report.load_failure, problem.id
