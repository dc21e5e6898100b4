"""The leak meter on words that do and do not give the solution away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.core.leakage import expected_values, measure, secret_of, tokens_of
from assistant.core.problem import AssertTest, CallTest, Problem, StdinTest, ValueTest

PROGRAM = "def evens(numbers):\n    out = []\n    for n in numbers:\n        out.append(n)\n    return out\n"
PROBLEM = Problem(
    id="t/1",
    text="Write a function evens(numbers) that gives the even numbers, each once, largest first.",
    entry_point="evens",
    visible_tests=(AssertTest(code="assert evens([1, 2, 4]) == [4, 2]"),),
    hidden_tests=(
        CallTest(arguments="[[12, 12, 31, 8]]", expected="[12, 8]"),
        CallTest(arguments="[[]]", expected="[]"),
    ),
    reference=(
        "def evens(numbers):\n    # the set removes doubles\n"
        "    return sorted({item for item in numbers if item % 2 == 0}, reverse=True)\n"
    ),
    source="test",
)


def leak_of(words: str, program: str = PROGRAM, shown: int | None = None):  # type: ignore[no-untyped-def]
    return measure(secret_of(PROBLEM, shown), program, words)


@pytest.mark.parametrize(
    "words",
    [
        "only the even ones should stay, and each of them once",
        "you forgot to sort: largest first (not smallest first), please!",
        "evens([1, 2, 4]) gives [1, 2, 4] but it should be [4, 2]",
        "don't use out.append(n) for every n; that isn't what I asked (see the 2nd test)",
        "it returns [] = nothing for 2 of 3 lists",
        "",
    ],
)
def test_innocent_words(words: str) -> None:
    leak = leak_of(words)
    assert not leak.leaky
    assert leak.share == 0


def test_the_reference_itself() -> None:
    leak = leak_of("write return sorted({item for item in numbers if item % 2 == 0}, reverse=True)")
    assert leak.leaky
    assert leak.share > 0.9
    assert leak.told == 1


def test_renaming_its_variables_does_not_hide_it() -> None:
    program = PROGRAM.replace("numbers", "xs")
    leak = leak_of("try sorted({x for x in xs if x % 2 == 0}, reverse=True)", program + "x = 1\n")
    assert leak.leaky
    assert leak.longest >= 10


def test_half_a_line_is_a_share_but_not_yet_leaky() -> None:
    leak = leak_of("keep it only when n % 2 == 0 holds")
    assert 0 < leak.share < 0.7
    assert leak.longest == 5
    assert not leak.leaky


def test_what_the_program_has_already_is_no_leak() -> None:
    program = PROBLEM.reference.replace("reverse=True", "reverse=False")
    leak = leak_of(
        "sorted({item for item in numbers if item % 2 == 0}) is right, but the order is not", program
    )
    assert not leak.leaky
    assert leak.share == 0


def test_unseen_expected_values() -> None:
    leak = leak_of("for the list with 31 it must be [12, 8]")
    assert leak.values == ("[12, 8]",)
    assert leak.leaky
    assert 0 < leak.share < 1


def test_a_visible_value_leaks_only_where_the_model_was_not_shown_its_test() -> None:
    assert not leak_of("it must give [4, 2]").leaky
    assert leak_of("it must give [4, 2] for that", shown=0).values == ("[4, 2]",)


def test_what_keyboards_make_of_operators() -> None:
    assert tokens_of("a – b × ‘x’") == tokens_of("a - b * 'x'")
    assert tokens_of('it doesn\'t "work"') == ("it", "doesn't", "'work'")


def test_values_that_anybody_might_say_are_not_telling() -> None:
    tests = [
        AssertTest(code="assert f(1) == True"),
        AssertTest(code="assert f(2) == 'ab'"),
        AssertTest(code="assert f(3) == 'snake_case'"),
        AssertTest(code="assert f(4) == 7"),
        AssertTest(code="assert f(5) == 1234 and f(6) == g(2)"),
        CallTest(arguments="[1]", expected="[]"),
        CallTest(arguments="[1]", expected="{'a': 1}"),
        CallTest(arguments="[1]"),
        StdinTest(stdin="1", expected="forty two\n\n"),
        ValueTest(expected=38.5),
        AssertTest(code="assert not a program ("),
    ]
    assert list(expected_values(tests)) == ["'snake_case'", "1234", "{'a': 1}", "forty two", "38.5"]


@pytest.mark.slow
def test_real_feedback_is_mostly_innocent(shared_data: Path) -> None:
    """ILF's people on MBPP: a few give the formula away, nearly all explain."""
    from assistant.problems.load import load_source

    references = {
        p.id.rpartition("/")[2]: p for p in load_source(str(shared_data / "mbpp" / "mbpp.jsonl")).problems
    }
    lines = (shared_data / "ilf" / "human-feedback.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    leaks = {
        row["task_id"]: measure(
            secret_of(references[str(row["task_id"])]),
            row["prompt"] + row["original_model_completion"],
            row["Feedback"],
        )
        for row in rows
        if str(row["task_id"]) in references
    }
    assert len(leaks) > 80
    assert 0 < sum(leak.leaky for leak in leaks.values()) < 0.2 * len(leaks)
