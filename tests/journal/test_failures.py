"""Disk full, folder gone, file changed: one clear line, a journal that stays valid, and the event can be retried."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import JournalError, SessionLocked
from assistant.journal import append_only_file
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.journal.writer import Journal
from assistant.storage import durable_io
from tests.journal.build import header, write_session

BIG = ev.DraftSaved(text="x" * 20_000)


def refused(journal: Journal, event: ev.Event, word: str) -> None:
    """`append` fails in one line that has `word`, and the journal is as it was."""
    with pytest.raises(JournalError, match=word) as caught:
        journal.append(event)
    assert "\n" not in str(caught.value)
    assert str(journal.path) in str(caught.value)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.create(tmp_path / "sessions", "s")
    journal.append(header("s"))
    yield journal
    journal.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """`folder` as a file system of 64 KiB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a full disk needs the right to mount one; the file size limit is tested beside it")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_the_event_can_be_retried(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        journal = Journal.create(tmp_path / "disk", "s")
        written: list[ev.Event] = [header("s")]
        journal.append(written[0])
        with pytest.raises(JournalError, match="No space left on device"):
            for _ in range(10):
                journal.append(BIG)
                written.append(BIG)
        assert 1 < len(written) < 5
        recording = read_journal(journal.path)
        assert recording.events == written
        assert recording.torn == b""
        refused(journal, BIG, "No space left")
        subprocess.run(["mount", "-o", "remount,size=1m", str(tmp_path / "disk")], check=True)
        assert journal.append(BIG).seq == len(written)
        journal.close()
        assert read_journal(journal.path).events == [*written, BIG]


def begin(folder: Path) -> None:
    """A session as far as its first event."""
    journal = Journal.create(folder, "s")
    try:
        journal.append(header("s"))
    finally:
        journal.close()


def test_on_a_full_disk_no_session_begins_and_none_is_half_made(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        (tmp_path / "disk" / "filler").write_bytes(b"x" * 65536)
        with pytest.raises(JournalError, match="No space left"):
            begin(tmp_path / "disk")
        assert [p.name for p in (tmp_path / "disk").rglob("*") if p.is_file()] == ["filler"]


def test_a_write_that_stops_halfway_is_cut_back(journal: Journal) -> None:
    before = journal.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5000, hard))
    try:
        refused(journal, BIG, "File too large")
        assert journal.path.read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.append(BIG)
    assert read_journal(journal.path).events == [header("s"), BIG]


def failing(error: BaseException, times: int, real: Callable[..., object]) -> Callable[..., object]:
    """`real`, after `times` failures with `error`."""
    left = [times]

    def call(*arguments: object) -> object:
        if left[0]:
            left[0] -= 1
            raise error
        return real(*arguments)

    return call


def test_a_disk_that_cannot_sync_has_not_recorded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = OSError(errno.EIO, "Input/output error")
    monkeypatch.setattr(append_only_file.os, "fsync", failing(broken, 1, os.fsync))
    refused(journal, BIG, "Input/output error")
    assert journal.append(BIG).seq == 1
    assert len(read_journal(journal.path).events) == 2


def test_remains_that_could_not_be_cut_off_are_cut_off_before_the_next_event(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = OSError(errno.EIO, "Input/output error")
    monkeypatch.setattr(append_only_file.os, "fsync", failing(broken, 1, os.fsync))
    monkeypatch.setattr(append_only_file.os, "ftruncate", failing(broken, 1, os.ftruncate))
    refused(journal, BIG, "Input/output error")
    assert len(journal.path.read_bytes()) > 20_000, "the remains are there"
    journal.append(ev.DraftSaved(text="another"))
    assert read_journal(journal.path).events == [header("s"), ev.DraftSaved(text="another")]


def test_ctrl_c_while_syncing_leaves_a_valid_journal(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_only_file.os, "fsync", failing(KeyboardInterrupt(), 1, os.fsync))
    with pytest.raises(KeyboardInterrupt):
        journal.append(BIG)
    assert read_journal(journal.path).events == [header("s")]
    assert journal.append(BIG).seq == 1


def test_a_removed_folder_is_put_back_with_every_event(journal: Journal) -> None:
    shutil.rmtree(journal.path.parents[1])
    refused(journal, BIG, "removed while the session was running; it has been put back")
    assert read_journal(journal.path).events == [header("s")]
    with pytest.raises(SessionLocked):
        Journal.reopen(journal.path)
    journal.append(BIG)
    assert read_journal(journal.path).events == [header("s"), BIG]


def test_a_removed_journal_is_put_back_on_closing(journal: Journal) -> None:
    journal.append(BIG)
    shutil.rmtree(journal.path.parents[1])
    journal.close()
    assert read_journal(journal.path).events == [header("s"), BIG]
    assert verify_folder(journal.path.parents[1]) == []


def test_a_removed_folder_that_cannot_be_made_again_is_said_and_made_later(journal: Journal) -> None:
    root = journal.path.parents[1]
    shutil.rmtree(root)
    root.write_text("in the way")
    for _ in range(2):
        refused(
            journal,
            BIG,
            r"removed and cannot be put back .*sessions is not a folder.; its events are kept in memory",
        )
    root.unlink()
    refused(journal, BIG, "has been put back")
    journal.append(BIG)
    assert read_journal(journal.path).events == [header("s"), BIG]


def test_a_moved_folder_is_said_and_found_again(journal: Journal) -> None:
    root = journal.path.parents[1]
    root.rename(root.with_name("elsewhere"))
    refused(journal, BIG, "moved or replaced")
    root.with_name("elsewhere").rename(root)
    journal.append(BIG)
    assert len(read_journal(journal.path).events) == 2


def test_another_file_in_its_place_is_not_touched(journal: Journal) -> None:
    journal.path.unlink()
    journal.path.write_text("somebody's")
    refused(journal, BIG, r"cannot be put back \(File exists\)")
    journal.close()
    assert journal.path.read_text() == "somebody's"


@pytest.mark.parametrize("change", [b"an editor's line\n", b""])
def test_a_file_that_another_program_changes_is_not_written_on(journal: Journal, change: bytes) -> None:
    before = journal.path.read_bytes()
    with journal.path.open("r+b") as file:
        file.truncate(len(before) if change else 10)
        file.seek(0, os.SEEK_END)
        file.write(change)
    refused(journal, BIG, "changed by another program")
    with journal.path.open("r+b") as file:
        file.write(before)
        file.truncate()
    journal.append(BIG)
    assert len(read_journal(journal.path).events) == 2


def test_a_folder_that_cannot_be_made_or_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "sessions"):
        with pytest.raises(JournalError, match=r"cannot be created .*file is not a folder.*--sessions"):
            Journal.create(folder, "s")


def test_a_read_only_disk_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        path = write_session(tmp_path / "disk", "s")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        with pytest.raises(JournalError, match=r"cannot be opened for writing \(Read-only file system\)"):
            Journal.reopen(path)
        with pytest.raises(JournalError, match=r"cannot be created \(Read-only file system\)"):
            Journal.create(tmp_path / "disk", "t")
        assert len(read_journal(path).events) == 11


def test_a_file_system_that_cannot_sync_folders_still_takes_journals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(durable_io.os, "fsync", fsync)
    journal = Journal.create(tmp_path, "s")
    journal.append(header("s"))
    journal.close()
    assert len(read_journal(journal.path).events) == 1
