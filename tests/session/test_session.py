"""The round loop on real parts: what happens, in which order, and what the journal says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import JournalError, UsageError
from assistant.core.generation import Cancel, Request
from assistant.core.problem import AssertTest, Problem
from assistant.core.state import replay
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.session.commands import AddTest, ChooseProgram, EditCode, End, Evaluate, Regenerate
from assistant.session.session import Session
from tests.session.conftest import HALF, PAPER, RIGHT, WRONG, Begin, types


def test_a_solved_session_event_by_event(begin: Begin) -> None:
    session = begin([WRONG, RIGHT])
    first = list(session.start())
    assert types(first) == [
        "session_started",
        "generation_started",
        "generation_finished",
        "tests_finished",
        "hidden_scored",
    ]
    assert "".join(e.chunk.text for e in first if isinstance(e, ev.Streamed)) == WRONG
    assert not session.state.solved
    second = list(session.feedback("Close, but add them."))
    assert types(second)[0] == "feedback_given"
    assert types(second)[-1] == "session_ended"
    assert session.state.ended is not None
    assert session.state.ended.reason == "solved"
    assert session.state.round == 1


def test_the_journal_alone_gives_the_same_state(begin: Begin) -> None:
    session = begin([WRONG, HALF])
    list(session.start())
    list(session.feedback("no"))
    recorded = list(read_journal(session.path).events)
    assert replay(recorded) == session.state


def test_every_yielded_event_is_already_on_disk(begin: Begin) -> None:
    session = begin([WRONG])
    for count, event in enumerate((e for e in session.start() if isinstance(e, ev.Event)), start=1):
        assert read_journal(session.path).events[count - 1] == event


def test_the_model_is_sent_the_dialogue(begin: Begin) -> None:
    session = begin([WRONG, HALF, WRONG])
    list(session.start())
    list(session.feedback("It must add."))
    started = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    assert [m.role for m in started[-1].messages] == ["user", "assistant", "user"]
    assert "You are an expert Python programmer" in started[-1].messages[0].content
    assert "assert add(1, 2) == 3" in started[-1].messages[0].content
    assert "-1" not in started[-1].messages[0].content  # hidden tests never reach the prompt
    assert started[-1].messages[1].content == WRONG
    assert started[-1].messages[2].content == "It must add."


def test_rounds_are_used_up(begin: Begin) -> None:
    session = begin([WRONG] * 5, rounds=2)
    list(session.start())
    list(session.feedback("one"))
    list(session.feedback("two"))
    assert session.state.ended is not None
    assert session.state.ended.reason == "rounds_used_up"
    with pytest.raises(UsageError, match="has ended"):
        list(session.feedback("three"))


def test_a_false_solve_is_seen(begin: Begin) -> None:
    session = begin([HALF])
    list(session.start())
    assert session.state.current_program is not None
    assert session.state.solved
    assert session.state.current_program.false_solve


def test_an_answer_without_code_is_a_round_like_any_other(begin: Begin) -> None:
    session = begin(["I would rather not.", RIGHT])
    events = list(session.start())
    finished = next(e for e in events if isinstance(e, ev.GenerationFinished))
    assert finished.code is None
    assert "no code" in finished.answer_problem
    list(session.feedback("Please write it."))
    assert session.state.solved


@pytest.mark.parametrize("words", ["", "  \n", "\x00\x07", "x" * 100_000])
def test_unusable_feedback_is_refused_and_nothing_recorded(begin: Begin, words: str) -> None:
    session = begin([WRONG])
    list(session.start())
    before = session.path.read_bytes()
    with pytest.raises(UsageError):
        list(session.feedback(words))
    assert session.path.read_bytes() == before


def test_control_characters_do_not_reach_the_journal(begin: Begin) -> None:
    session = begin([WRONG, RIGHT])
    list(session.start())
    list(session.feedback("add\x1b[31m them\x07\r\nplease \u202e"))
    given = next(e for e in read_journal(session.path).events if isinstance(e, ev.FeedbackGiven))
    assert given.text == "add[31m them\nplease"


def test_a_cancelled_answer_keeps_its_text_and_can_be_repeated(begin: Begin) -> None:
    session = begin([WRONG, RIGHT])
    list(session.start())
    for event in session.feedback("add"):
        if isinstance(event, ev.Streamed):
            session.cancel()
    cut = session.state.programs[-1]
    assert cut.finish is not None
    assert cut.finish.reason == "cancelled"
    assert cut.text
    assert session.state.current == "t0s0"
    assert session.state.pending_feedback is not None
    list(session.execute(Regenerate()))
    assert session.state.round == 1


def test_branch_leaves_the_later_turn_out_of_the_context(begin: Begin) -> None:
    session = begin([WRONG, HALF.replace("abs(a)", "0"), WRONG])
    list(session.start())
    list(session.feedback("first try"))
    list(session.execute(ChooseProgram("t0s0", "that led nowhere")))
    list(session.feedback("second try"))
    started = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    sent = " ".join(m.content for m in started[-1].messages)
    assert "second try" in sent
    assert "first try" not in sent
    assert [p.id for p in session.state.path(session.state.current)] == ["t0s0", "t2s0"]


def test_an_edit_that_passes_solves_the_session(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.start())
    list(session.execute(EditCode("def add(a, b):\n    return b + a\n")))
    assert session.state.ended is not None
    assert session.state.ended.reason == "solved"
    assert session.state.current_program is not None
    assert session.state.current_program.edited
    assert session.state.round == 0


def test_the_model_goes_on_from_an_edit(begin: Begin) -> None:
    session = begin([WRONG, WRONG])
    list(session.start())
    list(session.execute(EditCode("def add(a, b):\n    return a * b\n")))
    list(session.feedback("still wrong"))
    started = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    assert "a * b" in started[-1].messages[1].content


def test_samples_put_the_best_on_the_table(begin: Begin) -> None:
    session = begin([WRONG, RIGHT, WRONG], samples=3, sampling={"temperature": 0.8})
    list(session.start())
    assert session.state.current == "t0s1"
    assert session.state.solved


def test_an_extra_test_counts(begin: Begin) -> None:
    session = begin([WRONG.replace("a - b", "3 if b else a + (a > 9)")])
    list(session.start())
    assert session.state.solved
    session = begin([WRONG])
    list(session.start())
    list(session.execute(AddTest(AssertTest(code="assert add(5, 0) == 5"))))
    assert session.state.current_program is not None
    assert session.state.current_program.visible is not None
    assert [case.passed for case in session.state.current_program.visible.cases] == [False, True, True]


def test_scratch_evaluates_beside_the_program(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.start())
    [event] = list(session.execute(Evaluate("add(7, 2)")))
    assert isinstance(event, ev.ScratchCalled)
    assert event.actual == "5"


def test_an_interrupted_session_goes_on_at_its_round(begin: Begin, sandbox: Sandbox) -> None:
    session = begin([WRONG, WRONG])
    list(session.start())
    list(session.feedback("one"))
    session.save_draft("half a thought")
    list(session.execute(End("interrupted")))
    session.close()
    resumed = Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox)
    events = list(resumed.start())
    assert types(events) == ["session_resumed"]
    assert resumed.state.round == 1
    assert resumed.state.draft == "half a thought"
    list(resumed.feedback("two"))
    assert resumed.state.solved
    resumed.close()


def test_resume_repeats_what_was_cut_off(begin: Begin, sandbox: Sandbox) -> None:
    session = begin([WRONG, WRONG])
    list(session.start())
    for event in session.feedback("one"):
        if isinstance(event, ev.GenerationStarted):
            break
    session.close()
    resumed = Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox)
    list(resumed.start())
    assert resumed.state.solved
    assert resumed.state.round == 1
    resumed.close()


def test_a_finished_session_is_not_resumed(begin: Begin, sandbox: Sandbox) -> None:
    session = begin([RIGHT])
    list(session.start())
    session.close()
    with pytest.raises(JournalError, match="has ended"):
        Session.resume(session.path, ScriptedEngine([RIGHT]), sandbox)


class SmallContext(ScriptedEngine):
    """A scripted engine whose context holds at most three messages."""

    def generate(self, request: Request, cancel: Cancel | None = None):  # type: ignore[no-untyped-def,override]
        for piece in super().generate(request):
            if hasattr(piece, "reason") and len(request.messages) > 3:
                yield piece.model_copy(update={"reason": "error", "overflow": 9, "error": "too long"})
            else:
                yield piece


def test_a_full_context_drops_the_oldest_round(sandbox: Sandbox, problem: Problem, tmp_path: Path) -> None:
    session = Session.begin(
        problem, ev.Settings(prompt=PAPER), SmallContext([WRONG] * 9), sandbox, tmp_path, annotator="tester"
    )
    list(session.start())
    list(session.feedback("first"))
    list(session.feedback("second"))
    started = [e for e in read_journal(session.path).events if isinstance(e, ev.GenerationStarted)]
    assert started[-1].dropped_rounds == 1
    assert [m.content for m in started[-1].messages][1:] == [WRONG, "second"]
    assert session.state.round == 2
    session.close()


def test_a_full_context_is_refused_when_set(sandbox: Sandbox, problem: Problem, tmp_path: Path) -> None:
    settings = ev.Settings(prompt=PAPER.model_copy(update={"overflow": "refuse"}))
    session = Session.begin(
        problem, settings, SmallContext([WRONG] * 9), sandbox, tmp_path, annotator="tester"
    )
    list(session.start())
    list(session.feedback("first"))
    list(session.feedback("second"))
    assert session.state.round == 1
    assert session.state.programs[-1].finish is not None
    assert session.state.programs[-1].finish.error == "too long"
    session.close()
