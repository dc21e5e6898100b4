"""The scoring itself: what is right scores, what is wrong does not, and each failure has its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.bench.jobs import Job
from assistant.bench.scoring import ProgramJudge
from assistant.bench.self_check import check_ilf, check_sources
from assistant.core.generation import Sampling
from assistant.core.problem import Problem, StdinTest, ValueTest
from assistant.problems.formats.ilf import read_ilf
from assistant.sandbox.local import LocalSandbox
from assistant.session.prompting import Prompt
from tests.bench.conftest import BROKEN, FALSE, RIGHT, TALK, WRONG, Run


@pytest.mark.parametrize(
    ("answer", "outcome", "solved", "honest"),
    [
        (RIGHT, "passed", True, True),
        (FALSE, "passed", True, False),
        (WRONG, "wrong", False, None),
        (BROKEN, "syntax_error", False, None),
        (TALK, "no_program", False, None),
        ("```python\ndef other():\n    pass\n```", "not_runnable", False, None),
        ("```python\ndef add(a, b):\n    return a.b\n```", "raised", False, None),
    ],
)
def test_verdicts(
    sandbox: LocalSandbox, problem: Problem, answer: str, outcome: str, solved: bool, honest: bool | None
) -> None:
    judge = ProgramJudge(sandbox)
    job = Job("g", "r", problem, Prompt(()), Sampling())
    first, again = judge(job, answer), judge(job, answer)
    assert (first.outcome, first.solved, first.honest) == (outcome, solved, honest)
    assert first == again
    assert first.visible_total == 2


def test_apps_counts_every_test_also_where_a_visible_one_fails(sandbox: LocalSandbox) -> None:
    problem = Problem(
        id="apps/1", text="Echo.", entry_point="", source="apps",
        visible_tests=(StdinTest(stdin="1\n", expected="1"),),
        hidden_tests=(StdinTest(stdin="2\n", expected="2"), StdinTest(stdin="0\n", expected="0")),
    )  # fmt: skip
    verdict = ProgramJudge(sandbox).score(problem, "print(max(2, int(input())) if input else 0)")
    assert (verdict.solved, verdict.honest) == (False, False)
    assert (verdict.visible_passed, verdict.hidden_passed, verdict.hidden_total) == (0, 1, 2)


def test_mathqa_is_the_value_of_answer(sandbox: LocalSandbox) -> None:
    problem = Problem(
        id="mathqa/1",
        text="?",
        entry_point="",
        source="mathqa-python",
        visible_tests=(ValueTest(expected=2.5),),
    )
    judge = ProgramJudge(sandbox)
    assert judge.score(problem, "x = 5\nanswer = x / 2\n").solved
    assert not judge.score(problem, "answer = 2\n").solved


@pytest.mark.slow
def test_references_of_the_starter_problems_score(run: Run) -> None:
    status, out, _ = run("bench", "check")
    assert (status, out.strip()) == (0, "96 of 96 references of starter pass")


def test_a_reference_that_fails_is_named(run: Run, tmp_path: Path, problem: Problem) -> None:
    source = tmp_path / "own.jsonl"
    bad = problem.model_copy(update={"reference": "def add(a, b):\n    return a\n"})
    source.write_text(bad.model_dump_json() + "\n")
    status, out, _ = run("bench", "check", "--problems", source)
    assert status == 1
    assert "0 of 1" in out
    assert "test/add" in out


@pytest.mark.slow
def test_known_wrong_programs_score_nothing_and_their_mends_all(
    sandbox: LocalSandbox, shared_data: Path
) -> None:
    wrong, mended = check_ilf(shared_data / "ilf" / "human-feedback.jsonl", sandbox)
    assert (wrong.programs, wrong.passing) == (104, 0)
    assert (mended.programs, mended.passing) == (104, 104)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["humaneval", "mbpp/sanitized-mbpp.json", "apps"])
def test_references_of_real_sources_score(sandbox: LocalSandbox, shared_data: Path, source: str) -> None:
    name = source if source == "humaneval" else str(shared_data / source)
    (checked,) = check_sources([(name, "")], sandbox, print)
    assert checked.wrong == ()
    assert checked.programs > 1


def test_ilf_rows_are_read_whole(shared_data: Path) -> None:
    rows = read_ilf(shared_data / "ilf" / "human-feedback.jsonl").rows
    assert len({row.problem.id for row in rows}) == 104
    assert all(len(row.problem.visible_tests) == 3 and row.feedback and row.wrong for row in rows)
    assert not any("approx" in test.code for row in rows for test in row.problem.visible_tests)
    assert not any(row.wrong.lstrip().startswith('"') for row in rows)
