"""Journals that were changed and chained anew: `verify` finds what contradicts itself, and nothing in sound ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.sessions import verify
from assistant.core import events as ev
from assistant.core.problem import Problem
from assistant.journal.tips import Tip, read_tips
from assistant.journal.validation import check_file, check_folder
from tests.journal.build import (
    PROBLEM,
    WORDS,
    answer,
    chained_lines,
    feedback,
    header,
    verdict,
    whole_session,
    write_chained,
    write_session,
)

Record = dict[str, Any]
Change = Callable[[list[Record], random.Random], bool]
"""Changes the records of a journal; False where this one has no place for it."""


def _long_session(name: str, chance: random.Random) -> list[ev.Event]:
    """A session with edits, a branch, an added test, controls, kills and resumptions at random places."""
    consent = ev.ConsentGiven(version="1", text_sha256="0" * 64, granted=True)
    events: list[ev.Event] = [
        header(name),
        consent,
        *answer(0, 0),
        *verdict(0, 0, passed=False, hidden=False),
    ]
    turn, parent, round_ = 1, "t0s0", 0
    for _ in range(chance.randrange(1, 4)):
        if chance.random() < 0.3:
            events.append(ev.SessionResumed(app_version="2", model=header(name).model, sandbox={}))
        if chance.random() < 0.2:
            events += [ev.SessionEnded(reason="interrupted"), _resumed(name)]
        said, round_ = parent, round_ + 1
        events.append(feedback(said, round_))
        events += [*answer(turn, round_, said), *verdict(turn, round_, passed=False, hidden=False)]
        parent, turn = f"t{turn}s0", turn + 1
        for arm in ("retry", "resample"):
            if chance.random() < 0.5:
                events += [*answer(turn, round_, said, arm=arm)]  # type: ignore[arg-type]
                events += verdict(turn, round_, passed=True, hidden=True, arm=arm)  # type: ignore[arg-type]
                turn += 1
    events.append(feedback(parent, round_ + 1))
    events += [*answer(turn, round_ + 1, parent), *verdict(turn, round_ + 1, passed=True, hidden=True)]
    if chance.random() < 0.5:
        events.append(ev.SessionEnding(reason="solved", effort=ev.Effort(reading=9)))
        events.append(ev.QuestionAnswered(question="Why?", answer="so"))
    events.append(ev.SessionEnded(reason="solved", effort=ev.Effort(reading=9)))
    events.append(ev.QuestionAnswered(question="How hard?", answer="easy"))
    return events


def _resumed(name: str) -> ev.SessionResumed:
    return ev.SessionResumed(app_version="2", model=header(name).model, sandbox={})


def _some(records: list[Record], chance: random.Random, *types: str) -> Record | None:
    fitting = [record for record in records if record["type"] in types]
    return chance.choice(fitting) if fitting else None


def _other_words(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "feedback_given")
    if record is None:
        return False
    record["text"] = "I said something else"
    return True


def _forged_outcome(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "tests_finished", "hidden_scored")
    assert record is not None
    report = record["visible" if record["type"] == "tests_finished" else "hidden"]
    report["outcome"] = "wrong" if report["outcome"] == "passed" else "passed"
    return True


def _verdict_of_another_round(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "tests_finished", "hidden_scored")
    assert record is not None
    record[chance.choice(("round", "turn"))] += 3
    return True


def _dropped_cases(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "tests_finished", "hidden_scored")
    assert record is not None
    report = record["visible" if record["type"] == "tests_finished" else "hidden"]
    report["cases"] = [case for case in report["cases"] if case["outcome"] == "passed"][:1]
    report["outcome"] = "passed"
    return True


def _no_hidden_verdicts(records: list[Record], chance: random.Random) -> bool:
    records[:] = [record for record in records if record["type"] != "hidden_scored"]
    return True


def _no_control(records: list[Record], chance: random.Random) -> bool:
    turns = {r["turn"] for r in records if r["type"] == "generation_started" and r["arm"] != "human"}
    if not turns:
        return False
    gone = chance.choice(sorted(turns))
    records[:] = [record for record in records if record.get("turn") != gone]
    return True


def _second_end(records: list[Record], chance: random.Random) -> bool:
    end = next(record for record in reversed(records) if record["type"] == "session_ended")
    records.append({**end, "reason": "gave_up"})
    return True


def _something_before_an_end_that_waits(records: list[Record], chance: random.Random) -> bool:
    at = next((n for n, record in enumerate(records) if record["type"] == "session_ending"), None)
    if at is None:
        return False
    other = _some(records[:at], chance, "feedback_given", "tests_finished", "session_ending")
    records.insert(at + 1, other or records[at])
    return True


def _another_end_than_was_decided(records: list[Record], chance: random.Random) -> bool:
    ending = _some(records, chance, "session_ending")
    if ending is None:
        return False
    ending[chance.choice(("note", "reason"))] = "gave_up"
    return True


def _words_after_the_end(records: list[Record], chance: random.Random) -> bool:
    words = _some(records, chance, "feedback_given")
    assert words is not None
    records.append(words)
    return True


def _time_of_another_century(records: list[Record], chance: random.Random) -> bool:
    record = chance.choice(records[1:])
    record["time"] = record["time"].replace("2026", "2001")
    return True


def _clock_goes_back(records: list[Record], chance: random.Random) -> bool:
    last = next(n for n, r in enumerate(records) if r["type"] == "session_ended")
    fitting = [
        n for n in range(1, last + 1)
        if records[n]["type"] != "session_resumed"
    ]  # fmt: skip
    records[chance.choice(fitting)]["mono"] = -1.0
    return True


def _negative_effort(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "feedback_given", "session_ended")
    assert record is not None
    record["effort"][chance.choice(["reading", "typing", "away"])] = -4.0
    return True


def _easier_problem(records: list[Record], chance: random.Random) -> bool:
    problem = Problem.model_validate(records[0]["problem"])
    changed = problem.model_copy(update={"text": "Write a function snake(name) that gives back name."})
    records[0]["problem"] = changed.model_dump(mode="json")
    records[0]["problem_sha256"] = changed.sha256
    return True


def _fewer_hidden_tests(records: list[Record], chance: random.Random) -> bool:
    problem = Problem.model_validate(records[0]["problem"])
    changed = problem.model_copy(update={"hidden_tests": problem.hidden_tests[:2]})
    records[0]["problem"] = changed.model_dump(mode="json")
    records[0]["problem_sha256"] = changed.sha256
    return True


def _other_visible_tests(records: list[Record], chance: random.Random) -> bool:
    problem = Problem.model_validate(records[0]["problem"])
    tests = problem.visible_tests
    changed = problem.model_copy(update={"visible_tests": (tests[1], tests[0], *tests[2:])})
    records[0]["problem"] = changed.model_dump(mode="json")
    records[0]["problem_sha256"] = changed.sha256
    return True


def _another_goes_on(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "session_resumed")
    if record is None:
        return False
    record["annotator"] = "somebody-else"
    return True


def _words_removed(records: list[Record], chance: random.Random) -> bool:
    gone = _some(records, chance, "feedback_given")
    records[:] = [record for record in records if record is not gone]
    return gone is not None


def _another_arm(records: list[Record], chance: random.Random) -> bool:
    record = _some(records, chance, "generation_finished", "tests_finished")
    assert record is not None
    record["arm"] = "shuffled"
    return True


CHANGES: list[Change] = [
    _other_words, _forged_outcome, _verdict_of_another_round, _dropped_cases, _no_hidden_verdicts, _no_control,
    _second_end, _something_before_an_end_that_waits, _another_end_than_was_decided,
    _words_after_the_end, _time_of_another_century, _clock_goes_back, _negative_effort, _easier_problem,
    _fewer_hidden_tests, _other_visible_tests, _another_goes_on, _words_removed, _another_arm,
]  # fmt: skip


def _records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_every_kind_of_change_is_reported_at_any_place(tmp_path: Path, change: Change) -> None:
    made = 0
    for number in range(25):
        chance = random.Random(f"{change.__name__} {number}")
        path = write_session(tmp_path, f"s{number}", _long_session(f"s{number}", chance))
        assert check_file(path).findings == ()
        records = _records(path)
        if change(records, chance):
            made += 1
            write_chained(path, records)
            assert check_file(path).findings != (), f"{change.__name__} {number}"
    assert made > 3


def test_an_answer_about_consent_that_differs_is_noted(tmp_path: Path) -> None:
    for name, granted in (("a", True), ("b", False)):
        consent = ev.ConsentGiven(version="1", text_sha256="0" * 64, granted=granted)
        write_session(tmp_path, name, [header(name), consent, *whole_session(name)[1:]])
    (finding,) = check_folder(tmp_path).findings
    assert (finding.kind, finding.is_error) == ("consent", False)


def test_a_clock_that_was_corrected_is_no_fault(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s", whole_session("s"))
    records = _records(path)
    for record in records[5:]:
        record["time"] = record["time"].replace("T03:00", "T02:57")
    write_chained(path, records)
    (finding,) = check_file(path).findings
    assert (finding.kind, finding.is_error, finding.line) == ("clock", False, 6)


@pytest.mark.parametrize("session", ["20261123-030000-4fx7k2m9qz", "20261123-023000-4fx7k2m9qz"])
def test_a_session_starts_when_its_id_says(tmp_path: Path, session: str) -> None:
    path = write_session(tmp_path, session, whole_session(session))
    assert [finding.kind for finding in check_file(path).findings] == ["clock"] * ("0230" in session)


def test_the_published_example_is_sound() -> None:
    example = Path(__file__).resolve().parents[2] / "sessions" / "example.jsonl"
    assert [f for f in check_file(example).findings if f.kind != "header"] == []


def test_tips_find_what_the_chain_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, tips = tmp_path / "s", tmp_path / "tips.jsonl"
    kept, cut, gone, other = (write_session(folder, name) for name in ("kept", "cut", "gone", "other"))
    assert verify(folder, tips=tips) == 0
    assert {tip.session for tip in read_tips(tips)} == {"kept", "cut", "gone", "other"}
    assert verify(folder, against=tips) == 0
    kept.write_bytes(kept.read_bytes() + _more(kept))
    cut.write_bytes(b"".join(line + b"\n" for line in cut.read_bytes().splitlines()[:-1]))
    gone.unlink()
    records = _records(other)
    records[-1]["note"] = "rewritten"
    write_chained(other, records)
    capsys.readouterr()
    assert verify(folder) == 0
    assert verify(folder, against=tips) == 1
    out = capsys.readouterr().out
    assert "session cut does not hold its last line of then: it ends after 10 of 11 events" in out
    assert "session gone is gone: it had 11 events" in out
    assert "session other does not hold its last line of then: its events were rewritten" in out
    assert "session kept" not in out


def _more(path: Path) -> bytes:
    records = [
        *_records(path),
        {**_records(path)[-1], "type": "question_answered", "question": "?", "answer": "!"},
    ]
    records[-1] = {
        k: v for k, v in records[-1].items() if k not in ("reason", "effort", "note", "out_of_time")
    }
    return chained_lines(records)[-1]


def test_tips_that_are_none_are_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "tips"
    file.write_text(Tip(session="s", events=1, tip="0").model_dump_json() + "\nnonsense\n")
    with pytest.raises(Exception, match=r"line 2: not a session with its last hash"):
        read_tips(file)
    with pytest.raises(Exception, match=r"cannot be read \(not a plain file"):
        read_tips(Path("/dev/zero"))


def test_the_builders_say_the_words_they_quote() -> None:
    assert any(WORDS in m.content for e in answer(1, 1, "t0s0")[:1] for m in e.messages)  # type: ignore[attr-defined]
    assert PROBLEM.text
