"""The effort clock: every second is counted once, and a session records the same readings from any front end."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.events import Effort
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.session.commands import End, GiveFeedback, Leave, Start
from assistant.session.effort import EffortClock
from assistant.session.session import Session
from tests.session.conftest import RIGHT, WRONG, Begin


def test_the_clock_is_paused_until_it_is_started() -> None:
    clock = EffortClock()
    assert clock.read(100.0) == Effort()
    clock.start(100.0)
    assert clock.read(107.0) == Effort(reading=7.0)


def test_keys_close_to_one_another_are_typing_and_the_rest_is_reading() -> None:
    clock = EffortClock()
    clock.start(0.0)
    for moment in (10.0, 10.5, 11.0, 20.0, 20.5):
        clock.activity(moment, typing=True)
    assert clock.read(20.5) == Effort(reading=19.0, typing=1.5)


def test_waiting_is_waiting_even_when_nobody_moves_but_typing_meanwhile_is_typing() -> None:
    clock = EffortClock()
    clock.start(0.0)
    clock.wait(2.0, True)
    clock.activity(300.0, typing=True)
    clock.activity(301.0, typing=True)
    clock.wait(310.0, False)
    assert clock.read(312.0) == Effort(reading=4.0, typing=1.0, waiting=307.0)


def test_after_a_while_without_a_key_a_person_is_away() -> None:
    clock = EffortClock(away_after=30.0)
    clock.start(0.0)
    clock.read(20.0)
    clock.read(50.0)
    clock.activity(100.0)
    assert clock.read(110.0) == Effort(reading=40.0, away=70.0)


def test_mending_counts_as_editing_whatever_is_typed() -> None:
    clock = EffortClock()
    clock.start(0.0)
    clock.edit(5.0, True)
    clock.activity(6.0)
    clock.activity(9.0)
    clock.edit(10.0, False)
    assert clock.read(11.0) == Effort(reading=6.0, editing=5.0)


def test_what_is_taken_is_taken_once_and_totals_go_on_from_before() -> None:
    clock = EffortClock(Effort(reading=100.0, waiting=5.0))
    clock.start(0.0)
    assert clock.take(3.0) == Effort(reading=3.0)
    assert clock.take(4.0) == Effort(reading=1.0)
    assert clock.read(4.0) == Effort(reading=104.0, waiting=5.0)
    clock.pause(5.0)
    assert clock.read(500.0).reading == 105.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 100), st.sampled_from(["key", "click", "wait", "edit", "read"]))))
def test_every_second_is_counted_exactly_once(steps: list[tuple[float, str]]) -> None:
    clock, now = EffortClock(), 0.0
    clock.start(now)
    for gap, what in steps:
        now += gap
        match what:
            case "key" | "click":
                clock.activity(now, typing=what == "key")
            case "wait":
                clock.wait(now, not clock.waiting)
            case "edit":
                clock.edit(now, not clock.editing)
            case "read":
                clock.read(now)
    effort = clock.read(now)
    total = effort.reading + effort.typing + effort.waiting + effort.editing + effort.away
    assert total == pytest.approx(now)


def test_a_resumed_session_adds_to_its_totals_and_credits_what_was_never_credited() -> None:
    clock = EffortClock()
    clock.start(0.0)
    clock.read(2.0)
    clock.continue_from(Effort(reading=100.0, waiting=5.0), credited=Effort(reading=90.0, waiting=9.0))
    assert clock.read(3.0) == Effort(reading=103.0, waiting=5.0)
    assert clock.take(3.0) == Effort(reading=13.0)


def test_without_keys_nobody_is_away() -> None:
    clock = EffortClock(away_after=math.inf)
    clock.start(0.0)
    assert clock.read(1e6) == Effort(reading=1e6)
    clock.wait(1e6, True)
    clock.wait(2e6, False)
    assert clock.read(3e6) == Effort(reading=2e6, waiting=1e6)


def test_the_clock_is_recorded_before_a_command_and_once_verdicts_are_there(begin: Begin) -> None:
    session, clock = begin([WRONG, RIGHT]), EffortClock()
    session.attach_clock(clock)
    list(session.execute(Start()))
    words = GiveFeedback("add", effort=Effort(typing=2.0), clock=Effort(typing=2.0, reading=1.0))
    list(session.execute(words))
    kinds = [event.type for event in read_journal(session.path).events]
    assert kinds[1:5] == ["generation_started", "generation_finished", "tests_finished", "clock_changed"]
    assert kinds[5:8] == ["hidden_scored", "clock_changed", "feedback_given"]
    assert kinds[-3:] == ["clock_changed", "hidden_scored", "session_ended"]
    before = next(e for e in session_clocks(session) if e.effort.typing)
    assert (before.change, before.effort) == ("read", Effort(typing=2.0, reading=1.0))


def test_the_effort_of_refused_feedback_goes_to_the_next(begin: Begin) -> None:
    session, clock = begin([WRONG, RIGHT]), EffortClock()
    session.attach_clock(clock)
    list(session.execute(Start()))
    clock.start(0.0)
    with pytest.raises(UsageError, match="is empty"):
        list(session.execute(GiveFeedback(" ", effort=clock.take(4.0))))
    list(session.execute(GiveFeedback("add", effort=clock.take(6.0))))
    assert session.state.effort == Effort(reading=6.0)


def test_leaving_keeps_the_draft_and_the_time_and_a_resumed_session_continues_both(
    begin: Begin, sandbox: Sandbox
) -> None:
    session = begin([WRONG])
    list(session.execute(Start()))
    list(session.execute(Leave("half a thought", clock=Effort(reading=7.0))))
    session.close()
    assert session.state.ended is not None
    assert session.state.ended.effort == Effort(reading=7.0)
    assert [(e.change, e.reason) for e in session_clocks(session)] == [("paused", "left")]
    resumed, clock = Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox), EffortClock()
    resumed.attach_clock(clock)
    assert resumed.state.draft == "half a thought"
    assert clock.take(0.0) == Effort(reading=7.0)
    list(resumed.execute(Start()))
    list(resumed.execute(GiveFeedback("add")))
    assert session_clocks(resumed)[-1].effort.reading == 7.0
    count = len(read_journal(resumed.path).events)
    list(resumed.execute(Leave("too late", clock=Effort())))
    assert len(read_journal(resumed.path).events) == count, "a session that has ended is not left"
    resumed.close()


def session_clocks(session: Session) -> list[ev.ClockChanged]:
    """What the journal says of the clock."""
    return [event for event in read_journal(session.path).events if isinstance(event, ev.ClockChanged)]


class _LateReading:
    """A session's lock, before which another thread gets to read the clock once."""

    def __init__(self, session: Session) -> None:
        self._lock, self._session, self._waits = threading.RLock(), session, True

    def __enter__(self) -> None:
        if self._waits:
            self._waits = False
            reader = threading.Thread(target=self._session.clock, args=("read", Effort(reading=9.0)))
            reader.start()
            reader.join()
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def test_the_time_at_the_end_is_the_last_reading_whoever_read_it(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.execute(Start()))
    session._writing = _LateReading(session)  # type: ignore[assignment]
    list(session.execute(End("gave_up")))
    assert session_clocks(session)[-1].effort == Effort(reading=9.0)
    assert session.state.ended is not None
    assert session.state.ended.effort == Effort(reading=9.0)


def test_a_reading_that_comes_after_a_newer_one_takes_nothing_back(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.execute(Start()))
    session.clock("read", Effort(reading=5.0, waiting=2.0))
    session.clock("read", Effort(reading=4.9, waiting=2.5))  # taken earlier, by the other thread
    readings = [e.effort for e in read_journal(session.path).events if isinstance(e, ev.ClockChanged)]
    assert readings[-2:] == [Effort(reading=5.0, waiting=2.0), Effort(reading=5.0, waiting=2.5)]
