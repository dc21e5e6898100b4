"""Commands given what they cannot use: an exit status, one clear line, never `unexpected` or a traceback."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from assistant.cli.main import main

DEEP = "[" * 100_000
COMMANDS: dict[str, tuple[str, ...]] = {
    "sessions": ("sessions",), "verify": ("verify",), "problems": ("problems",), "analyze": ("analyze",),
    "plain": ("run", "--plain", "--problem", "starter/spiral-in", "--engine", "scripted"),
}  # fmt: skip
Place = Callable[[Path], dict[str, str]]
"""Makes a bad circumstance in a folder, and says the environment of the command."""


def _run(words: tuple[str, ...], folder: Path, redirect: str = "", **environment: str) -> tuple[int, str]:
    """Exit status, and what was said on both streams, of a process of its own."""
    command = f'"$@" {redirect}'
    done = subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-m", "assistant", *words],
        cwd=folder, env={**_environment(folder), **environment}, capture_output=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _run_forked(words: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """The same in a child that has the modules loaded: most of a command's time is their import."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _live(words, folder, said.fileno())
        _, ended = os.waitpid(child, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(ended), said.read().decode("utf-8", "replace")


def _live(words: tuple[str, ...], folder: Path, said: int) -> NoReturn:
    """The child's whole life, with streams, folder and environment of its own."""
    status: object = 70
    try:
        signal.alarm(60)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdin = io.TextIOWrapper(io.FileIO(0))
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(fd, "w")) for fd in (1, 2))
        os.chdir(folder)
        environment = _environment(folder)
        os.environ.clear()
        os.environ.update(environment)
        main(words)
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 70)


def _environment(folder: Path) -> dict[str, str]:
    home = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data")}
    return {name: value for name, value in os.environ.items() if name != "ASSISTANT_SESSIONS"} | home


def _check(status: int, said: str, *, fails: bool = True) -> None:
    assert "Traceback" not in said, said
    assert "unexpected" not in said, said
    assert (status in (1, 2)) is fails, (status, said)
    if fails:
        assert said.strip().splitlines()[-1].startswith("assistant: "), said


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("words", [("problems",), ("--help",), ("--version",), ("doctor", "--help")])
@pytest.mark.parametrize(
    ("redirect", "says"), [(">/dev/full", "cannot be written (No space left"), (">&-", "output is closed")]
)
def test_output_that_cannot_be_written(
    tmp_path: Path, words: tuple[str, ...], redirect: str, says: str
) -> None:
    status, said = _run(words, tmp_path, redirect)
    _check(status, said)
    assert says in said


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sessions", "verify", "analyze"])
@pytest.mark.parametrize("folder", ["~nosuchuser/x", "/dev/null/x", "/proc/1/x"])
def test_a_folder_of_sessions_that_is_none(tmp_path: Path, command: str, folder: str) -> None:
    status, said = _run_forked((*COMMANDS[command], "--sessions", folder), tmp_path)
    _check(status, said, fails=status != 0)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sessions", "verify", "plain"])
@pytest.mark.parametrize(
    "text",
    [
        'sessions = "a\\u0000b"',
        'sessions = "~nosuchuser/x"',
        f"x = {DEEP}",
        "theme = 3\nnothing = 1",
        "= = =",
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, command: str, text: str) -> None:
    (tmp_path / "config" / "assistant").mkdir(parents=True)
    (tmp_path / "config" / "assistant" / "settings.toml").write_text(text)
    status, said = _run_forked(COMMANDS[command], tmp_path)
    _check(status, said, fails=status != 0)
    if command == "plain":
        assert "settings.toml" in said or "is no folder" in said


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sessions", "plain"])
def test_settings_that_are_no_file(tmp_path: Path, command: str) -> None:
    (tmp_path / "config" / "assistant").mkdir(parents=True)
    _fifo(tmp_path / "config" / "assistant" / "settings.toml")
    status, said = _run_forked(COMMANDS[command], tmp_path)
    _check(status, said, fails=status != 0)


@pytest.mark.slow
@pytest.mark.parametrize("given", ["zero", "fifo", "folder", "deep", "latin", "missing"])
@pytest.mark.parametrize(
    "command",
    [
        ("import",),
        ("study", "check"),
        ("verify", "--against"),
        ("run", "--plain", "--engine", "scripted", "--study"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, command: tuple[str, ...], given: str) -> None:
    place = {"zero": Path("/dev/zero"), "folder": tmp_path}.get(given, tmp_path / "given.jsonl")
    if given == "fifo":
        _fifo(place)
    elif given == "deep":
        place.write_text(DEEP)
    elif given == "latin":
        place.write_bytes(b'{"a": "\xe9"}\n')
    status, said = _run_forked((*command, str(place)), tmp_path)
    _check(status, said)


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'rmdir "{gone}"; "{sys.executable}" -m assistant sessions'
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONPATH": str(_repository())}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=gone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    _check(done.returncode, done.stdout + done.stderr, fails=done.returncode != 0)


def _repository() -> Path:
    return Path(__file__).resolve().parents[2]


def test_a_terminal_without_the_letters(tmp_path: Path) -> None:
    problem = (
        '{"id": "mine/é", "text": "R\\ud800e ", "entry_point": "f", "visible_tests": ["assert f(1) == 2"]}\n'
    )
    (tmp_path / "mine.jsonl").write_text(problem)
    status, said = _run(("problems", "mine.jsonl"), tmp_path, PYTHONIOENCODING="ascii", LC_ALL="C")
    _check(status, said, fails=status != 0)
