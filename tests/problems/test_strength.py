"""Mutants, drawn inputs, and what they say of a problem's tests."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.cli.main import main
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.problems.generated_inputs import inputs_like
from assistant.problems.load import load_source
from assistant.problems.mutants import mutants_of
from assistant.problems.strength import harden, measure
from assistant.sandbox.local import LocalSandbox, open_sandbox
from tests.thoroughness import tries

REFERENCES = [problem.reference for problem in load_source("starter") if problem.reference]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


def problem_of(reference: str, *tests: str, **more: Any) -> Problem:
    visible = tuple(AssertTest(code=f"assert {test}") for test in tests)
    return Problem(
        id="test/f", text="f", entry_point="f", visible_tests=visible, reference=reference, source="t", **more
    )


LARGEST = problem_of(
    "def f(xs):\n    best = xs[0]\n    for x in xs:\n        if x > best:\n            best = x\n    return best\n",
    "f([1, 2, 3]) == 3",
    "f([4, 9]) == 9",
)


@pytest.mark.parametrize("reference", REFERENCES[::8])
def test_mutants_are_programs_that_differ_in_one_place(reference: str) -> None:
    mutants = mutants_of(reference, "seed", most=1000)
    whole = ast.unparse(ast.parse(reference))
    assert mutants and mutants == mutants_of(reference, "seed", most=1000), "the same each time"
    codes = [mutant.code for mutant in mutants]
    assert len(set(codes)) == len(codes)
    for mutant in mutants:
        assert ast.unparse(ast.parse(mutant.code)) != whole and mutant.change.startswith("line ")
    some = mutants_of(reference, "seed", most=3)
    assert set(some) <= set(mutants) and len(some) == min(3, len(mutants))


def test_docstrings_annotations_and_imports_are_left_alone() -> None:
    code = 'import math\ndef f(n: "int" = 3) -> "str":\n    """Gives 7."""\n    return n\n'
    changed = {mutant.code for mutant in mutants_of(code, "s")}
    assert all('"""Gives 7."""' in code and "import math" in code and "'str'" in code for code in changed)
    assert len(changed) == 2, "the default, one more and one less"


Holds = Callable[[list[Any]], bool]
SHAPES: list[tuple[list[list[Any]], Holds]] = [
    ([[3], [8]], lambda a: type(a[0]) is int and a[0] > 0),
    ([[0], [8]], lambda a: a[0] >= 0),
    ([[-3], [8]], lambda a: type(a[0]) is int),
    ([[1.5], [2.25]], lambda a: isinstance(a[0], float) and a[0] > 0),
    ([[True], [False]], lambda a: False),
    ([["abc"], ["de"]], lambda a: a[0].isalpha() and a[0].islower()),
    ([["2020-01-02"], ["1999-12-31"]], lambda a: len(a[0]) == 10 and a[0][4] == a[0][7] == "-"),
    ([[[1, 2, 3]], [[4, 5, 9, 9]]], lambda a: a[0] == sorted(a[0]) and len(a[0]) >= 3),
    ([[[3, 1, 2]], [[4, 5]]], lambda a: len(a[0]) >= 2 and len(set(a[0])) == len(a[0])),
    ([[[3, 1], 2], [[4, 5, 1], 3]], lambda a: a[1] == len(a[0])),
    ([[[3, 1], 1], [[4, 5, 1], 0]], lambda a: 0 <= a[1] <= len(a[0])),
    ([[[1, 2], [3, 4]], [[5], [6]]], lambda a: len(a[0]) == len(a[1])),
    ([[("a", 3)], [("b", 5)]], lambda a: isinstance(a[0], tuple) and [type(v) for v in a[0]] == [str, int]),
    ([[[("a", 3), ("b", 1)]], [[("c", 2)]]], lambda a: all(isinstance(r, tuple) and len(r) == 2 for r in a[0])),
    ([[{"a": 1, "b": 2}], [{"c": 3}]], lambda a: bool(a[0]) and all(v > 0 for v in a[0].values())),
    ([[{1, 2}], [{3}]], lambda a: isinstance(a[0], set) and bool(a[0])),
    ([[2, 9], [1, 4]], lambda a: a[0] <= a[1]),
    ([[None], ["x"]], lambda a: False),
]  # fmt: skip


@pytest.mark.parametrize(("known", "holds"), SHAPES)
def test_drawn_inputs_keep_what_known_ones_have_in_common(known: list[list[Any]], holds: Holds) -> None:
    drawn = inputs_like(known, 40, "seed")
    assert drawn == inputs_like(known, 40, "seed")
    assert all(arguments not in known and holds(arguments) for arguments in drawn), drawn
    assert len({repr(arguments) for arguments in drawn}) == len(drawn)
    if known not in (SHAPES[4][0], SHAPES[-1][0]):  # everything that is like these is known
        assert len(drawn) >= 5


literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=tries(25, 500))
@given(st.lists(st.lists(literals, max_size=3), max_size=3))
def test_any_literals_may_be_known(known: list[list[Any]]) -> None:
    drawn = inputs_like(known, 6, "seed")
    assert all(len(arguments) == len(known[0]) for arguments in drawn)


def test_weak_tests_let_wrong_programs_pass_until_they_are_hardened(sandbox: LocalSandbox) -> None:
    weak = measure(LARGEST, sandbox, ["def f(xs):\n    return xs[-1]\n", "def f(xs):\n    return max(xs)\n"])
    assert not weak.reason and 0 < weak.passing_all == weak.passing_visible < len(weak.wrong)
    origins = [program.origin for program in weak.survivors]
    assert "recorded" in origins and [p.origin for p in weak.wrong].count("recorded") == 1, (
        "max is no wrong program"
    )
    hardened = harden(weak, sandbox)
    assert hardened.after == 0 and 0 < len(hardened.added) <= 4 and hardened.before == weak.passing_all
    assert all(test.suites == ("hardened",) for test in hardened.added)
    strong = measure(hardened.problem, sandbox, ["def f(xs):\n    return xs[-1]\n"])
    assert strong.passing_all == 0 and strong.passing_visible > 0
    assert harden(strong, sandbox).added == (), "nothing is left to stop"


def test_comparisons_are_the_tasks_own(sandbox: LocalSandbox) -> None:
    """A task that compares sets takes another order for right, one with floats a small difference."""
    unordered = problem_of(
        "def f(xs):\n    return sorted(set(xs))\n", "set(f([1, 1, 2])) == {1, 2}", "set(f([5])) == {5}"
    )
    other_order = measure(unordered, sandbox, ["def f(xs):\n    return list(set(xs))[::-1]\n"])
    assert "recorded" not in [program.origin for program in other_order.wrong]
    half = problem_of("def f(n):\n    return n / 3\n", "f(1.5) == 0.5", "f(3.0) == 1.0")
    nearly = measure(
        half, sandbox, ["def f(n):\n    return n * 0.3333333333333\n", "def f(n):\n    return n * 0.33\n"]
    )
    assert [program.origin for program in nearly.wrong].count("recorded") == 1


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (LARGEST.model_copy(update={"reference": ""}), "no reference"),
        (LARGEST.model_copy(update={"entry_point": "Solution.f"}), "no plain function"),
        (problem_of("def f(xs):\n    return xs\n", "f(open) == 3"), "no visible test calls it"),
        (problem_of("def f(n):\n    return n\n", "f(2) == 3"), "does not pass its own tests"),
        (
            problem_of(
                "import random\ndef f(n):\n    return random.random() if n != 2 else 2\n", "f(2) == 2"
            ),
            "no ",
        ),
    ],
)
def test_what_cannot_be_measured_says_why(problem: Problem, reason: str, sandbox: LocalSandbox) -> None:
    found = measure(problem, sandbox)
    assert reason in found.reason and not found.wrong and harden(found, sandbox).problem == found.problem


def test_calls_keep_their_own_comparison(sandbox: LocalSandbox) -> None:
    problem = LARGEST.model_copy(
        update={"visible_tests": (CallTest(arguments="[[3, 1]]", expected="3", compare="evalplus"),)}
    )
    found = measure(problem, sandbox)
    assert found.generated and {getattr(test, "compare", "") for test in found.generated} == {"evalplus"}


def test_the_command_writes_a_harder_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "own.jsonl", tmp_path / "harder.jsonl"
    bare = LARGEST.model_copy(update={"id": "test/bare", "reference": ""})
    source.write_text("".join(p.model_dump_json() + "\n" for p in (LARGEST, bare)), encoding="utf-8")
    answers = tmp_path / "answers.jsonl"
    answers.write_text(
        json.dumps({"task_id": "test/f", "solution": "def f(xs):\n    return xs[-1]\n"}) + "\n"
    )
    words = ["problems", str(source), "--harden", "--answers", str(answers), "--out", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    shown, said = capsys.readouterr()
    assert ended.value.code == 0
    assert (
        "pass all tests with the" in shown and "not measured: test/bare: it has no reference solution" in said
    )
    before, after = (load_source(str(path)).problems for path in (source, out))
    assert [problem.id for problem in after] == [problem.id for problem in before]
    assert after[1] == before[1] and len(after[0].hidden_tests) > 0
    with pytest.raises(SystemExit):
        main(["problems", str(out), "--strength", "--json", "--problem", "test/bare"])
    found = json.loads(capsys.readouterr().out)["test/bare"]
    assert (found["wrong"], found["not_measured"]) == (0, "it has no reference solution")
