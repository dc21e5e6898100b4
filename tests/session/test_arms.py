"""Controls come from the very state of the person's words, and never reach the person's dialogue."""

from __future__ import annotations

import pytest

from assistant.domain import events as ev
from assistant.domain.errors import UsageError
from assistant.domain.state import replay
from assistant.session.arms import CONTROL_ARMS, missing_arms, numbered, parse_arms, run_arm
from assistant.session.background import start_background_arms
from assistant.store.reading import read_journal
from tests.session.conftest import RIGHT, WRONG, Begin


def test_each_feedback_calls_for_each_arm_once(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.start())
    assert missing_arms(session.state, CONTROL_ARMS) == []
    list(session.feedback("one"))
    list(session.feedback("two"))
    tasks = missing_arms(session.state, CONTROL_ARMS)
    assert [(t.arm, t.parent, t.round) for t in tasks] == [
        *[(arm, "t0s0", 1) for arm in CONTROL_ARMS],
        *[(arm, "t1s0", 2) for arm in CONTROL_ARMS],
    ]


def test_what_each_arm_sends(begin: Begin) -> None:
    session = begin([WRONG, WRONG])
    list(session.start())
    list(session.feedback("the persons words"))
    sent = {}
    for task in missing_arms(session.state, CONTROL_ARMS):
        events = run_arm(session.state, task, session.engine, session.sandbox)
        assert events is not None
        assert isinstance(events[0], ev.GenerationStarted)
        sent[task.arm] = [m.content for m in events[0].messages]
    human = next(
        e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted) and e.round == 1
    )
    for arm in ("retry", "tests", "shuffled"):
        assert sent[arm][:-1] == [m.content for m in human.messages][:-1]
        assert "the persons words" not in sent[arm][-1]
    assert sent["retry"][-1] == "That is not right. Please try again."
    assert "assert add(1, 2) == 3" in sent["tests"][-1]
    assert sent["resample"] == [human.messages[0].content]


def test_arms_are_recorded_whole_and_leave_the_dialogue_alone(begin: Begin) -> None:
    session = begin([WRONG, WRONG, RIGHT])
    list(session.start())
    list(session.feedback("one"))
    before = session.state
    for task in missing_arms(session.state, CONTROL_ARMS):
        events = run_arm(session.state, task, session.engine, session.sandbox)
        assert events is not None
        session.record_together(lambda turn, events=events: list(numbered(events, turn)))
    after = session.state
    assert missing_arms(after, CONTROL_ARMS) == []
    assert after.current == before.current
    assert after.human_programs == before.human_programs
    assert len({p.id for p in after.programs}) == len(after.programs)
    controls = [p for p in after.programs if p.arm != "human"]
    assert {p.parent for p in controls} == {"t0s0"}
    assert all(p.visible is not None and p.hidden is not None and not p.feedback for p in controls)
    assert replay(list(read_journal(session.path).events)) == after


def test_background_arms_are_made_and_give_way(begin: Begin) -> None:
    session = begin([WRONG], arms=("retry", "resample"))
    list(session.start())
    list(session.feedback("one"))
    arms = start_background_arms(session)
    assert arms is not None
    try:
        assert arms.finish(timeout=30)
        count = len(session.state.programs)
        list(session.feedback("two"))
        assert session.state.programs[count].arm == "human"
        assert arms.finish(timeout=30)
    finally:
        arms.close()
    made = [(p.arm, p.parent) for p in session.state.programs if p.arm != "human"]
    human = [p.id for p in session.state.human_programs]
    alone = [("resample", human[0])] * session.state.settings.rounds
    assert made == [("retry", human[0]), *alone, ("retry", human[1]), ("resample", human[1])]


def test_arm_seeds_do_not_depend_on_when_they_are_made(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.start())
    list(session.feedback("one"))
    task = missing_arms(session.state, ("resample",))[0]
    first = run_arm(session.state, task, session.engine, session.sandbox)
    list(session.feedback("two"))
    second = run_arm(session.state, task, session.engine, session.sandbox)
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    assert isinstance(first[0], ev.GenerationStarted)
    assert first[0].sampling.temperature > 0


def test_arm_names_are_checked() -> None:
    assert parse_arms("tests, retry") == ("retry", "tests")
    assert parse_arms("none") == ()
    with pytest.raises(UsageError, match="telepathy"):
        parse_arms("telepathy")
