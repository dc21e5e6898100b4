"""Predicted values: what is asked, and how an answer is held against the truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.bench.execution.call_questions import questions
from assistant.bench.execution.plan import WITH_TESTS, ExecutionPlan, load_wording
from assistant.bench.execution.values import judge_value, predicted_text, same_value
from assistant.core.generation import Sampling
from assistant.problems.load import load_source
from assistant.sandbox.local import LocalSandbox
from tests.bench.conftest import Run


@pytest.mark.parametrize(
    ("predicted", "expected", "same"),
    [
        ("[1, 2]", "[1,2]", True),
        ("(1, 2)", "[1, 2]", False),
        ("{'a': 1, 'b': 2}", '{"b": 2, "a": 1}', True),
        ("{3, 1}", "{1, 3}", True),
        ("0.30000000000000004", "0.3", True),
        ("0.31", "0.3", False),
        ("2.0", "2", True),
        ("1", "True", False),
        ("[1.0000000001, [2]]", "[1.0, [2]]", True),
        ("'a'", '"a"', True),
        ("a", "'a'", None),
        ("__import__('os')", "1", None),
        ("", "1", None),
        ("9" * 400, "1e9", False),
    ],
)
def test_values_are_compared_as_values(predicted: str, expected: str, same: bool | None) -> None:
    assert same_value(predicted, expected) is same


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("First 1 + 1.\n[ANSWER] [2, 3] [/ANSWER]", "[2, 3]"),
        ("[ANSWER] 1 [/ANSWER] no, [ANSWER]\n```python\n'x.'\n```\n[/ANSWER]", "'x.'"),
        ("[ANSWER] 5", "5"),
        (" (1, 2)", "(1, 2)"),
        ("It gives\n`7`.", "7"),
    ],
)
def test_the_value_is_found_in_the_answer(answer: str, text: str) -> None:
    assert predicted_text(answer) == text


@pytest.mark.slow
def test_what_is_asked_is_what_the_reference_gives(sandbox: LocalSandbox, shared_data: Path) -> None:
    problems = load_source(str(shared_data / "mbpp" / "mbpp.jsonl")).problems[10:40]
    said: list[str] = []
    asked = questions(problems, sandbox, 2, said.append)
    assert len(asked) > 50
    first = next(a for a in asked if a.problem.id == "mbpp/11")
    assert (first.call, first.value) == ("remove_Occ('hello', 'l')", "'heo'")
    assert len(first.others) == 2
    assert all("hello" not in other for other in first.others)


def test_both_ways_differ_in_the_tests_alone(sandbox: LocalSandbox) -> None:
    asked = questions(load_source("starter").problems[:3], sandbox, 1, print)
    for is_chat in (True, False):
        template = load_wording(is_chat=is_chat)
        jobs = list(ExecutionPlan(asked, "starter", template, 1, Sampling()).jobs())
        alone, tested = jobs[0], jobs[1]
        assert tested.group == WITH_TESTS
        assert "It passes these tests" not in alone.prompt.messages[0].content
        assert asked[0].others[0] in tested.prompt.messages[0].content
        assert asked[0].value not in alone.prompt.messages[0].content.rpartition("assert")[2]
        assert alone.prompt.raw is not is_chat
        right = judge_value(alone, f"[ANSWER] {asked[0].value} [/ANSWER]")
        assert right.solved


@pytest.mark.slow
def test_a_run_by_the_command_line(run: Run, tmp_path: Path, sandbox: LocalSandbox) -> None:
    value = questions(load_source("starter").problems[:1], sandbox, 1, print)[0].value
    answers = [f"[ANSWER] {value} [/ANSWER]", f"[ANSWER] {value} [/ANSWER]", "[ANSWER] 'no' [/ANSWER]", "?"]
    script = tmp_path / "s.jsonl"
    script.write_text("".join(json.dumps({"text": answer}) + "\n" for answer in answers))
    words = ["bench", "execution", "--engine", "scripted", "--script", script, "--limit", "2"]
    status, told, _ = run(*words, "--out", tmp_path / "o")
    assert status == 0
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert {g["right"]["count"] for g in summary["groups"].values()} == {1}
    assert summary["tests_shown_minus_alone"]["rows"] == 2
    assert "other tests shown" in told
