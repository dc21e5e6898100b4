"""The starter set keeps its promises: references pass, usual mistakes are caught, texts are one sentence."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.core.outcome import Report
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Sandbox, Submission
from assistant.problems.formats.native_jsonl import convert

HERE = Path(__file__).resolve().parent
STARTER = HERE.parents[1] / "assistant" / "problems" / "starter.jsonl"
FIELDS = [
    *("id", "text", "entry_point", "visible_tests", "hidden_tests"),
    *("reference", "source", "licence", "tags", "difficulty"),
]
TAGS = {
    *("strings", "lists", "numbers", "dicts", "sets", "dates", "matrices"),
    *("parsing", "recursion", "sorting", "simulation", "text-format"),
}
MODULES = {"calendar", "collections", "datetime", "decimal", "itertools", "re", "string", "unicodedata"}


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


RECORDS = _lines(STARTER)
PROBLEMS = [convert(record, f"line {number}") for number, record in enumerate(RECORDS, 1)]
WRONG: dict[str, list[dict[str, str]]] = defaultdict(list)
for _wrong in _lines(HERE / "wrong_solutions.jsonl"):
    WRONG[_wrong["id"]].append(_wrong)

each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=[p.entry_point for p in PROBLEMS])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    service = pytest.importorskip("assistant.sandbox.local", reason="the sandbox is not built yet")
    opened = service.open_sandbox()
    yield opened
    opened.close()


def _asserts(problem: Problem) -> list[str]:
    return [
        test.code for test in problem.visible_tests + problem.hidden_tests if isinstance(test, AssertTest)
    ]


def _visible_and_hidden(sandbox: Sandbox, problem: Problem, source: str) -> tuple[Report, Report]:
    visible = sandbox.run(Submission.of(problem, source))
    return visible, sandbox.run(Submission.of(problem, source, hidden=True))


def _failures(report: Report) -> list[str]:
    return [f"{c.test}: {c.outcome.word}, got {c.actual} {c.message}" for c in report.cases if not c.passed]


def test_the_set_is_large_enough_and_nothing_in_it_is_there_twice() -> None:
    assert len(PROBLEMS) >= 72
    for values in (
        [p.id for p in PROBLEMS],
        [p.entry_point for p in PROBLEMS],
        [p.text for p in PROBLEMS],
        [p.content_sha256 for p in PROBLEMS],
    ):
        assert len(set(values)) == len(values)


def test_records_have_exactly_the_agreed_fields() -> None:
    for record in RECORDS:
        assert list(record) == FIELDS, record["id"]
        assert (record["source"], record["licence"]) == ("starter", "CC0-1.0")
        assert record["id"] == "starter/" + record["entry_point"].replace("_", "-")
        assert record["difficulty"] in ("", "easy", "medium", "hard")


def test_difficulty_is_measured_for_all_problems_or_for_none() -> None:
    assert len({problem.difficulty == "" for problem in PROBLEMS}) == 1


@each_problem
def test_text_is_one_sentence_that_names_the_function(problem: Problem) -> None:
    assert problem.text.startswith(f"Write a function {problem.entry_point} that ")
    assert problem.text.endswith(".")
    assert "\n" not in problem.text
    assert not any(end in problem.text for end in (". ", "? ", "! "))


@each_problem
def test_three_visible_and_at_least_six_hidden_tests(problem: Problem) -> None:
    assert len(problem.visible_tests) == 3
    assert len(problem.hidden_tests) >= 6
    assert len(set(_asserts(problem))) == len(problem.visible_tests) + len(problem.hidden_tests)


@each_problem
def test_every_test_compares_a_call_with_a_value_written_out(problem: Problem) -> None:
    for code in _asserts(problem):
        (statement,) = ast.parse(code).body
        assert isinstance(statement, ast.Assert), code
        comparison = statement.test
        assert isinstance(comparison, ast.Compare) and isinstance(comparison.ops[0], ast.Eq), code
        called = {n.func.id for n in ast.walk(comparison.left) if _is_plain_call(n)}  # type: ignore[attr-defined]
        assert problem.entry_point in called, code
        names = {n.id for n in ast.walk(comparison.comparators[0]) if isinstance(n, ast.Name)}
        assert names <= {"set"}, code


def _is_plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


@each_problem
def test_tags_are_few_and_from_the_vocabulary(problem: Problem) -> None:
    assert 1 <= len(problem.tags) <= 3
    assert set(problem.tags) <= TAGS


@each_problem
def test_reference_needs_only_harmless_standard_modules(problem: Problem) -> None:
    for node in ast.walk(ast.parse(problem.reference)):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= MODULES
        elif isinstance(node, ast.ImportFrom):
            assert node.module in MODULES


@each_problem
def test_reference_passes_everything(problem: Problem, sandbox: Sandbox) -> None:
    for report in _visible_and_hidden(sandbox, problem, problem.reference):
        assert _failures(report) == []
        assert report.passed and report.sealed


@each_problem
def test_wrong_solutions_are_caught(problem: Problem, sandbox: Sandbox) -> None:
    wrong = WRONG[problem.id]
    assert len(wrong) >= 2
    false_solves = 0
    for solution in wrong:
        visible, hidden = _visible_and_hidden(sandbox, problem, solution["code"])
        assert not hidden.passed, f"not caught by a hidden test: {solution['why']}"
        assert visible.pass_count >= 1, f"not plausible, every visible test fails: {solution['why']}"
        false_solves += visible.passed
    assert false_solves >= 1, "no mistake that only the hidden tests catch"


def test_wrong_solutions_belong_to_known_problems_and_say_why() -> None:
    assert set(WRONG) == {problem.id for problem in PROBLEMS}
    for solutions in WRONG.values():
        assert all(set(s) == {"id", "code", "why"} and s["why"] for s in solutions)
        assert len({s["code"] for s in solutions}) == len(solutions)
