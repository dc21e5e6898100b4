"""The rules of the loop: which feedback uses a round up, what is drawn once more; state and record agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from assistant.core import events as ev
from assistant.core.state import replay
from assistant.core.state_labels import (
    ANOTHER_WAY,
    NO_PROGRAM,
    NO_TRY_USED,
    SAME_PROGRAM,
    answer_note,
    redraw_note,
    wants_example,
)
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file, verify_folder
from assistant.session.arms.build import missing_arms, numbered, run_arm
from assistant.session.session import Session
from tests.journal.build import write_chained
from tests.session.conftest import HALF, RIGHT, WRONG, Begin

PROSE = "I apologize for the confusion. Which numbers do you mean?"
SAME = "```python\ndef add(a, b):\n    # subtracts\n    return (a - b)\n```"
OTHER = "```python\ndef add(a, b):\n    return a * b\n```"
NEW = {"redraw": True, "redraw_unchanged": True, "unchanged_uses_round": False}
"""Settings of a session outside studies."""


class Case(NamedTuple):
    """A session: what the model answers, in turn, to a first prompt and to `words` feedbacks."""

    answers: list[str]
    words: int
    rounds: list[int]
    """Round of each feedback."""
    end: str | None
    outcomes: list[str]
    used: int
    settings: Mapping[str, bool] = MappingProxyType({})
    table: str = ""


CASES = {
    "as journals of old": Case([WRONG, WRONG, SAME], 2, [1, 2], "rounds_used_up", ["unchanged"] * 2, 2),
    "prose, as of old": Case([WRONG, PROSE, WRONG], 2, [1, 2], "rounds_used_up", ["no program", "unchanged"], 2),
    "the same program uses none up": Case(
        [WRONG, WRONG, SAME, OTHER, HALF, WRONG], 4, [1, 1, 1, 2], "solved",
        ["unchanged", "unchanged", "changed", "changed"], 2, {"unchanged_uses_round": False}, "t4s0"),
    "prose uses none up": Case(
        [WRONG, PROSE, SAME, OTHER, SAME], 4, [1, 1, 1, 2], "rounds_used_up",
        ["no program", "unchanged", "changed", "changed"], 2, {"unchanged_uses_round": False}),
    "drawn once more": Case(
        [WRONG, SAME, WRONG, OTHER, SAME, RIGHT], 2, [1, 2], "solved", ["changed", "changed"], 2, NEW, "t3s0"),
    "the best of those that differ": Case(
        [WRONG, SAME, OTHER, HALF, WRONG], 1, [1], "solved", ["changed"], 1, NEW, "t2s1"),
    "none differs, so that the first stays": Case(
        [WRONG, SAME, WRONG, SAME, PROSE, PROSE, PROSE], 2, [1, 1], None, ["unchanged", "no program"], 0, NEW,
        "t3s0"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rounds_words_and_ends(begin: Begin, case: Case) -> None:
    session = begin(case.answers, rounds=2, **case.settings)
    list(session.start())
    for _ in range(case.words):
        list(session.feedback("it subtracts"))
    state, path = session.state, session.path
    given = [e for e in read_journal(path).events if isinstance(e, ev.FeedbackGiven)]
    assert [e.round for e in given] == case.rounds
    assert (state.ended.reason if state.ended else None) == case.end
    assert state.feedback_count == case.words == state.words(state.current)
    if case.table:
        assert state.current == case.table
    session.close()
    assert verify_folder(path.parents[1]) == []
    assert replay(read_journal(path).events) == state
    (record,) = read_sessions(path.parents[1])[0]
    assert [record.outcome_of(words) for words in record.feedback] == case.outcomes
    assert record.rounds_used == case.used
    used = case.used if case.settings or case.end else 0
    assert state.tries_left == 2 - used, "one path: the state counts what the record counts"
    assert (record.solve is not None) == (case.end == "solved")
    assert (record.solve.id if record.solve else "") == (case.table if case.end == "solved" else "")


def test_it_is_said_what_an_answer_brought(begin: Begin) -> None:
    session = begin([WRONG, SAME, WRONG, SAME, PROSE, PROSE, PROSE], **NEW)
    list(session.start())
    assert answer_note(session.state, session.state.current_program) == ""
    list(session.feedback("it subtracts"))
    assert redraw_note(session.state, 1) == "same program; drew again"
    assert (
        answer_note(session.state, session.state.current_program)
        == f"{SAME_PROGRAM}; {ANOTHER_WAY}; {NO_TRY_USED}"
    )
    list(session.feedback("it subtracts"))
    assert redraw_note(session.state, 3) == "no program; drew again"
    assert answer_note(session.state, session.state.current_program) == f"{NO_PROGRAM}; {NO_TRY_USED}"


@pytest.mark.parametrize(
    ("words", "answer", "wants"),
    [
        ("make it correct", OTHER, True),
        ("das ist noch falsch", SAME, True),
        ("for 1 and 2 I expect three", OTHER, False),
        ("it forgets the `b`", OTHER, False),
        ("make it correct", HALF, False),
        ("make it correct", RIGHT, False),
        ("make it correct", PROSE, False),
    ],
)
def test_a_test_to_quote_is_offered_where_words_without_a_value_mended_nothing(
    begin: Begin, words: str, answer: str, wants: bool
) -> None:
    session = begin([WRONG, answer, answer])
    list(session.start())
    assert not wants_example(session.state, session.state.current_program)
    list(session.feedback(words))
    assert wants_example(session.state, session.state.current_program) is wants


@pytest.mark.parametrize("arm", ["retry", "resample"])
def test_a_control_has_as_many_draws_as_the_answer(begin: Begin, arm: ev.Arm) -> None:
    """Both by their second draw, three programs against three; tries alone are the first draw, whatever it held."""
    session = begin([WRONG, SAME, OTHER, OTHER, HALF], rounds=2, **NEW)
    list(session.start())
    list(session.feedback("it subtracts"))
    (task,) = missing_arms(session.state, [arm])
    alone = 2 if arm == "resample" else 1
    engine = ScriptedEngine([*[SAME] * alone, OTHER, SAME, RIGHT])
    events = run_arm(session.state, task, engine, session.sandbox)
    assert events is not None
    session.record_together(lambda turn: list(numbered(events, turn)))
    assert missing_arms(session.state, [arm]) == []
    session.close()
    assert verify_folder(session.path.parents[1]) == []
    (record,) = read_sessions(session.path.parents[1])[0]
    ((_, human),) = record.spoken[1]
    (control,) = record.controls.values()
    assert [p.solved for p in human] == [p.solved for p in control] == [False, False, True]


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_kill_within_the_second_draw_loses_nothing(begin: Begin, kept: int) -> None:
    """`kept` of its three answers were written."""
    session = begin([WRONG, SAME, OTHER, OTHER, OTHER], **NEW)
    list(session.start())
    list(session.feedback("it subtracts"))
    session.close()
    lines = session.path.read_bytes().splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if b'"type":"generation_finished"' in line]
    session.path.write_bytes(b"".join(lines[: ends[2 + kept] if kept < 3 else len(lines)]))
    resumed = Session.resume(session.path, ScriptedEngine([OTHER]), session.sandbox)
    list(resumed.start())
    assert resumed.state.pending_feedback is None and resumed.state.ended is None
    list(resumed.feedback("it multiplies"))
    resumed.close()
    assert verify_folder(session.path.parents[1]) == []


def forge(path: Path, type_: str, nth: int, **fields: object) -> list[str]:
    """What `verify` finds where the nth event of this type is changed, or left out, and all chained anew."""
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    event = [record for record in records if record["type"] == type_][nth]
    if not fields:
        records.remove(event)
    for field, value in fields.items():
        changed = event
        *inner, last = field.split("__")
        for key in inner:
            changed = changed[key]
        changed[last] = value
    write_chained(path, records)
    return [finding.message for finding in check_file(path).findings if finding.is_error]


FORGED = [
    ("feedback_given", 1, {"round": 2}, "though its program leads to round 1"),
    ("session_started", 0, {"settings__unchanged_uses_round": True}, "of round 1"),
    ("session_started", 0, {"settings__redraw_unchanged": False}, "does not repeat the prompt"),
    ("generation_started", 2, {"samples": 2}, "2 samples were asked for"),
    ("generation_started", 2, {"redraw_of": None}, "does not follow from the feedback"),
]


@pytest.mark.parametrize(("type_", "nth", "fields", "says"), FORGED)
def test_a_forged_rule_is_found(
    begin: Begin, type_: str, nth: int, fields: dict[str, object], says: str
) -> None:
    session = begin([WRONG, SAME, WRONG, SAME, SAME, RIGHT], **NEW)
    list(session.start())
    list(session.feedback("it subtracts"))
    list(session.feedback("it subtracts"))
    session.close()
    assert any(says in message for message in forge(session.path, type_, nth, **fields))
