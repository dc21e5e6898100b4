"""`import assistant`: light, complete, and enough to hold a session in ten lines."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import assistant
from tests.conftest import REPOSITORY

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"


def test_every_public_name_has_a_docstring_and_other_names_are_an_error() -> None:
    for name in assistant.__all__:
        assert getattr(assistant, name).__doc__, name
        assert name in dir(assistant)
    with pytest.raises(AttributeError):
        assistant.nowhere  # type: ignore[attr-defined]  # noqa: B018


def test_the_import_is_light() -> None:
    code = "import sys, assistant; print([m for m in ('pydantic', 'torch', 'textual', 'httpx') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_example_of_the_guide_runs(tmp_path: Path) -> None:
    page = (REPOSITORY / "assistant" / "guide" / "python.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'feedback_given'" in done.stdout


def test_a_session_from_python(tmp_path: Path) -> None:
    script = tmp_path / "answers.txt"
    script.write_text(f"{WRONG}\n---\n{RIGHT}\n")
    problem = assistant.Problem.model_validate(
        {
            "id": "own/add", "text": "Write add(a, b).", "entry_point": "add", "source": "own",
            "visible_tests": [{"kind": "assert", "code": "assert add(1, 2) == 3"}],
        }
    )  # fmt: skip
    with (
        closing(assistant.open_sandbox()) as sandbox,
        closing(assistant.open_engine("scripted", script=script)) as engine,
    ):
        session = assistant.Session.begin(
            problem, assistant.Settings(), engine, sandbox, tmp_path, annotator="me"
        )
        list(session.start())
        assert not session.state.solved
        list(session.feedback("It subtracts; it should add."))
        session.close()
        assert assistant.judge(problem, RIGHT.strip("`").removeprefix("python\n"), sandbox).passed
    events = assistant.read_journal(session.path).events
    assert events[-1].type == "session_ended"
    assert len(assistant.load_problems()) > 50
