"""An answer without a program is drawn once more in the same round; control arms do the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.state import State, replay
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.session.arms.build import ArmTask, missing_arms, numbered, run_arm
from assistant.session.header import Held, parse_author
from assistant.session.session import Session
from tests.session.conftest import RIGHT, WRONG, Begin

PROSE = "I apologize for the confusion. Which dots do you mean?"


def turns(state: State) -> list[tuple[int, int, str, bool]]:
    """Turn, round, words and whether there is a program, of every program of the dialogue."""
    return [(p.turn, p.round, p.feedback, p.code is not None) for p in state.human_programs]


@pytest.mark.parametrize("samples", [1, 2])
def test_prose_costs_no_round(begin: Begin, samples: int) -> None:
    prose = [PROSE] * samples
    wrong, right = [WRONG] * samples, [RIGHT] * samples
    session = begin([*prose, *wrong, *prose, *right], samples=samples, redraw=True, rounds=1)
    list(session.start())
    assert session.state.round == 0
    assert session.state.current_program is not None and session.state.current_program.code is not None
    list(session.feedback("it subtracts"))
    state = session.state
    assert state.ended is not None and state.ended.reason == "solved"
    assert {(turn, round_, words) for turn, round_, words, _ in turns(state)} == {
        (0, 0, ""), (1, 0, ""), (2, 1, "it subtracts"), (3, 1, "it subtracts"),
    }  # fmt: skip
    started = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    assert [e.redraw_of for e in started] == [None, 0, None, 2]
    assert [e.sampling.temperature for e in started] == [0.0, 0.8, 0.0, 0.8]
    for first, second in ((started[0], started[1]), (started[2], started[3])):
        same = {"messages", "round", "parent", "samples", "stop", "template_sha256"}
        assert all(getattr(first, name) == getattr(second, name) for name in same)
        assert first.sampling.seed != second.sampling.seed
    assert verify_folder(session.path.parents[1]) == []
    assert replay(read_journal(session.path).events) == state


def test_a_second_answer_without_a_program_uses_the_round_up(begin: Begin) -> None:
    session = begin([PROSE, PROSE, PROSE, PROSE, RIGHT], redraw=True, rounds=1)
    list(session.start())
    assert (session.state.current_program and session.state.current_program.id) == "t0s0"
    list(session.feedback("write the program"))
    assert session.state.ended is not None and session.state.ended.reason == "rounds_used_up"
    assert len(session.state.programs) == 4


def test_nothing_is_drawn_again_where_it_was_not_asked_for(begin: Begin) -> None:
    session = begin([PROSE, RIGHT])
    list(session.start())
    assert len(session.state.programs) == 1
    assert missing_arms(session.state, ["retry"]) == []


def cut_before(path: Path, event_type: str, nth: int) -> None:
    """The journal as a kill just before the nth event of this type would have left it."""
    lines = path.read_bytes().splitlines(keepends=True)
    at = [n for n, line in enumerate(lines) if f'"type":"{event_type}"'.encode() in line][nth]
    path.write_bytes(b"".join(lines[:at]))


@pytest.mark.parametrize(("event_type", "nth"), [("generation_started", 1), ("generation_finished", 1)])
def test_a_kill_between_the_two_draws_loses_neither(begin: Begin, event_type: str, nth: int) -> None:
    session = begin([PROSE, WRONG], redraw=True)
    list(session.start())
    session.close()
    cut_before(session.path, event_type, nth)
    resumed = Session.resume(session.path, ScriptedEngine([WRONG, RIGHT]), session.sandbox)
    list(resumed.start())
    assert [p.redraw_of for p in resumed.state.programs] == [None, 0]
    assert (
        resumed.state.round,
        resumed.state.current_program and resumed.state.current_program.redraw_of,
    ) == (0, 0)
    list(resumed.feedback("it subtracts"))
    assert resumed.state.solved
    resumed.close()
    assert verify_folder(session.path.parents[1]) == []


@pytest.mark.parametrize("arm", ["retry", "resample"])
def test_a_control_is_drawn_again_as_the_persons_answer_is(begin: Begin, arm: ev.Arm) -> None:
    session = begin([WRONG, WRONG], redraw=True, rounds=2)
    list(session.start())
    list(session.feedback("no"))
    (task,) = missing_arms(session.state, [arm])
    count = 2 if arm == "resample" else 1
    engine = ScriptedEngine([*[PROSE] * count, *[RIGHT] * count])
    events = run_arm(session.state, task, engine, session.sandbox)
    assert events is not None
    first = session.state.turns
    session.record_together(lambda turn: list(numbered(events, turn)))
    made = [p for p in session.state.programs if p.arm == arm]
    assert [(p.turn, p.redraw_of, p.solved) for p in made] == (
        [(first, None, False)] * count + [(first + 1, first, True)] * count
    )
    assert missing_arms(session.state, [arm]) == []
    assert session.state.turns == first + 2
    session.close()
    assert verify_folder(session.path.parents[1]) == []
    cut_before(session.path, "generation_started", 3)
    half = replay(read_journal(session.path).events)
    assert missing_arms(half, [arm]) == [ArmTask(arm, "t0s0", 1)], (
        "a control without its second draw is made again"
    )


def test_the_second_draw_is_the_answer_in_analysis_and_export(begin: Begin) -> None:
    """A person's answer and a control's count alike: both by their second draw, where they had one."""
    session = begin([WRONG, PROSE, RIGHT], redraw=True)
    list(session.start())
    list(session.feedback("it subtracts"))
    ended = session.state
    (task,) = missing_arms(ended, ["retry"])
    events = run_arm(ended, task, ScriptedEngine([PROSE, RIGHT]), session.sandbox)
    assert events is not None
    session.record_together(lambda turn: list(numbered(events, turn)))
    session.close()
    (record,) = read_sessions(session.path.parents[1])[0]
    ((parent, made),) = record.spoken[1]
    assert [(p.turn, p.solved) for p in made] == [(2, True)]
    (control,) = record.controls.values()
    assert [(p.turn, p.solved) for p in control] == [(4, True)]
    assert parent == "t0s0" and record.solve is not None and record.solve.round == 1
    given = [record.feedback_of(program) for program in record.programs[:3]]
    assert [feedback.text if feedback else "" for feedback in given] == [
        "",
        "it subtracts",
        "it subtracts",
    ]


SPEAKERS = [
    (Held(), {}, ("unknown", "")),
    (Held(author="person", interface="app", terminal="80x24"), {}, ("person", "")),
    (Held(author="model", author_model="m"), {}, ("model", "m")),
    (Held(author="model", author_model="m"), {"author": "person"}, ("person", "")),
    (Held(author="person"), {"author": "model", "author_model": "x"}, ("model", "x")),
]


@pytest.mark.parametrize(("held", "said", "expected"), SPEAKERS)
def test_who_spoke_is_in_every_line_that_says_so(
    begin: Callable[..., Session], held: Held, said: dict[str, str], expected: tuple[str, str]
) -> None:
    session = begin([WRONG, RIGHT], held=held)
    list(session.start())
    list(session.feedback("no", **said))
    events = read_journal(session.path).events
    assert isinstance(events[0], ev.SessionStarted)
    assert (events[0].author, events[0].interface, events[0].terminal) == (
        held.author, held.interface, held.terminal,
    )  # fmt: skip
    (words,) = [e for e in events if isinstance(e, ev.FeedbackGiven)]
    assert (words.author, words.author_model) == expected


def test_a_resumption_says_who_goes_on_and_how(begin: Begin) -> None:
    session = begin([WRONG], held=Held(author="person"))
    list(session.start())
    session.close()
    with pytest.raises(
        UsageError, match=r"belongs to annotator tester, and you are other\. .*--annotator tester"
    ):
        Session.resume(session.path, ScriptedEngine([RIGHT]), session.sandbox, annotator="other")
    held = Held(author="model", author_model="m", interface="plain", command="resume")
    again = Session.resume(
        session.path, ScriptedEngine([RIGHT]), session.sandbox, annotator="tester", held=held
    )
    list(again.start())
    list(again.feedback("no"))
    again.close()
    resumed, words = (
        next(e for e in read_journal(session.path).events if isinstance(e, kind))
        for kind in (ev.SessionResumed, ev.FeedbackGiven)
    )
    assert isinstance(resumed, ev.SessionResumed) and isinstance(words, ev.FeedbackGiven)
    assert (resumed.annotator, resumed.command, resumed.interface) == ("tester", "resume", "plain")
    assert (words.author, words.author_model) == ("model", "m")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("person", ("person", "")), ("model:gpt 4:o", ("model", "gpt 4:o")), ("model", ("model", ""))],
)
def test_who_speaks_is_read(words: str, expected: tuple[str, str]) -> None:
    assert parse_author(words) == expected


@pytest.mark.parametrize("words", ["", "me", "person:x", "Model:x"])
def test_nonsense_about_who_speaks_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="`person` or `model:NAME`"):
        parse_author(words)
