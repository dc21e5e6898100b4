"""Commands as values: what follows from each, and that they are the one way into a session."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest
from assistant.core.questions import Question
from assistant.core.state import State
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.session import commands as cmd
from assistant.session.session import Session
from tests.session.conftest import HALF, RIGHT, WRONG, Begin, types

TEST = AssertTest(code="assert add(5, 0) == 5")
EDIT = "def add(a, b):\n    return a * b\n"
TESTED = ["tests_finished", "hidden_scored"]
ANSWERED = ["generation_started", "generation_finished", *TESTED]

FOLLOWS: list[tuple[cmd.AnyCommand, list[str]]] = [
    (cmd.GiveFeedback("add", ("wrong",), author="model", author_model="m"), ["feedback_given", *ANSWERED]),
    (cmd.EditCode(EDIT, ev.Effort(editing=3.0), "external"), ["code_edited", *TESTED]),
    (cmd.ChooseProgram("t0s0", "why"), ["program_chosen"]),
    (cmd.AddTest(TEST), ["test_added", "tests_finished"]),
    (cmd.AddTest.written("add(5, 0) == 5"), ["test_added", "tests_finished"]),
    (cmd.Evaluate("add(7, 2)"), ["scratch_called"]),
    (cmd.End("bad_task", "note"), ["session_ended"]),
    (cmd.Leave("a draft"), ["session_ended"]),
]


@pytest.mark.parametrize(("command", "follows"), FOLLOWS, ids=lambda value: type(value).__name__)
def test_what_follows_from_a_command(begin: Begin, command: cmd.AnyCommand, follows: list[str]) -> None:
    session = begin([WRONG, HALF.replace("abs(a)", "0")])
    list(session.execute(cmd.Start()))
    given = list(session.execute(command))
    assert types(given) == follows
    recorded = next(event for event in read_journal(session.path).events if event.type == follows[0])
    for name in type(recorded).model_fields.keys() & vars(command).keys():
        assert getattr(recorded, name) == getattr(command, name), name


def test_two_commands_have_a_method_too(begin: Begin) -> None:
    one, other = begin([WRONG, RIGHT]), begin([WRONG, RIGHT])
    assert types(list(one.start())) == types(list(other.execute(cmd.Start())))
    assert types(list(one.feedback("add"))) == types(list(other.execute(cmd.GiveFeedback("add"))))


def test_every_command_is_a_frozen_value() -> None:
    assert {command.__name__ for command in get_args(cmd.AnyCommand)} == {
        command.__name__ for command in cmd.Command.__subclasses__()
    }
    command = cmd.GiveFeedback("add")
    with pytest.raises(FrozenInstanceError):
        command.text = "subtract"  # type: ignore[misc]
    assert command == cmd.GiveFeedback("add")


def test_a_cancelled_answer_is_generated_again_and_an_added_test_is_removed(begin: Begin) -> None:
    session = begin([WRONG, RIGHT])
    list(session.execute(cmd.Start()))
    with pytest.raises(UsageError, match="nothing to repeat"):
        list(session.execute(cmd.Regenerate()))
    list(session.execute(cmd.AddTest(TEST)))
    with pytest.raises(UsageError, match="only a test that was added"):
        list(session.execute(cmd.RemoveTest(AssertTest(code="assert add(9, 9) == 18"))))
    assert types(list(session.execute(cmd.RemoveTest(TEST)))) == ["test_removed", "tests_finished"]
    for event in session.execute(cmd.GiveFeedback("add")):
        if isinstance(event, ev.Streamed):
            session.cancel()
    assert types(list(session.execute(cmd.Regenerate())))[-1] == "session_ended"


class Rules:
    """A study whose answer is recorded once."""

    def consent_event(self, state: State, granted: bool) -> ev.ConsentGiven | None:
        if state.consents:
            return None
        return ev.ConsentGiven(version="1", text_sha256="ab", granted=granted)


def test_a_studys_consent_and_questions_are_commands(begin: Begin) -> None:
    session, rules = begin([RIGHT]), Rules()
    assert types(list(session.execute(cmd.GiveConsent(rules, granted=True)))) == ["consent_given"]
    assert list(session.execute(cmd.GiveConsent(rules, granted=True))) == []
    list(session.execute(cmd.Start()))
    assert session.state.ended is not None
    assert types(list(session.execute(cmd.AnswerQuestion("How?", "")))) == ["question_answered"]
    assert session.state.answered == ("How?",)


ASKED = (
    Question(text="How hard?", kind="scale", highest=5),
    Question(text="Anything else?", required=False),
)


@pytest.mark.parametrize(
    ("answers", "last", "reason"),
    [
        ([RIGHT], cmd.Start(), "solved"),
        ([WRONG, WRONG], cmd.GiveFeedback("no"), "rounds_used_up"),
        ([WRONG], cmd.End("gave_up", "tired"), "gave_up"),
        ([WRONG], cmd.EditCode("def add(a, b):\n    return a + b\n"), "solved"),
    ],
)
def test_the_end_waits_for_the_answers_to_a_studys_questions(
    begin: Begin, answers: list[str], last: cmd.AnyCommand, reason: str
) -> None:
    session = begin(answers, rounds=1)
    session.ask(ASKED)
    if last != cmd.Start():
        list(session.execute(cmd.Start()))
        assert session.open_questions == ()
    assert types(list(session.execute(last)))[-1] == "session_ending"
    assert session.state.ended is None and session.open_questions == ASKED
    worked = session.state.clock
    session.clock("read", ev.Effort(reading=worked.reading + 60))
    for refused in (cmd.GiveFeedback("x"), cmd.End("gave_up"), cmd.AnswerQuestion("How hard?", "9")):
        with pytest.raises(UsageError):
            list(session.execute(refused))
    assert types(list(session.execute(cmd.AnswerQuestion("How hard?", "4")))) == ["question_answered"]
    last_two = types(list(session.execute(cmd.AnswerQuestion("Anything else?", ""))))
    assert last_two == ["question_answered", "session_ended"] and session.open_questions == ()
    ended = session.state.ended
    assert ended is not None and (ended.reason, ended.effort) == (reason, worked)
    session.close()
    assert not [finding for finding in verify_folder(session.path.parents[1]) if finding.is_error]


@pytest.mark.parametrize("left", [True, False])
def test_who_leaves_at_the_questions_has_ended_and_who_is_killed_is_asked_again(
    begin: Begin, sandbox: Sandbox, left: bool
) -> None:
    session = begin([RIGHT])
    session.ask(ASKED)
    list(session.execute(cmd.Start()))
    list(session.execute(cmd.AnswerQuestion("How hard?", "4")))
    if left:
        list(session.execute(cmd.Leave(draft="x", clock=ev.Effort(reading=1e6))))
        ended = session.state.ended
        assert ended is not None and (ended.reason, ended.effort.reading < 1e6) == ("solved", True)
        return
    session.close()
    again = Session.resume(session.path, ScriptedEngine([]), sandbox)
    again.ask(ASKED)
    assert "session_ended" not in types(list(again.execute(cmd.Start())))
    assert again.open_questions == ASKED[1:]
    list(again.execute(cmd.AnswerQuestion("Anything else?", "no")))
    assert again.state.ended is not None and again.state.ended.reason == "solved"
    again.close()


@pytest.mark.parametrize("answered", [0, 1, 2])
@pytest.mark.parametrize("reason", ["gave_up", "bad_task"])
def test_a_decision_is_kept_whatever_dies_before_the_last_answer(
    begin: Begin, sandbox: Sandbox, reason: ev.EndReason, answered: int
) -> None:
    session = begin([WRONG])
    session.ask(ASKED)
    list(session.execute(cmd.Start()))
    list(session.execute(cmd.End(reason, "the task contradicts itself")))
    session.save_draft("words that were typed in the last second")
    for question in ASKED[:answered]:
        session.record(ev.QuestionAnswered(question=question.text, answer="4"))
    worked = session.state.clock
    session.close()
    again = Session.resume(session.path, ScriptedEngine([]), sandbox)
    again.ask(ASKED)
    happened = types(list(again.execute(cmd.Start())))
    assert ("session_ended" in happened) == (answered == 2), "nobody asks what was answered"
    assert again.open_questions == ASKED[answered:]
    for question in ASKED[answered:]:
        with pytest.raises(UsageError):
            list(again.execute(cmd.GiveFeedback("x")))
        list(again.execute(cmd.AnswerQuestion(question.text, "4")))
    ended = again.state.ended
    assert ended is not None
    assert (ended.reason, ended.note, ended.effort) == (reason, "the task contradicts itself", worked)
    again.close()
    assert not [finding for finding in verify_folder(session.path.parents[1]) if finding.is_error]


def test_nothing_is_done_before_the_first_event_is_asked_for(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.execute(cmd.Start()))
    before = read_journal(session.path).events
    session.execute(cmd.GiveFeedback("add", clock=ev.Effort(typing=1.0)))
    assert read_journal(session.path).events == before


@pytest.mark.parametrize("text", ["add(1,", "x = 1", ""])
def test_a_written_test_has_to_be_an_expression(text: str) -> None:
    with pytest.raises(UsageError, match="not a Python expression"):
        cmd.AddTest.written(text)
