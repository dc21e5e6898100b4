"""Many journals into records: the same by one process and by several, and every bad file by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.core import events as ev
from assistant.core.problem import Problem
from assistant.journal import load
from assistant.journal.fast_validation import LeftOut, ValidatedJournal
from assistant.journal.load import read_recordings, read_session, read_sessions
from assistant.journal.records import SessionRecord
from tests.analysis.simulation import World, chained, write_world
from tests.datasets.build import RIGHT, WRONG, Script, problem
from tests.journal.build import whole_session, write_session

WORLD = World(sessions=12, problems=5, edits=0.2)


def read(path: Path, *, content: bool = True) -> tuple[ValidatedJournal | LeftOut, SessionRecord | None]:
    return read_session(path, lambda _, record: Problem.model_validate(record), content=content)


def record(path: Path) -> SessionRecord:
    _, session = read(path)
    assert session is not None
    return session


def changed(path: Path, change: Any) -> Path:
    """The journal with `change(event)` applied, under a hash chain that holds."""
    events = [json.loads(line) for line in path.read_bytes().splitlines()]
    for event in events:
        for name in ("schema", "seq", "time", "mono", "prev"):
            del event[name]
        change(event)
    path.write_bytes(b"".join(line + b"\n" for line in chained(iter(events))))
    return path


def test_several_processes_read_what_one_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_world(tmp_path, WORLD)
    alone = read_sessions(tmp_path)
    monkeypatch.setattr(load, "MANY", 1)
    monkeypatch.setattr(load, "CHUNK", 3)
    assert read_sessions(tmp_path) == alone
    assert len({id(session.problem) for session in alone[0]}) == WORLD.problems


def test_texts_are_read_only_where_they_are_asked_for(tmp_path: Path) -> None:
    for path in write_world(tmp_path, WORLD):
        _, short = read(path, content=False)
        whole = record(path)
        assert short is not None
        assert [p._replace(content=None) for p in whole.programs] == list(short.programs)
        assert (whole.feedback, whole.edits, whole.clock, whole.end) == (
            short.feedback, short.edits, short.clock, short.end,
        )  # fmt: skip
        with pytest.raises(ValueError, match="read without its texts"):
            _ = short.programs[0].code


def test_a_journal_without_later_fields_gives_the_same_record(tmp_path: Path) -> None:
    """What is missing has its default: older versions did not write every field of today."""
    path = write_world(tmp_path, WORLD)[0]
    before = record(path)

    def older(event: dict[str, Any]) -> None:
        for name in ("redraw_of", "author_model", "until_program", "kinds"):
            if event.get(name) in (None, "", []):
                event.pop(name, None)
        event.pop("answer_problem", None)
        event.get("finish", {}).pop("overflow", None)

    after = record(changed(path, older))
    assert [p._replace(content=None) for p in after.programs] == [
        p._replace(content=None) for p in before.programs
    ]


@pytest.mark.parametrize(
    "drop",
    [ev.GenerationStarted, ev.GenerationFinished],
)
def test_references_that_nothing_supports_make_no_record(tmp_path: Path, drop: type[ev.Event]) -> None:
    script = Script(problem()).answer(WRONG, right=[False]).say("no").answer(RIGHT, right=[True]).end()
    at = next(place for place, event in enumerate(script.events) if isinstance(event, drop))
    del script.events[at]
    path = script.write(tmp_path, "odd")
    for content in (True, False):
        judged, session = read(path, content=content)
        assert session is None and isinstance(judged, LeftOut)
        assert (judged.path, judged.reason, judged.message) == (
            path,
            "event",
            "its events do not fit together",
        )


def test_the_last_reading_of_the_clock_counts(tmp_path: Path) -> None:
    script = Script(problem()).answer(WRONG, right=[False])
    for seconds in (1.0, 5.0, 9.0):
        script.events.append(ev.ClockChanged(change="read", effort=ev.Effort(reading=seconds)))
    assert record(script.write(tmp_path, "open")).effort == ev.Effort(reading=9.0)
    script.events.append(ev.SessionEnded(reason="gave_up", effort=ev.Effort(reading=11.0)))
    assert record(script.write(tmp_path, "ended")).effort == ev.Effort(reading=11.0)


def test_a_model_that_answers_a_simulated_person_is_never_a_persons_session(tmp_path: Path) -> None:
    script = Script(problem()).answer(WRONG, right=[False]).say("no")
    script.answer(RIGHT, right=[True], arm="simulated").end()
    assert record(script.write(tmp_path, "mixed")).speaker == "several speakers"


def test_recordings_come_once_and_bad_files_by_name(tmp_path: Path) -> None:
    path = write_session(tmp_path, "good")
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "good.jsonl").write_bytes(path.read_bytes())
    torn = write_session(tmp_path, "torn", whole_session("torn"))
    torn.write_bytes(torn.read_bytes()[:-9])
    (tmp_path / "2026-11-23" / "foreign.jsonl").write_text('{"other": 1}\n{"other": 2}\n')
    recordings, left_out = read_recordings(tmp_path)
    assert [recording.path for recording in recordings] == [path, torn]
    assert [item.path.name for item in left_out] == ["foreign.jsonl", "good.jsonl"]
    assert "foreign.jsonl, line 1" in left_out[0].message and "the same as good.jsonl" in left_out[1].message
    assert read_recordings(tmp_path / "nowhere") == ([], [])
