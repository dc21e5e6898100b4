"""Files that do not belong are named, counted and left out; nothing is dropped in silence."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from assistant.core.events import SCHEMA
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.screening import Screened
from assistant.journal.validation import check_folder
from tests.analysis.simulation import World, chained, session_events, write_world

pytest.importorskip("duckdb")

WORLD = World(sessions=8, problems=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_world(tmp_path, WORLD)
    return tmp_path


def screen(folder: Path) -> Screened:
    return read_sessions(folder)[1]


def _journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.jsonl"))


def _rechained(path: Path, change) -> None:  # type: ignore[no-untyped-def]
    """The journal with `change(event)` applied, under a hash chain that holds."""
    events = [json.loads(line) for line in path.read_bytes().splitlines()]
    for event in events:
        for name in ("schema", "seq", "time", "mono", "prev"):
            del event[name]
        change(event)
    path.write_bytes(b"".join(line + b"\n" for line in chained(iter(events))))


def test_sound_journals_are_all_read(folder: Path) -> None:
    sessions, screened = read_sessions(folder)
    assert len(sessions) == WORLD.sessions == len(screened.journals)
    assert screened.left_out == ()
    assert screened.events == sum(len(read_journal(path).events) for path in _journals(folder))


def test_simulated_journals_are_what_the_app_would_write(folder: Path) -> None:
    assert check_folder(folder).ok


def test_the_data_are_named_by_the_hashes_of_the_journals(folder: Path) -> None:
    tips = sorted(journal.tip for journal in check_folder(folder).journals)
    expected = hashlib.sha256("".join(f"{tip}\n" for tip in tips).encode()).hexdigest()
    assert screen(folder).sha256 == expected
    shutil.move(_journals(folder)[0], folder / "2026-11-23" / "elsewhere.jsonl")
    assert screen(folder).sha256 == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.txt", b"hello", "foreign"),
        ("data.jsonl", b'{"id": 1, "text": "no journal"}\n{"id": 2}\n', "schema"),
        ("picture.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00\n\xff\xfe\n", "json"),
        ("nothing.jsonl", b"", "empty"),
        ("list.jsonl", b"[1, 2]\n[3]\n", "json"),
    ],
)
def test_foreign_files(folder: Path, name: str, content: bytes, reason: str) -> None:
    path = folder / "2026-11-23" / name
    path.write_bytes(content)
    sessions, screened = read_sessions(folder)
    assert len(sessions) == WORLD.sessions
    assert [(item.path, item.reason) for item in screened.left_out] == [(path, reason)]


def test_a_truncated_journal(folder: Path) -> None:
    path = _journals(folder)[2]
    path.write_bytes(path.read_bytes()[:-20])
    sessions, screened = read_sessions(folder)
    assert len(sessions) == WORLD.sessions - 1
    assert [(item.path, item.reason) for item in screened.left_out] == [(path, "truncated")]


def test_a_journal_cut_within_a_line(folder: Path) -> None:
    path = _journals(folder)[2]
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:3], lines[3][:50]]) + b"\n" + b"\n".join(lines[4:]))
    (item,) = read_sessions(folder)[1].left_out
    assert (item.reason, item.message.split(":")[0]) == ("json", "line 4")


@pytest.mark.parametrize("line", [0, 2, 4])
def test_a_hand_edited_journal(folder: Path, line: int) -> None:
    path = _journals(folder)[3]
    lines = path.read_bytes().split(b"\n")
    lines[line] = (
        lines[line].replace(b"simulated", b"simulatee").replace(b"wrong", b"right").replace(b"s0", b"s0 ")
    )
    path.write_bytes(b"\n".join(lines))
    sessions, screened = read_sessions(folder)
    assert len(sessions) == WORLD.sessions - 1
    (item,) = screened.left_out
    assert (item.path, item.reason) == (path, "changed")


@pytest.mark.parametrize("order", ["swapped", "dropped", "doubled"])
def test_lines_out_of_order(folder: Path, order: str) -> None:
    path = _journals(folder)[3]
    lines = path.read_bytes().split(b"\n")
    changed = {
        "swapped": [*lines[:2], lines[3], lines[2], *lines[4:]],
        "dropped": [*lines[:2], *lines[3:]],
        "doubled": [*lines[:3], *lines[2:]],
    }
    path.write_bytes(b"\n".join(changed[order]))
    (item,) = read_sessions(folder)[1].left_out
    assert item.reason == "changed"
    assert item.message.startswith(("line 3", "line 4"))


def test_a_changed_problem_under_a_chain_that_holds(folder: Path) -> None:
    def easier(event: dict) -> None:  # type: ignore[type-arg]
        if event["type"] == "session_started":
            event["problem"]["hidden_tests"] = []

    path = _journals(folder)[0]
    _rechained(path, easier)
    (item,) = read_sessions(folder)[1].left_out
    assert item.path == path
    assert "does not have the hash" in item.message


@pytest.mark.parametrize("schema", [0, SCHEMA + 1])
def test_mixed_schemas(folder: Path, schema: int) -> None:
    path = _journals(folder)[1]
    lines = path.read_bytes().splitlines()
    lines[-1] = lines[-1].replace(b'"schema":1', b'"schema":%d' % schema)
    path.write_bytes(b"\n".join(lines) + b"\n")
    (item,) = read_sessions(folder)[1].left_out
    assert item.reason == "schema"
    assert f"line {len(lines)}" in item.message


def test_the_same_session_twice(folder: Path) -> None:
    path = _journals(folder)[0]
    (folder / "2026-11-24").mkdir()
    shutil.copy(path, folder / "2026-11-24" / path.name)
    sessions, screened = read_sessions(folder)
    assert len(sessions) == WORLD.sessions
    assert [item.reason for item in screened.left_out] == ["duplicate"]
    assert "which is read" in screened.left_out[0].message


def test_two_journals_that_both_claim_to_be_one_session(folder: Path) -> None:
    path = _journals(folder)[0]
    other = folder / "2026-11-23" / "other.jsonl"
    other.write_bytes(b"".join(line + b"\n" for line in chained(session_events(WORLD, 99, path.stem))))
    sessions, screened = read_sessions(folder)
    assert {item.path for item in screened.left_out} == {path, other}
    assert path.stem not in {session.id for session in sessions}


def test_json_in_another_spacing_is_still_a_journal(folder: Path) -> None:
    path = _journals(folder)[0]
    before = read_sessions(folder)[0]
    prev, spaced = hashlib.sha256(b"").hexdigest(), []
    for line in path.read_bytes().splitlines():
        record = json.loads(line) | {"prev": prev}
        spaced.append(json.dumps(dict(reversed(record.items())), indent=None).encode())
        prev = hashlib.sha256(spaced[-1]).hexdigest()
    path.write_bytes(b"\n".join(spaced) + b"\n")
    assert read_sessions(folder)[0] == before


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        (lambda event: event.update(round="two") if "round" in event else None, False),
        (lambda event: event.update(round=10**12) if event["type"] == "feedback_given" else None, False),
        (lambda event: event.update(finish=[1]) if "finish" in event else None, False),
        (lambda event: event["visible"].pop("outcome") if "visible" in event else None, False),
        (lambda event: event.update(type="tests_finishd") if "visible" in event else None, False),
        (lambda event: event.update(mood="good") if event["type"] == "session_ended" else None, True),
        (lambda event: event.pop("kinds", None), True),
    ],
)
def test_nonsense_under_a_chain_that_holds(folder: Path, change, is_read: bool) -> None:  # type: ignore[no-untyped-def]
    """What DuckDB cannot make sense of, or finds lacking, is judged line by line; the others stay as they were."""
    path = next(p for p in _journals(folder) if b"feedback_given" in p.read_bytes())
    before = {session.id: session for session in read_sessions(folder)[0]}
    _rechained(path, change)
    sessions, screened = read_sessions(folder)
    assert [item.path for item in screened.left_out] == ([] if is_read else [path])
    after = {session.id: session for session in sessions}
    assert (path.stem in after) is is_read
    others = before.keys() - {path.stem}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert read_sessions(tmp_path)[0] == []
