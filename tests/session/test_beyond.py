"""After the end one goes on, beyond the experiment: what follows is recorded, and changes no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import JournalError, UsageError
from assistant.core.problem import AssertTest
from assistant.core.state import State, replay
from assistant.core.state_labels import beyond_note
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.records import SessionRecord
from assistant.journal.session_summary import SessionSummary, summarize
from assistant.journal.validation import verify_folder
from assistant.session import commands as cmd
from assistant.session.arms.build import ArmTask, missing_arms, numbered, run_arm
from assistant.session.header import check_resumable
from assistant.session.session import Session
from tests.session.conftest import HALF, RIGHT, WRONG, Begin, types
from tests.session.test_rounds import forge

FALSE = HALF
"""Passes the visible tests, and the hidden one finds that it takes the absolute value."""
OTHER = "```python\ndef add(a, b):\n    return a * b\n```"
HIDDEN = AssertTest(code="assert add(-1, -1) == -2")


def numbers(path: Path) -> tuple[SessionRecord, SessionSummary]:
    """What lists and analyses see of a session, without what stands for the file itself."""
    (record,) = read_sessions(path.parents[1])[0]
    summary = summarize(path)
    return record, summary.model_copy(update={"events": 0, "went_on": False})


def finish(session: Session) -> None:
    """One round, then no tries left."""
    list(session.start())
    list(session.feedback("it subtracts"))
    assert session.state.is_over


ENDED = {
    "no tries left": ([WRONG, OTHER], "rounds_used_up"),
    "solved": ([WRONG, RIGHT], "solved"),
    "a false solve": ([WRONG, FALSE], "solved"),
}


@pytest.mark.parametrize(("answers", "end"), ENDED.values(), ids=ENDED)
def test_what_follows_changes_no_number(begin: Begin, answers: list[str], end: str) -> None:
    session = begin([*answers, OTHER, WRONG, OTHER, RIGHT], rounds=1, continue_after_end=True)
    finish(session)
    before = numbers(session.path)
    counted = session.state
    assert types(list(session.execute(cmd.Continue()))) == ["session_continued"]
    state = session.state
    assert state.beyond and not state.is_over and state.tries_left == 2 and state.round_limit == 3
    assert beyond_note(state) == "and then going on after 0 more feedbacks, beyond the experiment"
    list(session.execute(cmd.EditCode("def add(a, b):\n    return 0\n")))
    list(session.feedback("not zero"))
    list(session.feedback("still not"))
    assert session.state.ended is not None and session.state.ended.reason == "rounds_used_up"
    list(session.execute(cmd.Continue(1)))
    list(session.feedback("again"))
    list(session.execute(cmd.Continue(1)))
    list(session.feedback("add them"))
    final = session.state
    assert final.ended is not None and final.ended.reason == "solved"
    assert beyond_note(final) == "and then solved after 4 more feedbacks, beyond the experiment"
    assert final.of_experiment.programs == counted.programs and final.of_experiment.ended == counted.ended
    assert numbers(session.path) == before and before[0].end == end
    session.close()
    assert replay(read_journal(session.path).events) == final
    assert verify_folder(session.path.parents[1]) == []


def test_a_hidden_test_that_fails_is_the_next_point(begin: Begin) -> None:
    session = begin([FALSE, RIGHT], continue_after_end=True)
    list(session.start())
    assert session.state.current_program is not None and session.state.current_program.false_solve
    assert session.state.failing_hidden_tests() == (HIDDEN,)
    list(session.execute(cmd.Continue()))
    list(session.execute(cmd.AddTest(HIDDEN)))
    assert session.state.failing_hidden_tests() == () and not session.state.solved
    assert session.state.ended is None
    list(session.feedback("negative numbers"))
    assert session.state.ended is not None and session.state.ended.reason == "solved"
    added = [e for e in read_journal(session.path).events if isinstance(e, ev.TestAdded)]
    assert [e.origin for e in added] == ["hidden"]
    session.close()
    assert verify_folder(session.path.parents[1]) == []


def test_a_test_of_ones_own_that_passes_does_not_end_it_again(begin: Begin) -> None:
    session = begin([RIGHT], continue_after_end=True)
    list(session.start())
    list(session.execute(cmd.Continue()))
    list(session.execute(cmd.AddTest.written("add(2, 2) == 4")))
    assert session.state.ended is None
    added = [e for e in read_journal(session.path).events if isinstance(e, ev.TestAdded)]
    assert [e.origin for e in added] == ["person"]
    list(session.execute(cmd.End("gave_up")))
    session.close()
    assert verify_folder(session.path.parents[1]) == []


@pytest.mark.parametrize("cut", [False, True])
def test_it_is_resumed_where_it_was_left(begin: Begin, cut: bool) -> None:
    session = begin([WRONG, OTHER, WRONG], rounds=1, continue_after_end=True)
    finish(session)
    list(session.execute(cmd.Continue()))
    list(session.feedback("it multiplies"))
    if not cut:
        list(session.execute(cmd.Leave()))
    session.close()
    before = numbers(session.path)
    resumed = Session.resume(session.path, ScriptedEngine([RIGHT]), session.sandbox)
    list(resumed.start())
    assert resumed.state.beyond and resumed.state.tries_left == 1
    list(resumed.feedback("add them"))
    assert resumed.state.solved and resumed.state.is_over
    assert numbers(session.path) == before and before[1].state == "rounds_used_up"
    resumed.close()
    assert verify_folder(session.path.parents[1]) == []


@pytest.mark.parametrize(("answers", "end"), ENDED.values(), ids=ENDED)
def test_it_is_opened_another_day(begin: Begin, answers: list[str], end: str) -> None:
    session = begin(answers, rounds=1, continue_after_end=True)
    finish(session)
    session.close()
    before, events = numbers(session.path), read_journal(session.path).events
    with pytest.raises(UsageError, match="belongs to annotator tester"):
        Session.resume(session.path, ScriptedEngine([]), session.sandbox, annotator="another")
    again = Session.resume(session.path, ScriptedEngine([OTHER, RIGHT]), session.sandbox, annotator="tester")
    assert list(again.start()) == [] and read_journal(session.path).events == events, "it is looked at"
    assert types(list(again.execute(cmd.Continue()))) == ["session_continued", "session_resumed"]
    list(again.execute(cmd.EditCode("def add(a, b):\n    return 0\n")))
    list(again.feedback("not zero"))
    list(again.feedback("add them"))
    assert again.state.ended is not None and again.state.ended.reason == "solved"
    assert types(list(again.execute(cmd.Continue()))) == ["session_continued"], "the same run goes on"
    again.close()
    assert numbers(session.path) == before and before[0].end == end
    assert verify_folder(session.path.parents[1]) == []


def test_a_session_of_a_study_and_one_that_was_closed_for_good_are_not(begin: Begin) -> None:
    session = begin([WRONG], continue_after_end=True)
    list(session.start())
    list(session.execute(cmd.End("gave_up")))
    assert session.state.may_reopen and session.state.started is not None
    of_study = session.state.started.model_copy(update={"study": ev.StudyInfo(name="s", sha256="")})
    bad_task = ev.SessionEnded(reason="bad_task")
    for changed in ({"started": of_study}, {"ended": bad_task}):
        state = session.state.model_copy(update=changed)
        with pytest.raises(JournalError, match="has ended"):
            check_resumable(state, session.path, "")


def control(session: Session, task: ArmTask) -> State:
    events = run_arm(session.state, task, ScriptedEngine([WRONG]), session.sandbox)
    assert events is not None
    session.record_together(lambda turn: list(numbered(events, turn)))
    return session.state


def test_controls_are_of_the_experiment_alone(begin: Begin) -> None:
    """Made afterwards, they stand for the experiment's feedback, and are judged by its tests."""
    session = begin([FALSE, WRONG], rounds=1, continue_after_end=True)
    list(session.start())
    list(session.execute(cmd.Continue()))
    list(session.execute(cmd.AddTest(HIDDEN)))
    list(session.feedback("negative numbers"))
    assert missing_arms(session.state, ("retry", "resample")) == []
    session.close()

    session = begin([WRONG, OTHER, OTHER, RIGHT], rounds=1, continue_after_end=True)
    finish(session)
    list(session.execute(cmd.Continue()))
    list(session.execute(cmd.AddTest(HIDDEN)))
    list(session.feedback("it multiplies"))
    list(session.feedback("add them"))
    (task,) = missing_arms(session.state, ("retry",))
    assert task == ArmTask("retry", "t0s0", 1)
    state = control(session, task)
    assert missing_arms(state, ("retry",)) == []
    made = state.of_experiment.programs[-1]
    assert made.arm == "retry" and made.visible is not None and len(made.visible.cases) == 2
    session.close()
    record = next(r for r in read_sessions(session.path.parents[1])[0] if r.id == session.state.session)
    assert list(record.controls) == [("retry", "t0s0", 1)]
    assert verify_folder(session.path.parents[1]) == []


REFUSED = {
    "still open": (None, True, "has not ended"),
    "a bad task": ("bad_task", True, "nothing to go on with"),
    "interrupted": ("interrupted", True, "nothing to go on with"),
    "a study": ("gave_up", False, "may not go on after its end"),
}


@pytest.mark.parametrize(("end", "allowed", "says"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_one_line(begin: Begin, end: ev.EndReason | None, allowed: bool, says: str) -> None:
    session = begin([WRONG], continue_after_end=allowed)
    list(session.start())
    if end is not None:
        list(session.execute(cmd.End(end)))
    before = read_journal(session.path).events
    with pytest.raises(UsageError, match=says):
        list(session.execute(cmd.Continue()))
    assert read_journal(session.path).events == before


def test_branches_are_counted_and_may_be_limited(begin: Begin) -> None:
    session = begin([WRONG, OTHER, FALSE], max_branches=1)
    list(session.start())
    list(session.feedback("it subtracts"))
    list(session.execute(cmd.ChooseProgram("t0s0")))
    with pytest.raises(UsageError, match=r"1 times at most \(max_branches\)"):
        list(session.execute(cmd.ChooseProgram("t1s0")))
    list(session.feedback("add them"))
    assert session.state.ended is not None and session.state.feedback_count == 2
    session.close()
    (record,) = read_sessions(session.path.parents[1])[0]
    solve = record.solve
    assert solve is not None and record.interventions(solve) == 2 == record.rounds_used
    assert summarize(session.path).feedbacks == 2
    assert any(
        "more than 0 times" in m for m in forge(session.path, "session_started", 0, settings__max_branches=0)
    )


FORGED = [
    ("session_started", {"settings__continue_after_end": False}, "which the session does not allow"),
    ("session_continued", {"rounds": 0}, "goes on for 0 rounds"),
    ("session_continued", {"rounds": 1}, "for round 3 of a session that allows 2"),
    ("session_continued", {}, "comes after the session has ended"),
    ("session_ended", {"reason": "bad_task"}, "after an end that has not come"),
    ("test_added", {"origin": "person"}, "is added as `person`"),
]


@pytest.mark.parametrize(("type_", "fields", "says"), FORGED)
def test_a_forged_continuation_is_found(
    begin: Begin, type_: str, fields: dict[str, object], says: str
) -> None:
    session = begin([WRONG, OTHER, WRONG, RIGHT], rounds=1, continue_after_end=True)
    finish(session)
    list(session.execute(cmd.Continue()))
    list(session.execute(cmd.AddTest(HIDDEN)))
    list(session.feedback("it multiplies"))
    list(session.feedback("it subtracts"))
    session.close()
    assert any(says in message for message in forge(session.path, type_, 0, **fields))
