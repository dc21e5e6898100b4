"""The measurement of difficulty: counting, the rule, taking up an interrupted run, writing the words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from assistant.core.generation import Sampling
from assistant.core.problem import AssertTest, Problem
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import open_sandbox
from tests.benchmarks import measure_difficulty as bench

PROBLEM = Problem(
    id="own/half",
    text="Write a function half that halves a whole number.",
    entry_point="half",
    visible_tests=(AssertTest(code="assert half(4) == 2"),),
    hidden_tests=(AssertTest(code="assert half(3) == 1"),),
    source="own",
)
GOOD = "```python\ndef half(n):\n    return n // 2\n```"
VISIBLE_ONLY = "```python\ndef half(n):\n    return n / 2\n```"
WRONG = "I would rather not."


def _measure(answers: Sequence[str]) -> bench.Measured:
    sandbox = open_sandbox()
    try:
        sampling = Sampling(temperature=0.8)
        return bench.measure(PROBLEM, ScriptedEngine(answers), sandbox, len(answers) - 1, sampling)
    finally:
        sandbox.close()


def test_programs_are_counted_by_the_tests_they_pass() -> None:
    measured = _measure([VISIBLE_ONLY, GOOD, WRONG, GOOD, VISIBLE_ONLY])
    assert (measured.programs, measured.visible, measured.solved) == (5, 4, 2)
    assert not measured.greedy_solved
    assert measured.difficulty == "medium"


@pytest.mark.parametrize(
    ("good", "difficulty"),
    [(5, "easy"), (4, "easy"), (3, "medium"), (2, "medium"), (1, "hard"), (0, "hard")],
)
def test_the_rule_with_five_programs(good: int, difficulty: str) -> None:
    assert _measure([GOOD] * good + [WRONG] * (5 - good)).difficulty == difficulty


def test_results_are_taken_up_but_not_for_another_wording(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    measured = _measure([GOOD, GOOD])
    results.write_text(json.dumps(asdict(measured)) + '\n{"id": "own/ha')
    written = PROBLEM.model_copy(update={"difficulty": "easy"})
    assert bench.read_results(results, [written])["own/half"].solved == 2
    reworded = PROBLEM.model_copy(update={"text": "Write a function half that doubles a number."})
    assert bench.read_results(results, [reworded]) == {}


def test_only_measured_records_get_a_word_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    records = [{"id": name, "text": "é", "difficulty": ""} for name in ("own/half", "own/other")]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    bench.write_difficulty(path, {"own/half": _measure([GOOD])})
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first == {"id": "own/half", "text": "é", "difficulty": "easy"}
    assert second == records[1]
