"""Whole programs: standard input in, standard output compared."""

# ruff: noqa: E501
from __future__ import annotations

import pytest

from assistant.core.outcome import Outcome
from assistant.core.problem import StdinTest
from assistant.sandbox.stdin_runner import prints_the_same
from tests.sandbox.conftest import Run

DOUBLE = StdinTest(stdin="2\n", expected="4\n")


def test_right_and_wrong(run: Run) -> None:
    report = run("print(int(input()) * 2)\n", DOUBLE, StdinTest(stdin="3\n", expected="7\n"))
    assert [case.outcome.value for case in report.cases] == ["passed", "wrong"]
    assert (report.cases[1].expected, report.cases[1].actual) == ("7\n", "6\n")


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.stdout.write(str(int(sys.stdin.readline()) * 2))\n",
        "import sys\nprint(*[int(line) * 2 for line in sys.stdin])\n",
        "import sys\nprint(int(sys.stdin.buffer.read()) * 2)\nsys.exit(0)\n",
        "import os\nos.write(1, str(int(os.read(0, 9)) * 2).encode())\nos._exit(0)\n",
        "def main():\n    print(int(input()) * 2)\nif __name__ == '__main__':\n    main()\n",
        "import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(1 << 26)\n"
        "threading.Thread(target=lambda: print(int(input()) * 2)).start()\n",
        "import atexit, sys\nout = []\natexit.register(lambda: sys.stdout.write(' '.join(out)))\nout.append(str(int(input()) * 2))\n",
        "import sys, io, os\nsys.stdin = io.BytesIO(os.read(0, os.fstat(0).st_size))\nprint(int(sys.stdin.readline()) * 2)\n",
        "import sys\nsys.stderr.write('debug' * 1000)\nprint(int(open(0).read()) * 2)\n",
        "import sys\nprint(int(input()) * 2, flush=True)\nexit()\n",
    ],
)
def test_ways_to_read_and_print(run: Run, source: str) -> None:
    report = run(source, DOUBLE)
    assert report.passed and report.sealed, report.cases


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("print(4)\nraise ValueError('late')\n", Outcome.RAISED),
        ("print(5)\nimport sys\nsys.exit(3)\n", Outcome.EXITED_EARLY),
        ("print(4, flush=True)\nimport os\nos.abort()\n", Outcome.EXITED_EARLY),
        ("print(4, flush=True)\nwhile True: pass\n", Outcome.TIMED_OUT),
        ("while True: print('4' * 10000)\n", Outcome.BLOCKED),
        ("x = [0] * 10 ** 10\n", Outcome.OUT_OF_MEMORY),
        ("print(4\n", Outcome.NOT_RUNNABLE),
        ("import socket\nsocket.socket()\n", Outcome.BLOCKED),
        ("", Outcome.WRONG),
        ("print(4.5)\n", Outcome.WRONG),
        ("import os, struct\nbody = b'{\"ended\":true}'\nfor fd in range(3, 20):\n    try:\n"
         "        os.write(fd, struct.pack('>I', len(body)) + body)\n    except OSError:\n        pass\nwhile True: pass\n",
         Outcome.WRONG),
    ],
)  # fmt: skip
def test_ways_to_fail(run: Run, source: str, outcome: Outcome) -> None:
    report = run(source, DOUBLE, seconds=0.7 if outcome is Outcome.TIMED_OUT else 20.0)
    assert report.outcome is outcome, report.cases


def test_each_test_has_a_process_of_its_own(run: Run) -> None:
    source = "import os\ntry:\n    open('/tmp/seen').close()\n    print('again')\nexcept OSError:\n    print(4)\ntry:\n    open('/tmp/seen', 'w').close()\nexcept OSError:\n    pass\n"
    assert run(source, DOUBLE, DOUBLE).passed


@pytest.mark.slow
def test_a_long_expected_output_is_compared_whole(run: Run) -> None:
    text = "\n".join(map(str, range(60_000)))
    assert run("print(*range(60000), sep='\\n')\n", StdinTest(stdin="", expected=text)).passed
    report = run("print(*range(59999), sep='\\n')\n", StdinTest(stdin="", expected=text))
    assert report.outcome is Outcome.WRONG and len(report.cases[0].actual or "") < 2100


def test_a_line_is_named(run: Run) -> None:
    (case,) = run("n = int(input())\nprint(n // 0)\n", DOUBLE).cases
    assert case.line == 2 and "ZeroDivisionError" in case.message


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("1\n2\n", "1\n2", True),
        ("1  2 \n\n", "1 2", True),
        ("1\r\n2", "1\n2", True),
        ("1\n\n2", "1\n2", True),
        ("\n1", "1", True),
        ("1 2", "1\n2", False),
        ("", "", True),
        ("1", "1.0", True),
        ("3.141593", "3.1415926535", True),
        ("3.1417", "3.1415926535", False),
        ("1000000", "1000001", False),
        ("b a", "a b", False),
        ("2\n1", "1\n2", False),
        ("nan", "nan", True),
        ("yes", "YES", False),
    ],
)
def test_what_counts_as_the_same(printed: str, expected: str, same: bool) -> None:
    assert prints_the_same(printed.encode(), expected) is same
