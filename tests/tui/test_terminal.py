"""The real command in a real terminal (a pty), driven by keys alone."""

from __future__ import annotations

import base64
import json
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from tests.tui.terminal import Terminal, environment_at


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Answers for the first starter problem: wrong, then right."""
    wrong = "```python\ndef rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n```"
    right = (
        "```python\ndef rotate_left(items, steps):\n    if not items:\n        return []\n"
        "    steps %= len(items)\n    return items[steps:] + items[:steps]\n```"
    )
    file = tmp_path / "script.jsonl"
    file.write_text(
        json.dumps({"entry_point": "rotate_left", "seconds_per_chunk": 0.01, "answers": [wrong, right]})
    )
    return file


@pytest.fixture
def terminal(tmp_path: Path, script: Path) -> Iterator[Terminal]:
    environment = {**environment_at(tmp_path), "EDITOR": str(_editor(tmp_path))}
    environment.pop("VISUAL", None)
    arguments = ["--engine", "scripted", "--script", str(script), "--sessions", str(tmp_path / "sessions")]
    terminal = Terminal(arguments, environment, 120, 36)
    yield terminal
    terminal.kill()


def _editor(folder: Path) -> Path:
    """An editor that mends the function and leaves."""
    path = folder / "editor"
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('    return', "
        "'    steps %= max(1, len(items))\\n    return'))\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _open_rotate_left(terminal: Terminal) -> None:
    terminal.until("Problems  96 of 96")
    terminal.press("rotate")
    terminal.until("Problems  1 of 96")
    terminal.press("enter")


@pytest.mark.slow
def test_a_whole_session_with_a_resize_in_the_middle(terminal: Terminal, tmp_path: Path) -> None:
    _open_rotate_left(terminal)
    terminal.until("2 of 3 pass")
    terminal.press("f7")
    terminal.until("lines copied")
    copied = base64.b64encode(b"def rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n")
    assert b"\x1b]52;c;" + copied in terminal.written, "the terminal's clipboard, also over SSH"
    terminal.press("wrap around the end")
    terminal.resize(80, 24)
    terminal.until("─Code  first answer")  # the small screen's one-line headings
    terminal.until("wrap around the end")
    terminal.press("enter")
    terminal.until("Solved: every visible test passes after 1 round of feedback")
    terminal.press("ctrl+q")
    assert terminal.end() == 0
    session = list_sessions(tmp_path / "sessions")[0]
    assert (session.state, session.feedbacks) == ("solved", 1)


@pytest.mark.slow
def test_the_persons_own_editor_takes_over_the_terminal_and_gives_it_back(
    terminal: Terminal, tmp_path: Path
) -> None:
    _open_rotate_left(terminal)
    terminal.until("2 of 3 pass")
    terminal.until("your turn")  # the hidden tests have run
    terminal.press("f3")
    terminal.until("Solved")
    terminal.press("ctrl+q")
    assert terminal.end() == 0
    events = read_journal(list_sessions(tmp_path / "sessions")[0].path).events
    assert [event.editor for event in events if event.type == "code_edited"] == ["external"]


@pytest.mark.slow
def test_a_terminal_that_is_closed_leaves_a_session_that_can_be_resumed(
    terminal: Terminal, tmp_path: Path
) -> None:
    _open_rotate_left(terminal)
    terminal.until("2 of 3 pass")
    terminal.press("half a thought")
    terminal.until("half a thought")
    time.sleep(2.5)  # the draft is on disk a second after the last key
    terminal.child.kill(9)
    terminal.end()
    session = list_sessions(tmp_path / "sessions")[0]
    assert session.resumable
    drafts = [event.text for event in read_journal(session.path).events if event.type == "draft_saved"]
    assert drafts[-1] == "half a thought"
