"""A journal has its name from its first whole event on: a kill or a full disk before leaves nothing to repair."""

from __future__ import annotations

import errno
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.core.errors import JournalError, SessionLocked
from assistant.journal import append_only_file, locking
from assistant.journal.library import list_sessions
from assistant.journal.locking import STALE_AFTER, UNBEGUN
from assistant.journal.reader import read_journal
from assistant.journal.scan import scan
from assistant.journal.validation import check_folder
from assistant.journal.writer import Journal
from tests.journal.build import header, write_session

KILLS = 150


def begin(folder: Path, session: str) -> Path:
    journal = Journal.create(folder, session)
    journal.append(header(session))
    journal.close()
    return journal.path


def killed_while_beginning(folder: Path, number: int, after: float) -> None:
    """A child that begins sessions one after the other, killed `after` seconds from its first."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"r")
        for count in range(10_000):
            begin(folder, f"s{number}-{count}")
        os._exit(1)
    os.close(writing)
    os.read(reading, 1)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)


@pytest.mark.slow
def test_a_kill_at_any_moment_of_creation_leaves_whole_journals_or_none(tmp_path: Path) -> None:
    dice = random.Random(13)
    for number in range(KILLS):
        killed_while_beginning(tmp_path, number, dice.uniform(0, 0.02))
    left = [path for path in tmp_path.rglob("*") if path.name.endswith((UNBEGUN, ".lock"))]
    assert left, "some kills must hit a journal that was about to begin, or was being written"
    journals = scan(tmp_path).journals
    assert journals
    assert all(len(read_journal(found.path).events) == 1 for found in journals)
    assert check_folder(tmp_path).findings == ()
    for path in left:
        os.utime(path, (0, 0))
    begin(tmp_path, "later")
    assert not [path for path in left if path.exists()], "the next session removes what kills left behind"


@pytest.mark.slow
def test_every_step_that_is_killed_leaves_no_empty_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by chance: a child ends itself at each system call of the store in turn."""
    for module, names in ((append_only_file.os, ("open", "fsync", "link", "write", "close", "ftruncate")),):
        for name in names:
            for nth in range(4):
                folder = tmp_path / f"{name}{nth}"
                _die_at(folder, module, name, nth)
                if folder.exists():
                    assert not scan(folder).empty
                    assert [f for f in check_folder(folder).findings if f.is_error] == []


def _die_at(folder: Path, module: object, name: str, nth: int) -> None:
    child = os.fork()
    if child == 0:
        real: Callable[..., object] = getattr(module, name)
        calls = [0]

        def dying(*arguments: object, **named: object) -> object:
            calls[0] += 1
            if calls[0] > nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        setattr(module, name, dying)
        begin(folder, "s")
        os._exit(0)
    os.waitpid(child, 0)


def failing_once(error: OSError, real: Callable[..., object]) -> Callable[..., object]:
    left = [1]

    def call(*arguments: object, **named: object) -> object:
        if left[0]:
            left[0] -= 1
            raise error
        return real(*arguments, **named)

    return call


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_first_event_that_fails_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    journal = Journal.create(tmp_path, "s")
    broken = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(append_only_file.os, step, failing_once(broken, getattr(os, step)))
    with pytest.raises(JournalError, match="No space left on device"):
        journal.append(header("s"))
    assert not journal.path.exists()
    journal.append(header("s"))
    assert len(read_journal(journal.path).events) == 1
    journal.close()
    assert [path.name for path in journal.path.parent.iterdir()] == ["s.jsonl"]


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP])
def test_without_hard_links_a_journal_is_renamed_and_nothing_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def no_links(*arguments: object, **named: object) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr(append_only_file.os, "link", no_links)
    path = begin(tmp_path, "s")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="exists already"):
        Journal.create(tmp_path, "s")
    assert path.read_bytes() == before
    assert [found.path for found in scan(tmp_path).journals] == [path]


def test_a_name_taken_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.path.write_text("somebody's")
    with pytest.raises(JournalError, match="File exists"):
        journal.append(header("s"))
    journal.close()
    assert journal.path.read_text() == "somebody's"
    assert [path.name for path in journal.path.parent.iterdir()] == ["s.jsonl"]


def test_a_journal_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.close()
    assert list(journal.path.parent.iterdir()) == []


def test_empty_journals_of_older_versions_are_a_note_and_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "sessions"
    whole = write_session(folder, "whole")
    (whole.parent / "empty.jsonl").touch()
    checked = check_folder(folder)
    assert [(f.kind, f.is_error) for f in checked.findings] == [("empty", False)]
    assert [summary.id for summary in list_sessions(folder)] == ["whole"]


def test_notes_of_locks_that_are_held_or_young_stay(tmp_path: Path) -> None:
    held = Journal.create(tmp_path, "held")
    held.append(header("held"))
    path = begin(tmp_path, "over")
    young, old = path.with_name("young.lock"), path.with_name("over.lock")
    for note in (young, old):
        note.write_text("process 1 on host\n")
    for note in (old, held.path.with_suffix(".lock")):
        os.utime(note, (time.time() - 2 * STALE_AFTER,) * 2)
    begin(tmp_path, "another")
    assert (old.exists(), young.exists(), held.path.with_suffix(".lock").exists()) == (False, True, True)
    with pytest.raises(SessionLocked, match="process"):
        Journal.reopen(held.path)
    held.close()
    assert not locking.is_locked(held.path)
