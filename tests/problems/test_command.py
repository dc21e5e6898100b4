"""`assistant problems` as it is typed: stdout for data, stderr for talk, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli.main import main

GOOD = {"id": "mine/good", "text": "Add.", "entry_point": "add", "visible_tests": ["assert add(1, 2) == 3"],
        "hidden_tests": ["assert add(0, 0) == 0"], "reference": "def add(a, b):\n  return a + b",
        "difficulty": "easy"}  # fmt: skip
BAD = GOOD | {"id": "mine/bad", "hidden_tests": ["assert add(1, 1) == 3"]}
BARE = GOOD | {"id": "mine/bare", "reference": ""}


def source(folder: Path, *records: object) -> str:
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["problems", *words])
    return int(caught.value.code or 0)


def test_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, "not a record", BARE)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["mine/good  easy  Add.", "mine/bare  easy  Add."]
    assert "line 2" in err and "2 problems" in err


def test_listing_as_json_is_a_source_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, BAD), "--json", "--limit", "1") == 0
    first = capsys.readouterr().out
    (tmp_path / "again.jsonl").write_text(first, encoding="utf-8")
    assert run(str(tmp_path / "again.jsonl"), "--json") == 0
    assert capsys.readouterr().out == first


def test_check_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, BARE), "--check") == 0
    assert capsys.readouterr().out == "1 passed, 0 failed, 1 skipped\n"


@pytest.mark.slow
def test_check_fails_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, BAD), "--check") == 1
    *told, last = capsys.readouterr().out.splitlines()
    assert last == "1 passed, 1 failed"
    assert told == ["mine/bad: wrong: assert add(1, 1) == 3: expected 3, got 2"]


@pytest.mark.slow
def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, BAD), "--check", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["passed"], report["failed"]) == (1, 1) and list(report["failures"]) == ["mine/bad"]


def test_one_problem_by_its_short_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(source(tmp_path, GOOD, BAD), "--problem", "good", "--check") == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


@pytest.mark.parametrize(
    "words", [["no-such-source"], ["humaneval", "--problem", "HumanEval/9999"], ["humaneval", "--limit", "0"]]
)
def test_usage_errors_are_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.slow
def test_starter_ships_with_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("starter", "--check") == 0
    assert capsys.readouterr().out.endswith(" passed, 0 failed\n")
