"""Commands as values: each is executed by `Session.execute`, and the methods of a session are the same thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from typing import Any, get_args

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest
from assistant.core.state import State
from assistant.journal.reader import read_journal
from assistant.session import commands as cmd
from assistant.session.session import Session
from tests.session.conftest import HALF, RIGHT, WRONG, Begin, types

TEST = AssertTest(code="assert add(5, 0) == 5")
EDIT = "def add(a, b):\n    return a * b\n"
Method = Callable[[Session], Iterator[ev.LiveEvent]]

EQUAL: list[tuple[cmd.AnyCommand, Method]] = [
    (cmd.GiveFeedback("add", ("wrong",), author="model", author_model="m"),
     lambda s: s.feedback("add", ("wrong",), author="model", author_model="m")),
    (cmd.EditCode(EDIT, ev.Effort(editing=3.0), "external"),
     lambda s: s.edit(EDIT, ev.Effort(editing=3.0), "external")),
    (cmd.ChooseProgram("t0s0", "why"), lambda s: s.choose("t0s0", "why")),
    (cmd.AddTest(TEST), lambda s: s.add_test(TEST.code)),
    (cmd.AddTest.written("add(5, 0) == 5"), lambda s: s.add_test(TEST)),
    (cmd.Evaluate("add(7, 2)"), lambda s: s.scratch("add(7, 2)")),
    (cmd.End("bad_task", "note"), lambda s: s.end("bad_task", "note")),
]  # fmt: skip


def told(events: Iterator[ev.LiveEvent]) -> list[dict[str, Any]]:
    """The events without the times that a run takes."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if "seconds" not in k}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    return [timeless(event.model_dump(mode="json")) for event in events]


@pytest.mark.parametrize(("command", "method"), EQUAL, ids=lambda value: type(value).__name__)
def test_a_method_is_its_command(begin: Begin, command: cmd.AnyCommand, method: Method) -> None:
    one, other = begin([WRONG, HALF]), begin([WRONG, HALF])
    assert types(list(one.execute(cmd.Start()))) == types(list(other.start()))
    assert told(one.execute(command)) == told(method(other))


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
