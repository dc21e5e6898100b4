"""Columns under the data sets' own names; runs that are cut short; comparisons of unlike runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.bench.aggregates import tally_groups
from assistant.bench.compare import compare
from assistant.bench.jobs import Sample
from assistant.bench.sample_log import SampleLog
from assistant.bench.scoring import ProgramJudge
from assistant.bench.synthesis.report import report
from assistant.bench.synthesis.summary import by_group
from assistant.core.problem import AssertTest, Problem
from assistant.sandbox.local import LocalSandbox
from tests.bench.conftest import RIGHT, Run, addition


def sample(problem: str, number: int, **more: object) -> Sample:
    fields: dict[str, object] = {
        "group": "g", "row": problem, "problem": problem, "difficulty": "", "sample": number, "seed": 0,
        "outcome": "passed", "solved": True, "honest": None, "visible_passed": 1, "visible_total": 1,
        "hidden_passed": 0, "hidden_total": 0, "text": "", "code": "", "expected": "", "reason": "stop",
        "prompt_tokens": 0, "reused_tokens": 0, "generated_tokens": 0, "first_token_seconds": None, "seconds": 0.0,
        "notes": "",
    }  # fmt: skip
    return Sample.model_validate(fields | more)


def test_each_published_set_is_a_column_over_its_own_problems() -> None:
    samples = [
        sample("a", 0, suites={"MBPP": True, "MBPP+": False}),
        sample("a", 1, suites={"MBPP": True, "MBPP+": True}),
        sample("b", 0, suites={"MBPP": True}, sealed=False),
        sample("b", 1, suites={"MBPP": False}, solved=False, outcome="wrong"),
    ]
    summary = {"samples": 4, "of": 4, **by_group(tally_groups(samples))}
    measured = summary["variants"]["g"]
    assert {name: part["problems"] for name, part in measured["suites"].items()} == {"MBPP": 2, "MBPP+": 1}
    assert measured["suites"]["MBPP"]["pass_at"]["1"]["value"] == 0.75
    assert measured["suites"]["MBPP+"]["pass_at"]["1"]["value"] == 0.5
    assert measured["pass_at_sealed"]["1"]["value"] == 0.5
    told = "\n".join(report(summary))
    assert "MBPP+" in told.splitlines()[1] and "unsealed: 25.0%" in told and "cut short" not in told


def test_a_run_cut_short_says_so_above_every_rate() -> None:
    samples = [
        *(sample("a", n, suites={"MBPP": True}) for n in range(5)),
        sample("b", 0, suites={"MBPP": True}),
    ]
    summary = {"samples": 6, "of": 10, **by_group(tally_groups(samples))}
    lines = list(report(summary))
    assert lines[1].startswith("  cut short")
    assert any("pass@5 (over 1 problems)" in line for line in lines)
    two = {**summary, "variants": {f"t={n} x=1": summary["variants"]["g"] for n in (1, 2)}}
    assert sum("cut short" in line for line in report(two)) == 3


def test_samples_that_were_not_judged_are_told() -> None:
    samples = [sample("a", 0), sample("b", 0, outcome="not_judged", solved=False, trouble="ValueError: x")]
    told = "\n".join(report({"samples": 2, "of": 2, **by_group(tally_groups(samples))}))
    assert "not judged: 1 samples (ValueError: x)" in told and "not judged          50.0%" in told


def test_any_sample_is_not_compared_between_unlike_numbers_of_samples(tmp_path: Path) -> None:
    for name, drawn in (("a", 10), ("b", 5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"bench": "synthesis", "asked": {}}))
        log = SampleLog(tmp_path / name / "samples.jsonl")
        log.append([sample("p", n, suites={"MBPP": n > 0}) for n in range(drawn)])
        log.close()
    comparison = compare(tmp_path / "a", tmp_path / "b")
    assert "10 in A, 5 in B" in comparison.notes[0]
    measures = {item.measure for item in comparison.compared}
    assert "samples that pass MBPP" in measures and not any("any sample" in name for name in measures)


def test_a_suite_counts_its_tests_wherever_they_stand(sandbox: LocalSandbox) -> None:
    problem = Problem(
        id="HumanEval/1", text="Add.", entry_point="add", source="humaneval",
        visible_tests=(AssertTest(code="assert add(1, 2) == 4"),
                       AssertTest(code="assert add(1, 1) == 2", suites=("H",))),
        hidden_tests=(AssertTest(code="assert add(2, 2) == 4", suites=("H", "H+")),
                      AssertTest(code="assert add(-1, -1) == 2", suites=("H+",))),
    )  # fmt: skip
    judge = ProgramJudge(sandbox)
    verdict = judge.score(problem, "def add(a, b):\n    return a + b\n")
    assert not verdict.solved, "a shown example that is wrong"
    assert verdict.suites == {"H": True, "H+": False} and verdict.suite_shares == {"H": 1.0, "H+": 0.5}
    assert (
        judge.score(problem, None).suites == judge.score(problem, "def").suites == {"H": False, "H+": False}
    )


@pytest.mark.slow
def test_stdout_of_a_real_run_cut_short(run: Run, tmp_path: Path) -> None:
    source, script, out = tmp_path / "own.jsonl", tmp_path / "script.jsonl", tmp_path / "out"
    source.write_text(
        "".join(addition(f"test/{n}").model_dump_json() + "\n" for n in range(3)), encoding="utf-8"
    )
    script.write_text(json.dumps({"text": RIGHT}) + "\n", encoding="utf-8")
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
    assert run(*words, "--out", out)[0] == 0
    lines = (out / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (out / "samples.jsonl").write_bytes(b"".join(lines[:3]))
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["run"]["options"]["samples"] == "2"
    status, shown, _ = run("bench", "merge", tmp_path / "again", out, "--json")
    assert status == 0 and json.loads(shown)["complete"] is False
    assert "CUT SHORT: 3 of 6 samples are missing" in run("bench", "show", tmp_path / "again")[1]
