"""Expected values recorded from references in the real sandbox, and references held against their tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core.errors import SandboxError
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.submission import Submission
from assistant.problems.collection import Collection
from assistant.problems.evalplus_tests import attach_plus
from assistant.problems.expected_cache import fill_collection_once
from assistant.problems.expected_values import fill_collection, is_open, with_expected
from assistant.problems.load import load_source
from assistant.problems.reference_check import check_reference, check_references
from assistant.sandbox.local import LocalSandbox, open_sandbox
from tests.thoroughness import tries


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    try:
        opened = open_sandbox()
    except SandboxError:
        opened = open_sandbox(unsafe=True)
    yield opened
    opened.close()


def task(visible: str, reference: str, *calls: str, setup: str = "", atol: float = 0.0) -> Problem:
    return Problem(
        id="Mbpp/1",
        text="t",
        entry_point="f",
        visible_tests=(AssertTest(code=visible),),
        hidden_tests=tuple(CallTest(arguments=call, atol=atol) for call in calls),
        test_setup=setup,
        reference=reference,
        source="test",
    )


def verdicts(problem: Problem, program: str, sandbox: LocalSandbox) -> list[bool]:
    return [case.passed for case in sandbox.run(Submission.of(problem, program, hidden=True)).cases]


def test_values_are_what_the_reference_gives(sandbox: LocalSandbox) -> None:
    problem = task("assert f(1) == [1]", "def f(x):\n  return [x] * x", "[0]", "[3]")
    assert is_open(problem)
    filled, dropped = with_expected(problem, sandbox)
    assert not dropped and not is_open(filled)
    assert [test.text("f") for test in filled.hidden_tests] == ["f(0) == []", "f(3) == [3, 3, 3]"]
    assert verdicts(filled, "def f(x):\n  return [3] * x", sandbox) == [True, True]
    assert verdicts(filled, "def f(x):\n  return [x]", sandbox) == [False, False]


def test_a_task_that_compares_as_sets_accepts_any_order(sandbox: LocalSandbox) -> None:
    problem = task("assert set(f([1])) == set([1])", "def f(xs):\n  return tuple(xs)", "[[2, 1]]", "[[]]")
    filled, _ = with_expected(problem, sandbox)
    assert verdicts(filled, "def f(xs):\n  return sorted(xs)", sandbox) == [True, True]
    assert verdicts(filled, "def f(xs):\n  return xs[:1]", sandbox) == [False, True]


def test_a_task_that_compares_by_truth_accepts_any_truth(sandbox: LocalSandbox) -> None:
    reference = "import re\ndef f(x):\n  return re.match('a', x)"
    problem = task("assert f('ab')", reference, "['ac']", "['b']")
    filled, dropped = with_expected(problem, sandbox)
    assert not dropped
    assert [test.text("f") for test in filled.hidden_tests] == ["assert f('ac')", "assert not f('b')"]
    assert verdicts(filled, "def f(x):\n  return x[:1] == 'a'", sandbox) == [True, True]


def test_floats_have_room(sandbox: LocalSandbox) -> None:
    problem = task("assert f(1) == 0.1", "def f(x):\n  return [x * 0.1, 7]", "[3]", "[10000000]")
    filled, _ = with_expected(problem, sandbox)
    assert verdicts(filled, "def f(x):\n  return [x / 10, 7]", sandbox) == [True, True]
    assert verdicts(filled, "def f(x):\n  return [x / 10 + 0.01, 7]", sandbox) == [False, True]
    assert verdicts(filled, "def f(x):\n  return [x / 10, 8]", sandbox) == [False, False]


def test_a_counter_is_recorded_as_the_dict_that_it_equals(sandbox: LocalSandbox) -> None:
    reference = "from collections import Counter\ndef f(xs):\n  return Counter(xs)"
    filled, dropped = with_expected(task("assert f([]) == {}", reference, "[['a', 'a']]"), sandbox)
    assert not dropped and filled.hidden_tests[0].text("f") == "f(['a', 'a']) == {'a': 2}"
    assert check_reference(filled, sandbox).passed


def test_what_cannot_be_compared_is_dropped_by_name(sandbox: LocalSandbox) -> None:
    reference = "def f(x):\n  return 1 / x if x else float('nan') if x == 0 else None"
    filled, dropped = with_expected(task("assert f(1) == 1", reference, "[0]", "[2]", "['a']"), sandbox)
    assert [test.text("f") for test in filled.hidden_tests] == ["f(2) == 0.5  (within 1e-06)"]
    assert len(dropped) == 2
    assert "f(0)" in dropped[0] and "no literal" in dropped[0]
    assert "f('a')" in dropped[1] and "TypeError" in dropped[1]


def test_kept_values_are_used_again(sandbox: LocalSandbox, tmp_path: Path) -> None:
    problem = task("assert f(1) == 1", "def f(x):\n  return x", "[5]")
    collection = Collection("c", (problem,), ("line 1: bad",))
    steps: list[tuple[int, int]] = []
    first = fill_collection_once(
        collection, sandbox, tmp_path, lambda done, total: steps.append((done, total))
    )
    assert steps == [(1, 1)] and not is_open(first.problems[0]) and first.skipped == ("line 1: bad",)

    class Unused:
        def literals(self, *_: object) -> list[object]:
            raise AssertionError("recorded again")

    again = fill_collection_once(collection, Unused(), tmp_path)  # type: ignore[arg-type]
    assert again == first
    (kept,) = tmp_path.iterdir()
    kept.write_text("{broken")
    assert fill_collection_once(collection, sandbox, tmp_path) == first


def test_a_cache_that_cannot_be_written_is_no_error(sandbox: LocalSandbox, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    collection = Collection("c", (task("assert f(1) == 1", "def f(x):\n  return x", "[5]"),))
    assert not is_open(fill_collection_once(collection, sandbox, blocked).problems[0])


def test_references_are_held_against_visible_and_hidden_tests(sandbox: LocalSandbox) -> None:
    right = "def f(x):\n  return x"
    good = task("assert f(1) == 1", right, "[2]")
    bad_visible = task("assert f(1) == 2", right)
    bad_hidden = good.model_copy(update={"hidden_tests": (AssertTest(code="assert f(2) == 1"),)})
    without = good.model_copy(update={"reference": ""})
    results = list(check_references([good, bad_visible, bad_hidden, without], sandbox))
    assert [result.passed for result in results] == [True, False, False, False]
    assert [result.failed for result in results] == [False, True, True, False]
    assert results[2].first_failure is not None and results[2].first_failure.test == "assert f(2) == 1"


def test_fill_collection_says_how_far_it_is(sandbox: LocalSandbox) -> None:
    steps: list[tuple[int, int]] = []
    two = tuple(
        task("assert f(1) == 1", "def f(x):\n  return x", "[5]").model_copy(update={"id": name})
        for name in "ab"
    )
    fill_collection(Collection("c", two), sandbox, lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]


def failures(name: str, sandbox: LocalSandbox, step: int = 1) -> list[str]:
    results = check_references(load_source(name).problems[::step], sandbox)
    return [f"{r.problem.id}: {r.first_failure}" for r in results if not r.passed]


@pytest.mark.slow
def test_every_humaneval_reference_passes(sandbox: LocalSandbox) -> None:
    """Usually every third; `tests/sandbox/test_datasets.py` runs all of its programs each time."""
    assert failures("humaneval", sandbox, tries(3, 1)) == []


@pytest.mark.slow
@pytest.mark.parametrize("file", ["mbpp/mbpp.jsonl", "mbpp/sanitized-mbpp.json", "apps"])
def test_every_real_reference_passes(sandbox: LocalSandbox, shared_data: Path, file: str) -> None:
    """Usually every fourth of MBPP: `tests/sandbox/test_datasets.py` runs all of its programs each time."""
    step = tries(4, 1) if file.startswith("mbpp") else 1
    assert failures(str(shared_data / file), sandbox, step) == []


@pytest.mark.slow
@pytest.mark.parametrize("file", ["mbppplus/MbppPlus.jsonl.gz", "humanevalplus/HumanEvalPlus-Mini.jsonl.gz"])
def test_plus_references_give_the_same_again(sandbox: LocalSandbox, shared_data: Path, file: str) -> None:
    """Every 15th task at night; all of them with `assistant problems FILE --check` (minutes)."""
    chosen = load_source(str(shared_data / file)).problems[:: tries(30, 15)]
    results = list(check_references(chosen, sandbox))
    assert [result.problem.id for result in results if not result.passed] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "plus", "count"),
    [
        ("mbpp/mbpp.jsonl", "mbppplus/MbppPlus.jsonl.gz", 328),
        ("mbpp/sanitized-mbpp.json", "mbppplus/MbppPlus.jsonl.gz", 378),
        ("humaneval", "humanevalplus/HumanEvalPlus-Mini.jsonl.gz", 164),
    ],
)
def test_mended_references_pass_the_tests_of_the_base(
    sandbox: LocalSandbox, shared_data: Path, base: str, plus: str, count: int
) -> None:
    own = load_source(base if base == "humaneval" else str(shared_data / base))
    attached = attach_plus(own, load_source(str(shared_data / plus)))
    mended = [problem for problem in attached if problem.reference != own.get(problem.id).reference]
    assert sum(problem is not own.get(problem.id) for problem in attached) == count
    results = check_references(mended[:: tries(9, 3)], sandbox)
    assert [result.problem.id for result in results if not result.passed] == []


@pytest.mark.slow
def test_plus_tests_catch_a_false_solve(sandbox: LocalSandbox, shared_data: Path) -> None:
    """HumanEval/0's official lists all have five numbers or more; the plus inputs have shorter ones."""
    plus = load_source(str(shared_data / "humanevalplus" / "HumanEvalPlus-Mini.jsonl.gz"))
    filled = fill_collection(Collection("plus", plus.problems[:2]), sandbox)
    official = load_source("humaneval")
    attached = attach_plus(official, filled).get("HumanEval/0")
    careless = (
        "def has_close_elements(numbers, threshold):\n"
        "    xs = sorted(numbers)\n"
        "    return len(xs) > 2 and any(b - a < threshold for a, b in zip(xs, xs[1:]))\n"
    )
    assert check_reference(attached, sandbox).passed
    assert sandbox.run(Submission.of(attached, careless)).passed
    assert sandbox.run(Submission.of(official.get("HumanEval/0"), careless, hidden=True)).passed
    assert not sandbox.run(Submission.of(attached, careless, hidden=True)).passed
