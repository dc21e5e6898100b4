"""`assistant check` as a script would use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KEYS = {"outcome", "sealed", "layers", "cases", "stdout"}
CASE_KEYS = {"test", "outcome", "expected", "actual", "message", "seconds"}


def check(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "check", *arguments], input=stdin, capture_output=True
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    status, out, err = check(*arguments, "--json")
    assert out, err
    document: dict[str, Any] = json.loads(out)
    return status, document


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "double.py"
    path.write_text("def f(x):\n    print('called')\n    return x * 2\n")
    return path


@pytest.mark.slow
def test_all_passed(program: Path) -> None:
    status, report = check_json(str(program), "--test", "assert f(2) == 4", "--test", "assert f(0) == 0")
    assert (
        status == 0 and report.keys() >= KEYS and report["outcome"] == "passed" and report["sealed"] is True
    )
    assert all(case.keys() >= CASE_KEYS for case in report["cases"])
    assert report["stdout"] == "called\ncalled\n" and report["layers"]["seccomp"]


@pytest.mark.slow
def test_one_wrong(program: Path) -> None:
    status, report = check_json(str(program), "--test", "assert f(2) == 4", "--test", "assert f(2) == [5]")
    assert status == 1 and report["outcome"] == "wrong"
    assert report["cases"][1]["expected"] == "[5]" and report["cases"][1]["actual"] == "4"


@pytest.mark.slow
def test_for_people(program: Path) -> None:
    status, out, _ = check(str(program), "--test", "assert f(2) == 5")
    assert status == 1 and "expected 5, got 4" in out and "0 of 1 passed: wrong" in out


@pytest.mark.slow
def test_a_problem_of_the_starter_set(tmp_path: Path) -> None:
    from assistant.problems.load import load_source

    chosen = next(iter(load_source("starter").problems))
    path = tmp_path / "reference.py"
    path.write_text(chosen.reference)
    status, report = check_json(str(path), "--problem", chosen.id)
    assert status == 0 and len(report["cases"]) == len(chosen.visible_tests) + len(chosen.hidden_tests)


@pytest.mark.slow
def test_standard_input() -> None:
    status, out, _ = check("-", "--test", "assert f(2) == 4", stdin=b"def f(x):\n    return x * 2\n")
    assert status == 0 and "1 of 1 passed" in out


@pytest.mark.slow
def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_bytes(b"\xff\xfe\x00")
    status, report = check_json(str(path), "--test", "assert f(2) == 4")
    assert status == 1 and report["outcome"] == "not_runnable" and report["cases"][0]["message"]


@pytest.mark.slow
def test_timeout(tmp_path: Path) -> None:
    path = tmp_path / "hang.py"
    path.write_text("def f(x):\n    while True: pass\n")
    status, report = check_json(str(path), "--test", "assert f(2) == 4", "--timeout", "0.3")
    assert status == 1 and report["outcome"] == "timed_out" and report["cases"][0]["seconds"] < 30


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("nowhere.py", "--test", "assert f(2) == 4"),
        ("pyproject.toml",),
        (),
        ("pyproject.toml", "--problem", "no such"),
    ],
)
def test_usage(arguments: tuple[str, ...]) -> None:
    status, out, err = check(*arguments)
    assert status == 2 and not out and "Traceback" not in err and err.strip()


@pytest.mark.slow
def test_an_unsafe_run_says_so(program: Path) -> None:
    status, out, err = check(str(program), "--test", "assert f(2) == 4", "--unsafe-run", "--json")
    assert status == 0 and json.loads(out)["layers"]["unsafe"] is True and "UNSAFE RUN" in err
