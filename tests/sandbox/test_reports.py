"""What a person reads: expected, actual, the line of their own function, what was printed."""

# ruff: noqa: E501
from __future__ import annotations

import pytest

from assistant.core.outcome import Outcome
from assistant.core.problem import AssertTest, CallTest, ValueTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox
from tests.sandbox.conftest import Run


def test_expected_and_actual(run: Run) -> None:
    (case,) = run("def f(x):\n    return [x, 1]\n", "assert f(2) == [1, 2]").cases
    assert (case.outcome, case.expected, case.actual) == (Outcome.WRONG, "[1, 2]", "[2, 1]")


def test_expected_and_actual_of_a_passed_case(run: Run) -> None:
    (case,) = run("def f(x):\n    return x\n", "assert f(2) == 2").cases
    assert case.passed and (case.expected, case.actual) == ("2", "2")


def test_the_side_with_the_call_is_actual(run: Run) -> None:
    (case,) = run("def f(x):\n    return x\n", "assert [1] == f([2])").cases
    assert (case.expected, case.actual) == ("[1]", "[2]")


def test_asserts_of_other_shapes(run: Run) -> None:
    report = run(
        "def f(x):\n    return x\n",
        "assert not f(1)",
        "assert f(0)",
        "import math\nassert math.isclose(f(1.5), 2.5)",
        "assert f(3) in [1, 2]",
        "assert f(3) < 1",
        "assert set(f([1])) == {2}",
        "assert f(1) != 1, 'must differ'",
    )
    shown = [(case.expected, case.actual, case.message) for case in report.cases]
    assert shown == [
        ("False", "1", ""),
        ("True", "0", ""),
        ("about 2.5", "1.5", ""),
        ("in [1, 2]", "3", ""),
        ("< 1", "3", ""),
        ("{2}", "{1}", ""),
        ("!= 1", "1", "must differ"),
    ]


def test_an_exception_names_the_line_of_the_function(run: Run) -> None:
    (case,) = run("def f(x):\n    y = x\n    return y / 0\n", "assert f(2) == 4").cases
    assert case.outcome is Outcome.RAISED and case.line == 3
    assert case.message == "ZeroDivisionError: division by zero (line 3: return y / 0)"


def test_an_exception_in_the_test_is_not_blamed_on_a_line(run: Run) -> None:
    (case,) = run("def f(x):\n    return None\n", "assert f(2)[0] == 4").cases
    assert case.outcome is Outcome.RAISED and case.line is None
    assert "not subscriptable" in case.message and case.message.endswith("(in the test)")


def test_a_syntax_error_names_its_line(run: Run) -> None:
    report = run("def f(x):\n    return (\n", "assert f(2) == 4")
    assert report.outcome is Outcome.NOT_RUNNABLE and report.cases[0].line == 2
    assert report.message.startswith("SyntaxError: '(' was never closed")


def test_a_missing_function_is_said(run: Run) -> None:
    report = run("def g(x):\n    return 4\n", "assert f(2) == 4", entry_point="f")
    assert report.message == "the program defines no `f`"


def test_printed_text_belongs_to_its_case(run: Run) -> None:
    report = run("def f(x):\n    print('got', x)\n    return x\n", "assert f(1) == 1", "assert f(2) == 2")
    assert [case.stdout for case in report.cases] == ["got 1\n", "got 2\n"]
    assert report.stdout == "got 1\ngot 2\n"


def test_output_is_cut_at_the_limit(sandbox: LocalSandbox) -> None:
    report = sandbox.run(
        Submission(
            source="def f(x):\n    print('x' * 5000)\n    return x\n",
            tests=(AssertTest(code="assert f(1) == 1"),),
            limits=Limits(output_bytes=1000),
        )
    )
    assert report.passed and "(output cut)" in report.cases[0].stdout
    assert len(report.cases[0].stdout) < 1100


@pytest.mark.slow
def test_a_hanging_case_does_not_hide_the_others(run: Run) -> None:
    report = run(
        "def f(x):\n    while x == 2:\n        pass\n    return x\n",
        "assert f(1) == 1",
        "assert f(2) == 2",
        "assert f(3) == 3",
        seconds=2.0,
    )
    assert [case.outcome.value for case in report.cases] == ["passed", "timed_out", "passed"]
    assert report.outcome is Outcome.TIMED_OUT


@pytest.mark.slow
def test_time_is_bounded_when_every_case_hangs(run: Run) -> None:
    report = run("def f(x):\n    while True:\n        pass\n", *["assert f(1) == 1"] * 20, seconds=0.3)
    assert {case.outcome for case in report.cases} == {Outcome.TIMED_OUT}
    assert report.seconds < 30 and "not run" in report.cases[-1].message


def test_each_exit_is_its_own_case(run: Run) -> None:
    report = run(
        "import os, sys\ndef f(x):\n    if x == 1:\n        os._exit(3)\n    if x == 2:\n        sys.exit('no')\n    return x\n",
        *(f"assert f({x}) == {x}" for x in (1, 2, 3)),
    )
    assert [case.outcome.value for case in report.cases] == ["exited_early", "exited_early", "passed"]
    assert "(status 3)" in report.cases[0].message and report.cases[1].line == 6


def test_custom_classes_run_unsealed_and_say_so(run: Run) -> None:
    source = "class Node:\n    def __init__(self, x):\n        self.x = x\ndef f(n):\n    return n.x\n"
    report = run(source, "assert f(root) == 4", "assert f(Node(1)) == 1", test_setup="root = Node(4)")
    assert report.passed and not report.sealed
    assert all(not case.sealed for case in report.cases)


def test_only_the_case_that_needs_it_is_unsealed(run: Run) -> None:
    source = "class Node:\n    x = 1\ndef f(n):\n    return n if isinstance(n, int) else n.x\n"
    report = run(source, "assert f(4) == 4", "assert f(Node()) == 1")
    assert [case.sealed for case in report.cases] == [True, False]
    assert report.passed and not report.sealed


def test_classes_of_the_test_run_unsealed(run: Run) -> None:
    setup = "class Point:\n    def __init__(self, x):\n        self.x = x"
    report = run("def f(p):\n    return p.x\n", "assert f(Point(4)) == 4", test_setup=setup)
    assert report.passed and not report.sealed


def test_tests_that_look_inside_run_unsealed(run: Run) -> None:
    source = 'N = 2\ndef f(x):\n    """Doc."""\n    return x * N\n'
    for test in ("assert f.__doc__ == 'Doc.'", "globals()['N'] = 3\nassert f(2) == 6"):
        report = run(source, test)
        assert report.passed and not report.sealed, test


def test_setup_code_runs_after_the_program(run: Run) -> None:
    setup = "import math\ndef check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 6"
    report = run("def f(x):\n    return x * 2\n", "check(f)", test_setup=setup, entry_point="f")
    assert report.passed and report.sealed and report.cases[0].expected == "6"


def test_broken_setup_is_reported(run: Run) -> None:
    report = run("def f(x):\n    return x\n", "assert f(1) == 1", test_setup="boom()")
    assert report.outcome is Outcome.RAISED and "boom" in report.message


def test_broken_test_is_reported(run: Run) -> None:
    report = run("def f(x):\n    return x\n", "assert f(1) = 1", "assert f(1) == 1")
    assert [case.outcome.value for case in report.cases] == ["raised", "passed"]
    assert report.cases[0].message.endswith("(in the test)")


def test_call_tests(run: Run) -> None:
    report = run(
        "def f(a, b):\n    return {'sum': [a + b]}\n",
        CallTest(arguments="[0.1, 0.2]", expected="{'sum': [0.3]}", atol=1e-9),
        CallTest(arguments="[0.1, 0.2]", expected="{'sum': [0.3]}"),
        CallTest(arguments="[1, 2]", expected="{'sum': (3,)}", atol=1e-9),
        CallTest(arguments="[1, 2]"),
        entry_point="f",
    )
    assert [case.outcome.value for case in report.cases] == ["passed", "wrong", "wrong", "not_runnable"]
    assert report.cases[1].expected == "{'sum': [0.3]}"


def test_a_method_of_a_fresh_solution(run: Run) -> None:
    source = "class Solution:\n    n = 0\n    def go(self, x):\n        self.n += x\n        return self.n\n"
    tests = [CallTest(arguments="[2]", expected="2"), CallTest(arguments="[3]", expected="3")]
    report = run(source, *tests, entry_point="Solution.go")
    assert report.passed and report.sealed


def test_value_tests(run: Run) -> None:
    report = run(
        "n0 = 7.0\nanswer = n0 / 2\n",
        ValueTest(expected=3.5),
        ValueTest(expected=3.5000001),
        ValueTest(expected=4.0),
        ValueTest(name="missing", expected=1.0),
    )
    assert [case.outcome.value for case in report.cases] == ["passed", "passed", "wrong", "not_runnable"]
    assert (report.cases[2].expected, report.cases[2].actual) == ("4.0", "3.5")


def test_a_value_that_lies_is_no_number(run: Run) -> None:
    source = "class N(float):\n    def __sub__(s, o): return 0.0\n    __rsub__ = __sub__\n    def __eq__(s, o): return True\nanswer = N(5)\n"
    assert run(source, ValueTest(expected=3.5)).outcome is Outcome.WRONG


def test_no_tests_is_no_pass(run: Run) -> None:
    report = run("def f(x):\n    return x\n")
    assert not report.passed and report.message == "no test was given"


def test_an_expression_beside_the_program(sandbox: LocalSandbox) -> None:
    case = sandbox.call("def f(x):\n    print('hi')\n    return [x]\n", "f(3)")
    assert (case.actual, case.stdout, case.sealed) == ("[3]", "hi\n", False)
    assert sandbox.call("def f(x):\n    return 1 / 0\n", "f(3)").line == 2
    assert sandbox.call("x = 1", "x +").outcome is Outcome.RAISED
    assert sandbox.call("x = 1", "x", Limits(source_bytes=2)).outcome is Outcome.NOT_RUNNABLE


def test_blocked_is_said_when_a_wall_was_hit(run: Run) -> None:
    report = run("import socket\ndef f(x):\n    socket.socket()\n", "assert f(1) == 1")
    assert report.outcome is Outcome.BLOCKED and report.cases[0].line == 3


def test_layers_are_in_the_report(sandbox: LocalSandbox, run: Run) -> None:
    report = run("def f(x):\n    return x\n", "assert f(1) == 1")
    assert report.layers == dict(sandbox.layers) and report.layers["seccomp"]


def test_a_function_named_like_a_builtin(run: Run) -> None:
    source = "def sum(a, b):\n    return a * b\n"
    assert run(source, "assert sum(2, 3) == 6").passed
    assert run(source, "assert sum(2, 3) == 6", entry_point="sum").passed
