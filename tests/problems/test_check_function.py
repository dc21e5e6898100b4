"""HumanEval's `check(candidate)` taken apart into single tests, run here against a right and a wrong one."""

from __future__ import annotations

import ast
import contextlib
import io
import random
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


# -- Any body means what it means in plain Python ------------------------------------------------------------

BESIDE = """
import contextlib, io
seen = []
def near(a, b):
    return abs(a - b) < 1e-6
def same(out, wanted):
    assert out == wanted
def through(out, wanted):
    same(out, wanted)
class Box:
    def __init__(self, v):
        self.v = v
"""
PIECES = (
    "assert candidate(2) == 4",
    "assert candidate(3) == 6, 'three'",
    "assert True",
    "pass",
    "x = [1]",
    "x.append(2)",
    "x[0] = 2",
    "del x[0]",
    "x = x + [3]",
    "assert candidate(len(x)) == 2 * len(x)",
    "assert [candidate(i) for i in x] == [2 * i for i in x]",
    "n = 5",
    "n += 1",
    "assert candidate(n) == 10",
    "assert candidate(n) == 2 * n",
    "wanted = candidate(n)\nassert wanted == 2 * n",
    "q = [5, 2]",
    "assert candidate(q.pop()) in (4, 10)",
    "assert candidate(q.pop()) == 10",
    "it = iter([1, 2, 3])",
    "assert candidate(next(it)) == 2",
    "assert candidate(next(it)) == 4",
    "row = [0]\nm = [row, row]",
    "m[0].append(1)\nassert m[1] == [0, 1]",
    "total = 0",
    "for i in range(3):\n    total += candidate(i)",
    "assert total == 6",
    "for i in range(2, 5):\n    assert candidate(i) == i + i",
    "for i in [1, 2]:\n    assert [candidate(i) for i in (i, 7)] == [2 * i, 14]",
    "for i in range(30):\n    assert candidate(i) == i + i",
    "assert i < 40",
    "def one(a, b):\n    assert candidate(a) == b",
    "one(1, 2)",
    "one(2, 5)",
    "def twice(a):\n    return 2 * a",
    "assert candidate(9) == twice(9)",
    "same(candidate(4), 8)",
    "through(candidate(4), 9)",
    "assert near(candidate(1), 2)",
    "buf = io.StringIO()\nwith contextlib.redirect_stdout(buf):\n    print(candidate(2))",
    "assert buf.getvalue() == '4\\n'",
    "try:\n    candidate()\n    assert False\nexcept TypeError:\n    pass",
    "b = Box(1)",
    "b.v = 2",
    "assert candidate(b.v) == 4",
    "if candidate(1) != 2:\n    raise AssertionError",
    "if n:\n    return",
    "double = lambda a: 2 * a",
    "assert candidate(6) == double(6)",
    "sum = 3\nassert candidate(sum) == 6",
    "seen.append(candidate(1))",
    "assert len(seen) < 3",
    "import math\nassert candidate(math.floor(1.5)) == 2",
    "y = n",
    "assert candidate(y) == 2 * n",
    "print(candidate(0))",
    "assert False",
    "assert (z := candidate(1)) == 2",
)
HEADS = (
    "def check(candidate):",
    "def check(candidate, verbose=False):",
    "def check(candidate, *args, n=5):",
)
ENDS = ("", "check(double)", "if __name__ == '__main__':\n    check(double)")


def bodies(count: int, seed: int) -> list[str]:
    """Check functions put together at random; the right candidate passes two thirds of them or more."""
    chance = random.Random(seed)
    made: list[str] = []
    while len(made) < count:
        chosen = sorted(chance.sample(range(len(PIECES)), chance.randint(1, 9)))
        lines = "\n".join(PIECES[place] for place in chosen).splitlines()
        body = "\n".join("    " + line for line in lines)
        source = f"{BESIDE}\n{chance.choice(HEADS)}\n{body}\n{chance.choice(ENDS)}\n"
        if len(made) % 3 == 0 or passes_in_plain_python(source, right):
            made.append(source)
    return made


def candidates() -> dict[str, Callable[..., object]]:
    return {
        "right": right,
        "wrong": wrong,
        "four times": lambda n: 4 * n,
        "right for small": lambda n: 2 * n if n < 5 else 0,
        "any arguments": lambda *n: 2 * (n[0] if n else 1),
    }


def passes_in_plain_python(source: str, double: Callable[..., object]) -> bool:
    names: dict[str, object] = {"double": double, "__name__": "tests"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(source, names)
            if "\ncheck(double)" not in source:
                names["check"](double)  # type: ignore[operator]
    except Exception:
        return False
    return True


def passes_in_parts(source: str, double: Callable[..., object]) -> bool | None:
    """The verdict of our tests, all in one namespace as in the sandbox; None where there is none."""
    try:
        tests, setup = single_tests(ast.parse(source), "double")
    except BadRecord:
        return None
    names: dict[str, object] = {"double": double, "candidate": double, "__name__": "tests"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for text in (setup, *tests):
                exec(text, names)
    except Exception:
        return False
    return True


@pytest.mark.slow
def test_bodies_of_any_kind_give_the_verdict_of_plain_python() -> None:
    judged = {True: 0, False: 0}
    for source in bodies(400, 7):
        for name, double in candidates().items():
            plain, ours = passes_in_plain_python(source, double), passes_in_parts(source, double)
            if ours is None:
                assert "assert" not in source.partition("def check")[2] or plain
                continue
            assert ours == plain, (name, source)
            judged[plain] += 1
    assert judged[True] > 300 and judged[False] > 300
