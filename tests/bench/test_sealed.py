"""Verdicts that a program could have forged are counted apart, and no program ends a bench."""

# ruff: noqa: E501
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assistant.core.problem import AssertTest, Problem
from tests.bench.conftest import RIGHT, WRONG, Run, addition

ALWAYS_EQUAL = "```python\nclass {name}:\n    def __init__(self, *a):\n        pass\n    def __eq__(self, o):\n        return True\n    x = 3\n```"
CRASHES = (
    """import os, json, struct
def say(message, fd):
    data = json.dumps(message).encode()
    try:
        os.write(fd, struct.pack(">I", len(data)) + data)
    except OSError:
        pass
for fd in range(3, 30):
    say({"raised": {"type": "X", "mro": [[]]}}, fd)
""",
    """import os, json, struct
data = json.dumps({"raised": {"type": "SystemExit", "exit": "\\x1b]0;PWNED\\x07"}}).encode()
os.write(3, struct.pack(">I", len(data)) + data)
""",
    "import os\nos.write(3, b'\\xff' * 1000)\n",
    "import os\nos._exit(0)\n",
    "raise SystemExit('\\x1b[2J')\n",
    "def add(a, b):\n    return {float('nan'), 1}\n",
    "X = '\ud800'\n",
    "\0\n",
)


def class_problem(name: str) -> Problem:
    return Problem(
        id=name,
        text="Write a class Box with an attribute x.",
        entry_point="Box",
        visible_tests=(AssertTest(code="assert Box(3).x == 3"),),
        hidden_tests=(AssertTest(code="assert Box(3) == Box(3)"),),
        reference="class Box:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return True\n",
        source="test",
    )


def written(path: Path, problems: list[Problem], answers: list[str]) -> tuple[Path, Path]:
    source, script = path / "own.jsonl", path / "script.jsonl"
    source.write_text("".join(problem.model_dump_json() + "\n" for problem in problems))
    script.write_text("".join(json.dumps({"text": answer}) + "\n" for answer in answers))
    return source, script


def synthesis(
    run: Run, path: Path, problems: list[Problem], answers: list[str]
) -> tuple[dict[str, Any], str]:
    """The summary of the one variant, and what was said."""
    source, script = written(path, problems, answers)
    words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script]
    status, told, talk = run(*words, "-k", str(len(answers) // len(problems)), "--out", path / "out")
    assert status == 0, talk
    (found,) = json.loads((path / "out" / "summary.json").read_text())["variants"].values()
    return found, told


@pytest.mark.slow
def test_unsealed_passes_are_counted_apart(run: Run, tmp_path: Path) -> None:
    problems = [class_problem("a/box"), addition("b/add")]
    answers = [ALWAYS_EQUAL.format(name="Box"), ALWAYS_EQUAL.format(name="Box"), RIGHT, WRONG]
    found, told = synthesis(run, tmp_path, problems, answers)
    assert (found["unsealed"]["count"], found["unsealed"]["of"]) == (2, 4)
    assert found["samples_passing"]["count"] == 3
    assert found["pass_at"]["1"]["value"] == pytest.approx(0.75)
    assert found["pass_at_sealed"]["1"]["value"] == pytest.approx(0.25)
    assert "unsealed: 50.0%" in told and "pass@1 is 25.0%" in told
    lines = [json.loads(line) for line in (tmp_path / "out" / "samples.jsonl").read_text().splitlines()]
    assert sorted(line["sealed"] for line in lines) == [False, False, True, True]
    count = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/out/samples.parquet' WHERE NOT sealed").fetchall()
    assert count == [(2,)]


@pytest.mark.slow
def test_a_class_in_a_functions_place_gains_nothing(run: Run, tmp_path: Path) -> None:
    problem = Problem(
        id="mbpp/359",
        text="Write a python function to check whether one root of the quadratic equation is twice of the other.",
        entry_point="Check_Solution",
        visible_tests=(AssertTest(code='assert Check_Solution(1,3,2) == "Yes"'),),
        source="test",
    )
    found, told = synthesis(run, tmp_path, [problem], [ALWAYS_EQUAL.format(name="Check_Solution")])
    assert found["samples_passing"]["count"] == 0 and found["unsealed"]["count"] == 0
    assert "unsealed" not in told


@pytest.mark.slow
def test_no_sample_ends_a_bench(run: Run, tmp_path: Path) -> None:
    answers = [f"```python\n{source}```" for source in CRASHES] + [RIGHT]
    found, _ = synthesis(run, tmp_path, [addition("own/add")], answers)
    assert found["samples"] == len(answers) and found["samples_passing"]["count"] == 1
    again, _ = synthesis(run, tmp_path, [addition("own/add")], answers)
    assert again == found


@pytest.mark.slow
def test_several_variants_say_it_in_a_table(run: Run, tmp_path: Path) -> None:
    source, script = written(tmp_path, [class_problem("a/box")], [ALWAYS_EQUAL.format(name="Box")] * 4)
    words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script]
    status, told, talk = run(*words, "-k", "1", "--temperature", "0.2,0.8", "--out", tmp_path / "out")
    assert status == 0, talk
    assert "unsealed passes" in told and "sealed pass@1" in told
