"""The time limit of a study's problem: whose time counts, when a session ends of it, and what its journal says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.analysis.caveats import _unfinished
from assistant.core import events as ev
from assistant.core.state import replay
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file
from assistant.session import commands as cmd
from assistant.session.effort import EffortClock
from assistant.session.session import Session
from assistant.session.study import Study, settings_for
from tests.session.conftest import RIGHT, WRONG, Begin
from tests.session.test_commands import AT_STUDY, STUDY, Run, journals, run, state_of
from tests.session.test_kill import PROBLEM

__all__ = ["run"]


@pytest.mark.parametrize(
    ("minutes", "clock", "reason", "late"),
    [
        (1.0, ev.Effort(reading=20, typing=20, editing=20), "gave_up", True),
        (1.0, ev.Effort(reading=59.9, waiting=1e4, away=1e4), "gave_up", False),
        (1.0, ev.Effort(reading=61), "bad_task", False),
        (1.0, ev.Effort(reading=61), "interrupted", False),
        (None, ev.Effort(reading=1e6), "gave_up", False),
    ],
)
def test_only_the_persons_own_time_counts(
    begin: Begin, minutes: float | None, clock: ev.Effort, reason: ev.EndReason, late: bool
) -> None:
    session = begin([WRONG], minutes=minutes)
    list(session.execute(cmd.Start()))
    list(session.execute(cmd.End(reason, clock=clock)))
    ended = session.state.ended
    assert ended is not None and (ended.reason, ended.out_of_time) == (reason, late)
    assert check_file(session.path).findings == ()
    session.close()
    ((record,), _) = read_sessions(session.path.parent)
    assert (record.end, record.out_of_time) == (reason, late)
    told = " ".join(_unfinished([record]))
    assert ("Out of time: 1 session" in told, "Given up: 1 session" in told) == (
        late,
        reason == "gave_up" and not late,
    )


def test_time_before_an_interruption_counts_and_the_time_between_does_not(
    begin: Begin, sandbox: Sandbox
) -> None:
    session = begin([WRONG], minutes=1.0)
    list(session.execute(cmd.Start()))
    list(session.execute(cmd.Leave(clock=ev.Effort(reading=40))))
    session.close()
    again = Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox)
    clock = EffortClock()
    again.attach_clock(clock)
    list(again.execute(cmd.Start()))
    clock.start(1000.0)
    assert again.state.settings.seconds_left(clock.active(1000.0)) == 20
    assert again.state.settings.seconds_left(clock.active(1021.0)) == -1
    list(again.execute(cmd.End("gave_up", clock=clock.read(1021.0))))
    assert again.state.ended is not None and again.state.ended.out_of_time
    again.close()


STEPS = st.tuples(st.sampled_from(["key", "typed", "wait", "edit", "pause", "start"]), st.floats(0, 200))


@given(steps=st.lists(STEPS, max_size=15), looks=st.lists(st.booleans(), min_size=15, max_size=15))
def test_looking_at_the_time_left_changes_nothing(steps: list[tuple[str, float]], looks: list[bool]) -> None:
    """`active` is what `read` would say at that moment, and leaves what the time went into as it is."""
    looked, other, now = EffortClock(), EffortClock(), 0.0
    for (step, seconds), look in zip(steps, looks, strict=False):
        now += seconds
        if look:
            looked.active(now)
        for clock in (looked, other):
            match step:
                case "key" | "typed":
                    clock.activity(now, typing=step == "typed")
                case "wait":
                    clock.wait(now, not clock.waiting)
                case "edit":
                    clock.edit(now, not clock.editing)
                case "pause":
                    clock.pause(now)
                case _:
                    clock.start(now)
    now += 30
    assert looked.active(now) == pytest.approx(other.read(now).active)
    assert looked.read(now) == other.read(now)


@pytest.mark.parametrize("alone", ["yes", "no"])
def test_the_study_sets_it_and_older_studies_keep_their_hash(alone: str) -> None:
    condition = {"failing_cases": "no", "person_alone": alone}
    assert settings_for(Study(name="x", minutes=20), PROBLEM, "a", condition).minutes == 20
    assert settings_for(Study(name="x"), PROBLEM, "a", condition).minutes is None
    assert Study(name="x", minutes=20).sha256 != Study(name="x").sha256


@pytest.mark.slow
def test_in_plain_mode_words_that_came_too_late_are_kept_and_the_next_problem_follows(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 0.0, *[61.0] * 1000])
    monkeypatch.setattr(EffortClock, "active", lambda clock, now: next(seconds))
    monkeypatch.setattr(EffortClock, "read", lambda clock, now: ev.Effort(reading=61.0))
    Path("study.toml").write_text(f"minutes = 1\n{STUDY}", encoding="utf-8")
    status, _, err = run(*AT_STUDY, "a1", said="yes\nit subtracts\n4\n:later\n")
    assert status == 0 and "60 s left] what is wrong?" in err and "kept, and not sent" in err
    first = state_of(journals()[0])
    assert first.ended is not None and first.ended.out_of_time and first.draft == "it subtracts"
    assert first.answered == ("How hard was it?",) and first.feedback_count == 0
    assert "problem 2 of 2" in err
    assert replay(read_journal(journals()[1]).events).ended is not None
