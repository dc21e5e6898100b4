"""A test that was added can be taken back; state, verdicts, replay and `verify` agree on what was tested."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, Test
from assistant.core.state import replay, without_last
from assistant.core.submission import Sandbox
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.session.commands import AddTest, RemoveTest, assertion
from assistant.session.replay import repeat_tests
from tests.session.conftest import HALF, RIGHT, WRONG, Begin
from tests.thoroughness import tries

TEXTS = ("assert add(1, 1) == 2", "assert add(2, 2) == 4", "assert add(0, 0) == 1")


def agree(session: object, sandbox: Sandbox) -> None:
    """The journal alone gives the same state and the same verdicts, and `verify` finds nothing."""
    path = session.path  # type: ignore[attr-defined]
    events = read_journal(path).events
    assert replay(events) == session.state  # type: ignore[attr-defined]
    assert verify_folder(path.parents[1]) == []
    problem = session.state.problem  # type: ignore[attr-defined]
    assert all(comparison.same for comparison in repeat_tests(events, problem, sandbox))


@pytest.mark.slow
@settings(max_examples=tries(12, 40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(TEXTS)), max_size=8))
def test_tests_are_added_and_removed_in_any_order(
    begin: Begin, sandbox: Sandbox, steps: list[tuple[bool, str]]
) -> None:
    session = begin([WRONG, WRONG])
    list(session.start())
    expected: list[str] = []
    for adds, text in steps:
        if adds:
            list(session.execute(AddTest(AssertTest(code=text))))
            expected.append(text)
        elif text in expected:
            list(session.execute(RemoveTest(AssertTest(code=text))))
            del expected[len(expected) - 1 - expected[::-1].index(text)]
        else:
            with pytest.raises(UsageError, match="only a test that was added"):
                list(session.execute(RemoveTest(AssertTest(code=text))))
    assert [test.text("") for test in session.state.extra_tests] == expected
    table = session.state.current_program
    assert table is not None and table.visible is not None
    assert [case.test for case in table.visible.cases][2:] == expected
    agree(session, sandbox)


def test_a_slip_does_not_make_the_session_unsolvable(begin: Begin, sandbox: Sandbox) -> None:
    session = begin([WRONG, RIGHT])
    list(session.start())
    list(session.execute(AddTest(AssertTest(code=TEXTS[2]))))
    list(session.feedback("it subtracts"))
    assert not session.state.solved and session.state.ended is None
    list(session.execute(RemoveTest(session.state.extra_tests[0])))
    assert session.state.ended is not None and session.state.ended.reason == "solved"
    agree(session, sandbox)


def test_tests_of_the_problem_stay(begin: Begin) -> None:
    session = begin([WRONG, HALF])
    list(session.start())
    with pytest.raises(UsageError, match="only a test that was added"):
        list(session.execute(RemoveTest(session.state.visible_tests()[0])))


def test_an_answer_without_a_program_gets_no_verdict_from_an_added_test(begin: Begin) -> None:
    session = begin(["I do not know."])
    list(session.start())
    test = AssertTest(code=TEXTS[0])
    events = [*session.execute(AddTest(test)), *session.execute(RemoveTest(test))]
    assert [event.type for event in events if isinstance(event, ev.Event)] == ["test_added", "test_removed"]
    assert session.state.current_program is not None and session.state.current_program.visible is None


def test_of_equal_tests_the_last_is_removed() -> None:
    one, two = AssertTest(code=TEXTS[0]), AssertTest(code=TEXTS[1])
    tests: tuple[Test, ...] = (one, two, one)
    assert without_last(tests, one) == (one, two)
    assert without_last((two,), one) == (two,)


@pytest.mark.parametrize("text", ["f(2) == 4", "assert f(2) == 4", "  assert  f(2) == 4 "])
def test_an_assertion_is_read_with_and_without_its_word(text: str) -> None:
    assert assertion(text) == "assert f(2) == 4"


@pytest.mark.parametrize("text", ["", "f(2) = 4", "that is so wrong", "import os", "f(", "x\x00", "a\nb"])
def test_what_is_no_expression_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="not a Python expression") as refused:
        assertion(text)
    assert "\n" not in str(refused.value)
