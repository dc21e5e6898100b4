"""Signals to the real program: the terminal is given back, the journal is whole, the exit status names the signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from tests.tui.terminal import Terminal, environment_at

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[steps:]\n```"
GIVEN_BACK = (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[?25h")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    script = tmp_path / "script.jsonl"
    answers = [WRONG, {"text": WRONG, "seconds_per_chunk": 0.5}]
    script.write_text(json.dumps({"entry_point": "rotate_left", "answers": answers}))
    words = ["--engine", "scripted", "--script", str(script), "--sessions", str(tmp_path / "sessions")]
    terminal = Terminal([*words, "--problem", "starter/rotate-left"], environment_at(tmp_path), 100, 30)
    yield terminal
    terminal.kill()


@pytest.mark.slow
@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_app_in_order(
    terminal: Terminal, tmp_path: Path, number: signal.Signals, writing: bool
) -> None:
    terminal.until("your turn")
    if writing:
        terminal.press("words", "enter")
        terminal.until("writing")
    os.kill(terminal.child.pid, number)
    assert terminal.end() == 128 + number
    assert all(end in terminal.written for end in GIVEN_BACK)
    session = list_sessions(tmp_path / "sessions")[0]
    assert session.resumable
    assert read_journal(session.path).events[-1].type == "session_ended"


@pytest.mark.slow
def test_ctrl_z_suspends_and_the_words_are_still_there(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("your turn")
    terminal.press("half a th")
    terminal.until("half a th")
    terminal.press("\x1a")
    deadline = time.monotonic() + 60
    while _state_of(terminal.child.pid) != "T" and time.monotonic() < deadline:
        terminal.read()
    assert _state_of(terminal.child.pid) == "T"
    while b"\x1b[?1049l" not in terminal.written and time.monotonic() < deadline:
        terminal.read()  # what it wrote before it stopped may still be in the terminal's buffer
    assert b"\x1b[?1049l" in terminal.written
    os.kill(terminal.child.pid, signal.SIGCONT)
    terminal.until("half a th")
    terminal.press("ought")
    terminal.until("half a thought")
    terminal.press("enter")
    terminal.until("writing")
    events = read_journal(list_sessions(tmp_path / "sessions")[0].path).events
    assert [event.text for event in events if event.type == "feedback_given"] == ["half a thought"]


def _state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("arguments", [["--version"], ["run"], ["problems"]])
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.3, 0.6])
def test_ctrl_c_while_the_program_starts_is_one_line(
    tmp_path: Path, arguments: list[str], delay: float
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "assistant", *arguments],
        env=dict(environment_at(tmp_path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stderr is not None
    for line in program.stderr:  # Python itself has started, and our first module is there
        if b"assistant.cli.startup" in line:
            next(program.stderr)  # the first import that it guards
            break
    time.sleep(delay)
    program.send_signal(signal.SIGINT)
    told = [line for line in program.communicate(timeout=120)[1].splitlines() if b"import time:" not in line]
    # What the command itself says stands before it where the signal came late: how many problems, a note.
    before = [line for line in told[:-1] if line != b"96 problems" and not line.startswith(b"note: ")]
    ends_well = told[-1:] == [b"assistant: interrupted"] and not before
    assert program.returncode in (0, 2) or (program.returncode == 130 and ends_well)
    assert b"Traceback" not in b"".join(told)


@pytest.mark.parametrize(("signalled", "status"), [("os.kill(os.getpid(), signal.SIGINT)", 130), ("pass", 1)])
def test_ctrl_c_that_a_library_answers_with_its_own_error_is_one_line(
    tmp_path: Path, signalled: str, status: int
) -> None:
    """pydantic, interrupted while it builds a class, says SchemaError; without Ctrl+C the error is told as it is."""
    (tmp_path / "library.py").write_text(
        f"import os, signal, time\ntry:\n    {signalled}\n    time.sleep(0.1)\n    raise KeyError\n"
        "except BaseException:\n    raise ValueError('built badly') from None\n"
    )
    commands = (
        "from assistant.cli import main, registry\n"
        "registry.register = lambda app: app.command('problems')(lambda: __import__('library'))\n"
        "main.main(['problems'])"
    )
    program = subprocess.run(
        [sys.executable, "-c", commands],
        env={**environment_at(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert program.returncode == status
    assert program.stderr.count("\n") == 1
    assert ("interrupted" in program.stderr) == (status == 130)
    assert ("built badly" in program.stderr) == (status == 1)
