"""An event survives being written and read, whatever is in it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core import events as ev
from assistant.core.problem import CallTest, ValueTest
from assistant.journal.codec import LineError, decode, encode, parse
from assistant.journal.reader import read_journal
from assistant.journal.writer import Journal
from tests.journal.strategies import any_event
from tests.thoroughness import tries

STAMP = ev.Stamp(seq=0, time="2026-11-23T03:00:00.000000+00:00", mono=1.5, prev="0" * 64)


def through(event: ev.Event) -> ev.Event:
    """`event` after one journey over the wire."""
    return decode(parse(encode(STAMP, event)))[1]


@pytest.mark.slow
@given(st.lists(any_event(), min_size=1, max_size=6))
@settings(max_examples=tries(150, 500))
def test_any_sequence_of_events_comes_back_equal(events: list[ev.Event]) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal.create(Path(folder), "s")
        stamps = [journal.append(event) for event in events]
        journal.close()
        recording = read_journal(journal.path)
    assert repr(recording.events) == repr(events)  # repr: nan equals nan, and 0.0 is not -0.0
    assert recording.stamps == stamps
    assert recording.torn == b""


@given(any_event())
@settings(max_examples=tries(50, 200))
def test_a_line_is_strict_json_on_one_line(event: ev.Event) -> None:
    line = encode(STAMP, event)
    assert b"\n" not in line

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    record = json.loads(line.decode("utf-8"), parse_constant=refuse)
    assert list(record)[:6] == ["schema", "seq", "time", "mono", "prev", "type"]


def test_a_negative_zero_stays_one() -> None:
    test = CallTest(arguments="[1]", expected="1", rtol=-0.0)
    back = CallTest.model_validate(parse(json.dumps(test.model_dump()).encode()))
    assert math.copysign(1, back.rtol) == -1


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_infinities_are_kept(value: float) -> None:
    back = through(ev.TestAdded(test=ValueTest(expected=value)))
    assert isinstance(back, ev.TestAdded)
    assert isinstance(back.test, ValueTest)
    assert repr(back.test.expected) == repr(value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\udc80b", r"a\udc80b"),
        ("\ud83d\ude00", "😀"),
        ("\\\ud800", "\\" + r"\ud800"),
        ('"\ud800\u2028é\x00', '"' + r"\ud800" + "\u2028é\x00"),
    ],
)
def test_surrogates_are_spelled_out_so_that_every_reader_takes_the_file(written: str, read: str) -> None:
    back = through(ev.DraftSaved(text=written))
    assert isinstance(back, ev.DraftSaved)
    assert back.text == read


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"nonsense", "json"),
        (b"[1]", "json"),
        (b"\xff", "json"),
        (b"[" * 100_000, "json"),
        (b"1" * 9999, "json"),
    ],
)
def test_what_is_no_json_object_is_refused(line: bytes, kind: str) -> None:
    with pytest.raises(LineError) as caught:
        parse(line)
    assert caught.value.kind == kind


def test_the_message_names_the_field() -> None:
    record = parse(encode(STAMP, ev.DraftSaved(text="x"))) | {"text": 3}
    with pytest.raises(LineError, match=r"text"):
        decode(record)
    with pytest.raises(LineError, match=r"surprise"):
        decode(record | {"text": "x", "surprise": 1})
