"""The journal: one writer, whole lines, on disk before anybody sees them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import JournalError, SessionLocked
from assistant.core.ids import new_session_id
from assistant.journal import append_only_file
from assistant.journal.codec import FIRST_PREV, hash_of
from assistant.journal.reader import read_journal
from assistant.journal.writer import Journal
from tests.conftest import REPOSITORY
from tests.journal.build import header, whole_session, write_session


def test_a_journal_lies_in_its_day_and_chains_its_lines(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "not" / "there", "s1")
    stamps = [journal.append(event) for event in whole_session("s1")]
    journal.close()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", journal.path.parent.name)
    assert journal.path.name == "s1.jsonl"
    assert sorted(p.name for p in journal.path.parent.iterdir()) == ["s1.jsonl"]
    lines = journal.path.read_bytes().split(b"\n")
    assert [stamp.prev for stamp in stamps] == [FIRST_PREV, *map(hash_of, lines[:-2])]
    assert [stamp.seq for stamp in stamps] == list(range(11))
    assert all(datetime.fromisoformat(stamp.time).utcoffset() is not None for stamp in stamps)
    assert all(a.mono <= b.mono for a, b in pairwise(stamps))


def test_an_event_is_synced_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.append(header("s"))  # the journal has its name from here on
    synced: list[bytes] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(journal.path.read_bytes())

    monkeypatch.setattr(append_only_file.os, "fsync", fsync)
    for count in (2, 3, 4):
        journal.append(ev.DraftSaved(text=str(count)))
        assert synced[-1].count(b"\n") == count
        assert synced[-1] == journal.path.read_bytes()
    journal.close()


def test_reopening_goes_on_where_it_stopped(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    events: list[ev.Event] = [header("s"), ev.DraftSaved(text="a")]
    for event in events:
        journal.append(event)
    journal.close()
    again, read = Journal.reopen(journal.path)
    assert read == events
    assert again.torn_file is None
    assert again.append(ev.DraftSaved(text="b")).seq == 2
    again.close()
    assert read_journal(journal.path).events == [*events, ev.DraftSaved(text="b")]


def test_a_session_is_never_written_over(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.append(header("s"))
    for _ in range(2):
        with pytest.raises(JournalError, match="exists already"):
            Journal.create(tmp_path, "s")
        journal.close()
    assert len(read_journal(journal.path).events) == 1


def test_a_journal_without_an_event_leaves_no_file(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.close()
    assert list(journal.path.parent.iterdir()) == []


def test_a_second_writer_in_this_process_is_refused_by_name(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.append(header("s"))
    with pytest.raises(SessionLocked, match=rf"session s is being written by process {os.getpid()} on \S+"):
        Journal.reopen(journal.path)
    journal.append(ev.DraftSaved(text="still mine"))
    journal.close()
    Journal.reopen(journal.path)[0].close()


WRITER = """
import sys
from pathlib import Path
from assistant.journal.writer import Journal
journal, events = Journal.reopen(Path(sys.argv[1]))
print(len(events), flush=True)
sys.stdin.read()
"""


def test_a_second_writer_in_another_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"11\n"
        with pytest.raises(SessionLocked, match=f"process {other.pid} on"):
            Journal.reopen(path)
        other.kill()
    journal, events = Journal.reopen(path)
    journal.close()
    assert len(events) == 11


def test_threads_share_one_journal(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(lambda n: journal.append(ev.DraftSaved(text=str(n))), range(200)))
    journal.close()
    recording = read_journal(journal.path)
    assert sorted(stamp.seq for stamp in stamps) == list(range(200))
    assert {int(e.text) for e in recording.events if isinstance(e, ev.DraftSaved)} == set(range(200))


def test_a_closed_journal_refuses_events(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "s")
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(header("s"))


def test_a_torn_line_is_saved_before_it_is_cut_off(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    whole = path.read_bytes()
    for number, torn in enumerate([b'{"schema":1,"se', b"\x00\x00\n", b"{"], start=1):
        path.write_bytes(whole + torn)
        journal, events = Journal.reopen(path)
        journal.close()
        assert len(events) == 11
        assert journal.torn_file == path.with_name(f"s.torn-{number}")
        assert journal.torn_file.read_bytes() == torn
        assert path.read_bytes() == whole


def test_a_torn_line_that_cannot_be_saved_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path, "s")
    path.write_bytes(path.read_bytes() + b'{"torn')
    before = path.read_bytes()

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.journal.writer.save_new_file", full)
    with pytest.raises(JournalError, match=r"torn last line cannot be set aside \(No space left"):
        Journal.reopen(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    Journal.reopen(path)[0].close()


def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"hello\nyou\n", b'{"schema":1}\n{"torn'):
        path = tmp_path / "x.jsonl"
        path.write_bytes(content)
        with pytest.raises(JournalError):
            Journal.reopen(path)
        assert path.read_bytes() == content
        assert [p.name for p in tmp_path.iterdir()] == ["x.jsonl"]


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    moments = [
        datetime.fromisoformat(f"2026-11-23T03:00:{second:02}.{micro:06}+00:00")
        for second in (0, 1)
        for micro in (0, 1000, 500_000, 999_999)
    ]
    ids = [new_session_id(moment) for moment in moments]
    assert ids == sorted(ids)
    assert ids[0].startswith("20261123-030000-00")
    assert len({new_session_id(moments[0]) for _ in range(5000)}) == 5000
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-z]{10}", new_session_id()) for _ in range(50))
