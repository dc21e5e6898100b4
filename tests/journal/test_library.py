"""The list of sessions: right, quick by a disposable index, and with every file that is amiss named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import SessionLocked, UsageError
from assistant.journal import library
from assistant.journal.library import delete_session, find_session, list_sessions
from assistant.journal.session_summary import SessionSummary, summarize
from assistant.journal.writer import Journal
from tests.journal.build import PROBLEM, header, whole_session, write_session


def reread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of journals that are read from now on."""
    names: list[str] = []

    def counted(path: Path) -> SessionSummary:
        names.append(path.stem)
        return summarize(path)

    monkeypatch.setattr(library, "summarize", counted)
    return names


def test_a_summary_says_what_happened(tmp_path: Path) -> None:
    write_session(tmp_path, "s", whole_session("s", feedbacks=2, hidden=False))
    [summary] = list_sessions(tmp_path)
    assert summary.id == "s"
    assert (summary.problem, summary.problem_sha256, summary.source) == (
        "starter/7",
        PROBLEM.sha256,
        "starter",
    )
    assert (summary.annotator, summary.model) == ("anon-tester1", "script")
    assert (summary.state, summary.rounds, summary.feedbacks) == ("solved", 2, 2)
    assert summary.false_solve
    assert not summary.resumable
    assert summary.active_seconds == 40.0
    assert summary.started == "2026-11-23T03:00:00.000000+00:00"


def test_a_false_solve_is_not_told_while_the_session_goes_on(tmp_path: Path) -> None:
    events = whole_session("s", hidden=False)
    for end in ([], [ev.SessionEnded(reason="interrupted")]):
        [summary] = list_sessions(write_session(tmp_path, "s", [*events[:-1], *end]).parents[1])
        assert summary.resumable
        assert not summary.false_solve


@pytest.mark.parametrize("reason", ["solved", "rounds_used_up", "gave_up", "bad_task", "interrupted"])
def test_every_end_has_its_word(tmp_path: Path, reason: ev.EndReason) -> None:
    write_session(tmp_path, "s", [header("s"), ev.SessionEnded(reason=reason)])
    assert list_sessions(tmp_path)[0].state == reason


def test_a_session_that_was_resumed_after_its_end_is_open(tmp_path: Path) -> None:
    resumed = ev.SessionResumed(app_version="2", model=header("s").model, sandbox={})
    write_session(tmp_path, "s", [header("s"), ev.SessionEnded(reason="interrupted"), resumed])
    assert list_sessions(tmp_path)[0].state == "open"


def test_files_that_are_amiss_are_in_the_list_by_name(tmp_path: Path) -> None:
    write_session(tmp_path, "good")
    write_session(tmp_path, "headless", [ev.DraftSaved(text="x")])
    write_session(tmp_path, "astray", [header("astray"), ev.ProgramChosen(program="t9s0")])
    (tmp_path / "2026-11-23" / "foreign.jsonl").write_text('{"other": 1}\n{"other": 2}\n')
    (tmp_path / "2026-11-23" / "notes.txt").write_text("not a journal")
    by_id = {summary.id: summary for summary in list_sessions(tmp_path)}
    assert set(by_id) == {"good", "headless", "astray", "foreign"}
    assert by_id["good"].trouble == ""
    assert "not the start of a session" in by_id["headless"].trouble
    assert "t9s0" in by_id["astray"].trouble
    assert "foreign.jsonl, line 1" in by_id["foreign"].trouble
    assert all(by_id[name].state == "unreadable" for name in by_id.keys() - {"good"})


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_session(tmp_path, name) for name in ("a", "b", "c")]
    names = reread(monkeypatch)
    first = list_sessions(tmp_path)
    assert sorted(names) == ["a", "b", "c"]
    assert list_sessions(tmp_path) == first
    assert len(names) == 3
    write_session(tmp_path, "b", [header("b")])
    paths[2].unlink()
    assert {summary.id: summary.state for summary in list_sessions(tmp_path)} == {"a": "solved", "b": "open"}
    assert names[3:] == ["b"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 5000],
    ids=["empty", "foreign", "broken"],
)
def test_the_index_is_never_the_truth(tmp_path: Path, cache: Path, damage: bytes) -> None:
    write_session(tmp_path, "a")
    first = list_sessions(tmp_path)
    [index] = cache.rglob("*.sqlite3")
    index.write_bytes(damage)
    assert list_sessions(tmp_path) == first
    assert list_sessions(tmp_path) == first
    index.unlink()
    assert list_sessions(tmp_path) == first


def test_an_index_of_another_version_is_dropped(tmp_path: Path, cache: Path) -> None:
    write_session(tmp_path, "a")
    first = list_sessions(tmp_path)
    [index] = cache.rglob("*.sqlite3")
    with sqlite3.connect(index) as connection:
        connection.execute("PRAGMA user_version = 7")
        connection.execute('UPDATE sessions SET summary = \'{"id":"lie","path":"x"}\'')
    connection.close()
    assert list_sessions(tmp_path) == first


def test_a_deleted_session_leaves_the_index_too(tmp_path: Path, cache: Path) -> None:
    delete_session(tmp_path, write_session(tmp_path, "gone"), for_good=True)
    path = write_session(tmp_path, "gone")
    list_sessions(tmp_path)
    path.unlink()
    assert list_sessions(tmp_path) == []
    [index] = cache.rglob("*.sqlite3")
    with sqlite3.connect(index) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    connection.close()


def test_a_cache_that_cannot_be_written_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "file"))
    write_session(tmp_path / "sessions", "a")
    assert len(list_sessions(tmp_path / "sessions")) == 1


def test_a_folder_that_is_not_there_has_no_sessions(tmp_path: Path) -> None:
    assert list_sessions(tmp_path / "none") == []


@pytest.mark.slow
def test_ten_thousand_sessions_are_listed_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = write_session(tmp_path, "s00000", [header("s00000")]).read_bytes()
    for number in range(1, 10_000):
        path = tmp_path / f"2026-11-{number % 30 + 1:02}" / f"s{number:05}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(line.replace(b"s00000", b"s%05d" % number))
    first = list_sessions(tmp_path)
    assert [summary.id for summary in first] == [f"s{number:05}" for number in reversed(range(10_000))]
    names = reread(monkeypatch)
    assert list_sessions(tmp_path) == first
    assert names == []


def test_a_session_is_found_by_the_start_of_its_id_or_of_its_random_part(tmp_path: Path) -> None:
    one = write_session(tmp_path, "20261123-030001-4fabcdefgh")
    two = write_session(tmp_path, "20261123-030002-9zabcdefgh")
    assert find_session(tmp_path, "20261123-030001") == one
    assert find_session(tmp_path, "9z") == two
    assert find_session(tmp_path, str(two)) == two
    assert find_session(tmp_path, one.stem) == one


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ("20261123", r"2 sessions fit 20261123: 20261123-030001-aa, 20261123-030002-aa; give more"),
        ("2027", r"there is no session 2027 in .*; `assistant sessions` lists them"),
        ("", "no session was named"),
        ("../../etc/passwd", "there is no session"),
        ("nowhere.jsonl", "there is no session"),
    ],
)
def test_a_session_that_cannot_be_told_apart_is_refused(tmp_path: Path, wanted: str, word: str) -> None:
    write_session(tmp_path, "20261123-030001-aa")
    write_session(tmp_path, "20261123-030002-aa")
    with pytest.raises(UsageError, match=word):
        find_session(tmp_path, wanted)


def test_a_copy_in_another_day_is_said_with_its_place(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "s.jsonl").write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match=r"2 sessions fit s: .*copies/s\.jsonl"):
        find_session(tmp_path, "s")
    assert find_session(tmp_path, str(path)) == path


def test_a_deleted_session_lies_in_the_trash_with_its_torn_lines(tmp_path: Path) -> None:
    for _ in range(2):
        path = write_session(tmp_path, "s")
        path.with_name("s.torn-1").write_bytes(b"{")
        trash = delete_session(tmp_path, path)
        assert trash == tmp_path / ".trash"
    assert sorted(p.name for p in trash.iterdir()) == ["s.jsonl", "s.jsonl.2", "s.torn-1", "s.torn-1.2"]
    assert list_sessions(tmp_path) == []


def test_deleting_for_good_leaves_nothing(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    path.with_name("s.torn-1").write_bytes(b"{")
    assert delete_session(tmp_path, path, for_good=True) is None
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_session_that_is_being_written_is_not_deleted(tmp_path: Path) -> None:
    journal, _ = Journal.reopen(write_session(tmp_path, "s"))
    with pytest.raises(SessionLocked, match="close it first"):
        delete_session(tmp_path, journal.path)
    journal.close()
    delete_session(tmp_path, journal.path)
