"""HumanEval's `check(candidate)` taken apart into single tests, run here against a right and a wrong one."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from assistant.problems.check_function import single_tests
from assistant.problems.records import BadRecord


def parts_of(source: str, name: str = "double") -> list[str]:
    return single_tests(ast.parse(source), name)[0]


def passes(test: str, double: Callable[..., object], setup: str = "") -> bool:
    names: dict[str, object] = {"double": double}
    exec(setup, names)
    try:
        exec(test, names)
    except AssertionError:
        return False
    return True


def right(x: int) -> int:
    return 2 * x


def wrong(x: int) -> int:
    return x + 3


def test_plain_asserts_lose_messages_and_bare_constants() -> None:
    source = """
METADATA = {"author": "jt"}

def check(candidate):
    # simple
    assert candidate(1) == 2, "This prints if this assert fails 1"
    assert True, "This prints if this assert fails 2"
    assert candidate(2) == 4
"""
    assert parts_of(source) == ["assert double(1) == 2", "assert double(2) == 4"]


def test_a_short_loop_is_unrolled() -> None:
    source = "def check(candidate):\n    for x in range(2, 5):\n        assert candidate(x) == x + x\n"
    tests = parts_of(source)
    assert tests == [f"assert double({x}) == {x} + {x}" for x in (2, 3, 4)]


def test_a_long_loop_stays_one_test_with_its_imports() -> None:
    source = """
def check(candidate):
    import random
    assert candidate(1) == 2
    for i in range(100):
        x = random.randint(4, 1000)
        assert candidate(x) == x + x
"""
    plain, loop = parts_of(source)
    assert plain == "assert double(1) == 2"
    assert loop.startswith("import random\nfor i in range(100):")
    assert passes(loop, right) and not passes(loop, wrong)


def test_names_assigned_before_are_put_into_the_assert() -> None:
    source = """
def check(candidate):
    unused = 1
    start = 20
    wanted = start + 20
    assert candidate(20) == wanted
"""
    assert parts_of(source) == ["assert double(20) == 20 + 20"]


def test_a_value_used_twice_stays_one_object() -> None:
    source = "def check(candidate):\n    xs = [2, 1]\n    assert candidate(xs) == xs\n"
    (test,) = parts_of(source)
    assert test == "xs = [2, 1]\nassert double(xs) == xs"

    def in_place(xs: list[int]) -> list[int]:
        xs.sort()
        return xs

    assert passes(test, in_place)


def test_code_beside_check_becomes_setup() -> None:
    source = """
METADATA = {}
def near(a, b):
    return abs(a - b) < 1e-6
def check(candidate):
    assert near(candidate(1), 2)
"""
    tests, setup = single_tests(ast.parse(source), "double")
    assert "METADATA" not in setup
    assert passes(tests[0], right, setup) and not passes(tests[0], wrong, setup)


def test_a_call_of_a_helper_counts_as_a_test() -> None:
    source = """
def same(out, wanted):
    assert out == wanted
def check(candidate):
    inputs = [1, 2]
    for x in inputs:
        same(candidate(x), 2 * x)
"""
    tests, setup = single_tests(ast.parse(source), "double")
    assert len(tests) == 1
    assert passes(tests[0], right, setup) and not passes(tests[0], wrong, setup)


@pytest.mark.parametrize("source", ["x = 1", "def check(): pass", "def check(candidate):\n    pass"])
def test_without_tests_it_is_a_bad_record(source: str) -> None:
    with pytest.raises(BadRecord):
        single_tests(ast.parse(source), "double")
