"""A session in plain lines says what its walls are, and which verdicts are unsealed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBLEM = {
    "id": "own/point",
    "text": "Write a class Point with an attribute x.",
    "entry_point": "Point",
    "visible_tests": [{"kind": "assert", "code": "assert Point(3).x == 3"}],
}
ANSWER = "```python\nclass Point:\n    def __init__(self, x):\n        self.x = x\n```"


def session(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """One session on PROBLEM with one scripted answer: what was said, and the journal's lines."""
    (folder / "own.jsonl").write_text(json.dumps(PROBLEM) + "\n")
    (folder / "script.jsonl").write_text(json.dumps({"entry_point": "Point", "answers": [ANSWER]}) + "\n")
    arguments = ["run", "--plain", "--engine", "scripted", "--script", str(folder / "script.jsonl")]
    arguments += ["--problems", str(folder / "own.jsonl"), "--problem", "own/point"]
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments, "--sessions", str(folder / "sessions"), *options],
        input="",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (journal,) = (folder / "sessions").rglob("*.jsonl")
    return done, [json.loads(line) for line in journal.read_text().splitlines()]


@pytest.mark.slow
def test_unsealed_verdicts_are_told_on_screen_and_in_the_journal(tmp_path: Path) -> None:
    done, lines = session(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "unsealed" in done.stdout
    assert lines[0]["sandbox"]["landlock"] and lines[0]["sandbox"]["seccomp"]
    finished = next(line for line in lines if line["type"] == "tests_finished")
    assert finished["visible"]["sealed"] is False and finished["visible"]["cases"][0]["sealed"] is False


@pytest.mark.slow
def test_an_unsafe_session_keeps_saying_so(tmp_path: Path) -> None:
    done, lines = session(tmp_path, "--unsafe-run")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("UNSAFE RUN") >= 2
    assert lines[0]["sandbox"] == {"unsafe": True}
