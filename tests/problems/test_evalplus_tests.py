"""EvalPlus's inputs: types given back, comparisons kept, attached to the problems they were made for."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.problems.assert_parsing import agree
from assistant.problems.collection import Collection
from assistant.problems.comparison_rule import ComparisonRule
from assistant.problems.evalplus_tests import attach_plus
from assistant.problems.load import load_source
from assistant.problems.records import BadRecord, literal
from assistant.problems.typed_inputs import retyped

PLUS: dict[str, Any] = {
    "task_id": "Mbpp/2",
    "prompt": '"""\nWrite a function to find the shared elements.\n'
    'assert set(shared((3, 4),(5, 4))) == set((4,))\n"""\n',
    "entry_point": "shared",
    "canonical_solution": "\ndef shared(a, b):\n  return tuple(set(a) & set(b))\n",
    "base_input": [[[3, 4], [5, 4]]],
    "plus_input": [[[], []], [[1, 2, 3], [3]], [[], []]],
    "atol": 0,
    "contract": "",
    "assertion": "\nassert shared((3, 4),(5, 4)) == (4,)\nassert shared((1, 2),(2, 1)) == (1, 2)\n",
}


def load(folder: Path, *records: object) -> Collection:
    path = folder / "plus.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return load_source(str(path))


def test_mbpp_plus(tmp_path: Path) -> None:
    problem = load(tmp_path, PLUS).get("2")
    assert problem.text == "Write a function to find the shared elements."
    assert problem.test_texts() == [
        "assert set(shared((3, 4), (5, 4))) == set((4,))",
        "assert set(shared((1, 2), (2, 1))) == set((1, 2))",
    ]
    assert [test.text("shared") for test in problem.hidden_tests] == [
        "shared((3, 4), (5, 4))",
        "shared((), ())",
        "shared((1, 2, 3), (3,))",
    ]


@pytest.mark.parametrize(
    ("value", "examples", "wanted"),
    [
        ([1, 2], [(3, 4, 5)], (1, 2)),
        ([[1, 2], [3]], [[(1, 2), (3, 4), (5, 6)]], [(1, 2), (3,)]),
        ([[1, [2, [3]]]], [((1, 2), 3)], ((1, (2, (3,))),)),
        (["a", [1, 2]], [("b", [1, 2]), ("c", [3])], ("a", [1, 2])),
        ([1, 2], [[1], (2,)], [1, 2]),
        ([[1], [2]], [[{1, 2}, {3}]], [{1}, {2}]),
        ("2j", [1j], 2j),
        ("2", [3], 2),
        ("2", ["3"], "2"),
        ({"1": {"2": [3]}}, [{1: {2: (4, 5)}}], {1: {2: (3,)}}),
        ({"1": 2}, [{"a": 2}], {"1": 2}),
        ([1, [2]], [], [1, [2]]),
        (True, [1], True),
    ],
)
def test_types_come_back_from_examples(value: object, examples: list[object], wanted: object) -> None:
    result = retyped(value, examples)
    assert result == wanted and repr(result) == repr(wanted)


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        ("assert f(1) == 2", "equal"),
        ("assert set(f(1)) == set([2])", "set"),
        ("assert math.isclose(f(1), 2.0, rel_tol=0.001)", "close"),
        ("assert f(1)", "truth"),
        ("assert not f(1)", "truth"),
        ("assert (f(1) == 2) is True", "equal"),
        ("not python (", "equal"),
    ],
)
def test_comparison_read_from_an_assert(test: str, kind: str) -> None:
    assert ComparisonRule.of(test, "f").kind == kind


def test_tests_made_from_reference_values() -> None:
    case = CallTest(arguments="[1, 'a']")
    as_set = ComparisonRule("set", "f").test(case, (3, 1))
    assert as_set == AssertTest(code="assert set(f(1, 'a')) == {1, 3}")
    assert ComparisonRule("truth", "f").test(case, True) == AssertTest(code="assert f(1, 'a')")
    assert ComparisonRule("truth", "f").test(case, None) == AssertTest(code="assert not f(1, 'a')")
    assert ComparisonRule("equal", "f").test(case, [1, 2]) == CallTest(
        arguments="[1, 'a']", expected="[1, 2]"
    )


@pytest.mark.parametrize(
    ("comparison", "value", "tolerances"),
    [
        (ComparisonRule("equal", "f"), 2.0, (1e-6, 1e-7)),
        (ComparisonRule("equal", "f"), [1, {"a": 1e12}], (1e-6, 1e-7)),
        (ComparisonRule("equal", "f"), 3, (0.0, 0.0)),
        (ComparisonRule("close", "f", rtol=0.001), 5000.0, (1e-6, 0.001)),
    ],
)
def test_each_float_has_a_tolerance_of_its_own(
    comparison: ComparisonRule, value: object, tolerances: tuple[float, float]
) -> None:
    test = comparison.test(CallTest(arguments="[1]"), value)
    assert isinstance(test, CallTest) and (test.atol, test.rtol) == tolerances


@pytest.mark.parametrize(
    "value",
    [float("inf"), -float("inf"), [1, (2,), {3: {4}}], set(), (), {"k": [None, True, b"x", 2j]}, "a\nb'\""],
)
def test_literals_read_back_equal(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_nan_has_no_literal() -> None:
    with pytest.raises(BadRecord):
        literal([float("nan")])


def problem(task: str, *hidden: AssertTest | CallTest, name: str = "f", setup: str = "") -> Problem:
    visible = (AssertTest(code="assert f(1) == 1"),)
    return Problem(
        id=task,
        text="t",
        entry_point=name,
        visible_tests=visible,
        hidden_tests=hidden,
        test_setup=setup,
        source="s",
    )


def test_attached_tests_are_hidden_and_never_doubled() -> None:
    known = AssertTest(code="assert f(2) == 2")
    filled = CallTest(arguments="[3]", expected="3")
    base = Collection("mbpp", (problem("mbpp/7", known, setup="import math"), problem("mbpp/8")))
    plus = Collection(
        "plus", (problem("Mbpp/7", known, filled, CallTest(arguments="[4]"), setup="import math"),)
    )
    attached = attach_plus(base, plus)
    assert attached.get("mbpp/7").hidden_tests == (known, filled)
    assert attached.get("mbpp/7").test_setup == "import math"
    assert attached.get("mbpp/8") == base.get("mbpp/8")
    assert not attached.skipped


def test_a_renamed_function_gets_its_old_name_back() -> None:
    shown = (AssertTest(code="assert find_Sum(1) == 1"),)
    base = Collection(
        "mbpp", (problem("mbpp/7", name="find_Sum").model_copy(update={"visible_tests": shown}),)
    )
    made = (AssertTest(code="assert set(find_sum(1)) == {1}"), CallTest(arguments="[2]", expected="3"))
    base_test = (AssertTest(code="assert find_sum(1) == 1"),)
    extra = problem("Mbpp/7", *made, name="find_sum").model_copy(
        update={"reference": "def find_sum(x):\n    return find_sum(x - 1)", "visible_tests": base_test}
    )
    attached = attach_plus(base, Collection("plus", (extra,))).problems[0]
    assert [test.text(attached.entry_point) for test in attached.hidden_tests] == [
        "assert set(find_Sum(1)) == {1}",
        "find_Sum(2) == 3",
    ]
    assert attached.reference == "def find_Sum(x):\n    return find_Sum(x - 1)"


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("assert f(1, 2) == (3, 4)", "assert set(g(1,2)) == set((3, 4))", True),
        ("assert set(f([1])) == set([2])", "assert g([1]) == [2]", True),
        ("assert math.isclose(f(1), 2.5, rel_tol=0.1)", "assert math.isclose(g(1), 2.5, rel_tol=0.1)", True),
        ("assert f(1) == 2.5", "assert math.isclose(g(1), 2.5, rel_tol=0.1)", True),
        ("assert f(1) == True", "assert g(1)", True),
        ("assert f(1) == False", "assert not g(1)", True),
        ("assert f(1) == 'Even'", "assert g(1)", False),
        ("assert f([1], 1) == 1", "assert g([1]) == 1", False),
        ("assert f(1) == [1]", "assert g(1) == {1}", False),
        ("assert f(1) == 1", "assert g(1) == True", False),
        ("assert f(2) == 1", "assert g(1) == 1", False),
        ("assert abs(f(2)) < 1", "assert g(1) == 1", True),
    ],
)
def test_tests_of_two_releases_agree(ours: str, theirs: str, same: bool) -> None:
    assert agree([ours], [theirs], "f", "g") is same


def test_a_contradicting_task_is_named_and_stays_as_it_is() -> None:
    base = Collection("mbpp", (problem("mbpp/7"),))
    extra = problem("Mbpp/7", AssertTest(code="assert f(3)")).model_copy(
        update={"visible_tests": (AssertTest(code="assert f(1) == 'one'"),)}
    )
    attached = attach_plus(base, Collection("plus", (extra,)))
    assert attached.problems == base.problems
    assert "Mbpp/7" in attached.skipped[0] and "contradict" in attached.skipped[0]


def test_a_malformed_plus_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemSourceError, match="plus_input is not a list"):
        load(tmp_path, PLUS | {"plus_input": "no"})


@pytest.mark.slow
def test_real_mbpp_plus_has_the_types_of_its_assertions(shared_data: Path) -> None:
    collection = load_source(str(shared_data / "mbppplus" / "MbppPlus.jsonl.gz"))
    assert len(collection) == 378 and not collection.skipped
    assert collection.get("Mbpp/2").hidden_tests[3].text("f") == "f((), ())"
    nested = collection.get("Mbpp/580").hidden_tests
    assert all(isinstance(test, CallTest) and "[" not in test.arguments[1:-1] for test in nested)
    for task in collection:
        for test in task.hidden_tests:
            assert isinstance(test, CallTest)
            assert isinstance(ast.literal_eval(test.arguments), list)


@pytest.mark.slow
def test_real_humaneval_plus(shared_data: Path) -> None:
    collection = load_source(str(shared_data / "humanevalplus" / "HumanEvalPlus-Mini.jsonl.gz"))
    assert len(collection) == 164 and not collection.skipped
    root = collection.get("HumanEval/32")
    assert "def poly" in root.test_setup
    assert (
        root.hidden_tests[0].text("find_zero").startswith("assert abs(poly([-10, -2], find_zero([-10, -2])))")
    )
    assert attach_plus(load_source("humaneval"), collection).skipped == ()
