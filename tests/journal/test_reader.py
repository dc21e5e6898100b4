"""Reading names the file and line of whatever is wrong, and never takes a changed journal for a whole one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import JournalError
from assistant.journal import migrations
from assistant.journal.codec import hash_of
from assistant.journal.reader import read_journal
from tests.journal.build import whole_session, write_session


def test_a_session_reads_back(tmp_path: Path) -> None:
    events = whole_session("s", feedbacks=3)
    recording = read_journal(write_session(tmp_path, "s", events))
    assert recording.events == events
    assert [stamp.seq for stamp in recording.stamps] == list(range(len(events)))
    assert recording.tip == hash_of(recording.path.read_bytes().split(b"\n")[-2])


@pytest.mark.parametrize("line", range(1, 11))
def test_an_edit_of_any_line_but_the_last_is_noticed_on_the_next(tmp_path: Path, line: int) -> None:
    path = write_session(tmp_path, "s")
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 11
    lines[line - 1] = lines[line - 1].replace(b"2026-11-23T03", b"2026-11-23T04")
    path.write_bytes(b"".join(lines))
    if line == 10:
        with pytest.raises(JournalError, match=r"line 11: .*line 10 was changed"):
            read_journal(path)
    else:
        with pytest.raises(JournalError, match=rf"s\.jsonl, line {line + 1}: .*line {line} was changed"):
            read_journal(path)


def test_the_tip_notices_an_edit_of_the_last_line(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    tip = read_journal(path).tip
    path.write_bytes(path.read_bytes().replace(b'"reason":"solved"', b'"reason":"gave_up"'))
    assert read_journal(path).tip != tip


@pytest.mark.parametrize(("gone", "word"), [(0, "line 1"), (1, "line 2"), (5, "line 6")])
def test_a_line_taken_out_is_noticed(tmp_path: Path, gone: int, word: str) -> None:
    path = write_session(tmp_path, "s")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(JournalError, match=rf"{word}: seq is {gone + 1}, expected {gone}"):
        read_journal(path)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "no complete event"),
        (b"hello\n", "no complete event"),
        (b"hello\nyou\n", "line 1: not JSON"),
        (b'{"a": 1}\n{"a": 2}\n', "line 1: schema is None"),
        (b'{"schema": true}\n', "schema is True"),
        (b'{"schema": 0}\n', "schema is 0"),
        (b'{"schema": 99, "type": "telepathy"}\n', "schema 99, this version reads up to 1: update assistant"),
        (b'{"schema": 1, "type": "telepathy"}\n', "line 1: seq"),
        (b"\x00" * 4096, "no complete event"),
    ],
)
def test_foreign_and_future_files_are_refused_in_one_line(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "foreign.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError) as caught:
        read_journal(path)
    assert word in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(JournalError, match="cannot be read"):
            read_journal(path)


def test_every_cut_of_the_last_line_is_torn_and_nothing_else_is_lost(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    data = path.read_bytes()
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(start, len(data)):
        path.write_bytes(data[:cut])
        recording = read_journal(path)
        assert recording.torn == data[start:cut]
        assert len(recording.events) == 10


def test_a_last_line_of_zeros_from_a_power_cut_is_torn(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    path.write_bytes(path.read_bytes() + b"\x00" * 100 + b"\n")
    recording = read_journal(path)
    assert recording.torn == b"\x00" * 100 + b"\n"
    assert len(recording.events) == 11


def test_separators_that_are_not_newlines_do_not_split_lines(tmp_path: Path) -> None:
    odd = "a\u2028b\u2029c\x85d\x0be\rf\r\ng"
    events = [*whole_session("s")[:1], ev.DraftSaved(text=odd)]
    assert read_journal(write_session(tmp_path, "s", events)).events == events


def test_older_schemas_are_upgraded_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_session(tmp_path, "s", [*whole_session("s")[:1], ev.DraftSaved(text="x")])
    monkeypatch.setattr(migrations, "SCHEMA", 3)
    with pytest.raises(JournalError, match="line 1: no way is known from schema 1 to 2"):
        read_journal(path)
    steps: list[tuple[int, str]] = []

    def step(to: int) -> migrations.Upgrade:
        def run(record: migrations.Record) -> migrations.Record:
            steps.append((to, record["type"]))
            return record | ({"text": record["text"] + str(to)} if "text" in record else {})

        return run

    monkeypatch.setattr(migrations, "UPGRADES", {1: step(2), 2: step(3)})
    before = path.read_bytes()
    recording = read_journal(path)
    assert recording.events[1] == ev.DraftSaved(text="x23")
    assert steps == [(2, "session_started"), (3, "session_started"), (2, "draft_saved"), (3, "draft_saved")]
    assert recording.stamps[0].schema_ == 1, "the stamp says what was written"
    assert path.read_bytes() == before


def test_lines_of_several_schemas_may_follow_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path, "s", whole_session("s")[:1])
    first = path.read_bytes().rstrip(b"\n")
    second = {"schema": 2, "seq": 1, "time": "t", "mono": 1.0, "prev": hash_of(first)}
    path.write_bytes(
        first + b"\n" + json.dumps(second | {"type": "draft_saved", "text": "new"}).encode() + b"\n"
    )
    monkeypatch.setattr(migrations, "SCHEMA", 2)
    monkeypatch.setattr(migrations, "UPGRADES", {1: lambda record: record})
    assert [stamp.schema_ for stamp in read_journal(path).stamps] == [1, 2]
