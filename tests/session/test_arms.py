"""Controls come from the very state of the person's words, and never reach the person's dialogue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.generation import Cancel, Chunk, Finish, NeverCancelled, Request
from assistant.core.outcome import Report
from assistant.core.state import replay
from assistant.core.submission import Sandbox, Submission
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.scripted.script import ScriptedAnswer
from assistant.journal.reader import read_journal
from assistant.session.arms.background import start_background_work
from assistant.session.arms.build import CONTROL_ARMS, missing_arms, numbered, parse_arms, run_arm
from assistant.session.session import Session
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
    arms = start_background_work(session)
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


class _Shared(ScriptedEngine):
    """An engine that others use too: what is made in the background is stopped for them so many times."""

    times = 3

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        for item in super().generate(request, cancel):
            if request.background and self.times:
                self.times -= 1
                yield Finish(sample=0, text="", reason="cancelled")
                return
            yield item


def test_background_arms_give_way_to_others_and_are_made_after_all(begin: Begin) -> None:
    session = begin([WRONG], arms=("retry",))
    session.engine = engine = _Shared([WRONG])
    list(session.start())
    list(session.feedback("one"))
    arms = start_background_work(session)
    assert arms is not None
    with closing(arms):
        assert arms.finish(timeout=30)
    assert [p.arm for p in session.state.programs] == ["human", "human", "retry"]
    assert engine.times == 0
    assert [request.background for request in engine.requests] == [False, False, True, True, True, True]


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


class _SlowForControls:
    """The real sandbox, in which a control's tests do not end before they are let."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.layers = sandbox.layers
        self.begun, self.may_end = threading.Event(), threading.Event()

    def run(self, submission: Submission) -> Report:
        if threading.current_thread().name == "background":
            self.begun.set()
            assert self.may_end.wait(60)
        return self._sandbox.run(submission)


def test_a_persons_answer_does_not_wait_for_a_controls_tests(begin: Begin) -> None:
    session = begin([WRONG], arms=("retry",))
    slow = _SlowForControls(session.sandbox)
    session.sandbox = slow  # type: ignore[assignment]
    arms = start_background_work(session)
    assert arms is not None
    try:
        list(session.start())
        list(session.feedback("one"))
        assert slow.begun.wait(60)
        list(session.feedback("two"))
        assert session.state.round == 2
        assert not [p for p in session.state.programs if p.arm != "human"]
        slow.may_end.set()
        assert arms.finish(timeout=60)
    finally:
        slow.may_end.set()
        arms.close()
    assert len({p.id for p in session.state.programs}) == len(session.state.programs) == 5
    assert replay(list(read_journal(session.path).events)) == session.state


@pytest.mark.slow
def test_a_control_that_the_model_cannot_answer_is_not_asked_for_without_end(begin: Begin) -> None:
    session = begin([WRONG, WRONG, ScriptedAnswer(error="out of memory")], arms=("retry", "resample"))
    list(session.start())
    list(session.feedback("one"))
    arms = start_background_work(session)
    assert arms is not None
    try:
        assert not arms.finish(timeout=1.0)
        engine = session.engine
        assert isinstance(engine, ScriptedEngine)
        assert len(engine.requests) == 4
    finally:
        arms.close()


def test_the_persons_seeds_do_not_depend_on_controls_or_a_cut_off_answer(begin: Begin) -> None:
    def seeds(session: Session) -> list[int]:
        turns = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
        return [turn.sampling.seed for turn in turns if turn.arm == "human"]

    plain = begin([WRONG], sampling={"temperature": 0.5, "seed": 7})
    for step in (plain.start(), plain.feedback("one"), plain.feedback("two")):
        list(step)
    crowded = begin([WRONG], sampling={"temperature": 0.5, "seed": 7}, arms=("retry", "resample"))
    arms = start_background_work(crowded)
    assert arms is not None
    for step in (crowded.start(), crowded.feedback("one")):
        list(step)
        assert arms.finish(timeout=60)
    next(event for event in crowded.feedback("two") if isinstance(event, ev.GenerationStarted))
    arms.close()
    crowded.close()  # as a crash would leave it
    resumed = Session.resume(crowded.path, crowded.engine, crowded.sandbox)
    list(resumed.start())
    resumed.close()
    assert seeds(plain) == [7, 1007, 2007]
    assert seeds(crowded) == [7, 1007, 2007, 2007]
