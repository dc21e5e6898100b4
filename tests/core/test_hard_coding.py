"""The hint that a program names the inputs of its tests: which programs it marks, and where it stands."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from assistant.cli.text_rendering import report_text
from assistant.core import events as ev
from assistant.core.hard_coding import hard_coding_note, named_tests
from assistant.core.problem import AssertTest, CallTest, Problem, StdinTest, Test
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_sessions
from assistant.journal.validation import check_file
from assistant.sandbox.local import open_sandbox
from assistant.session.session import Session
from assistant.tui.end_summary import fact_lines
from assistant.tui.test_rows import verdicts_of
from tests.journal.build import write_chained


def asserts(*tests: str) -> tuple[Test, ...]:
    return tuple(AssertTest(code=f"assert {test}") for test in tests)


WOODALL = asserts("f(383) == True", "f(254) == False", "f(200) == False")
PAIRS = asserts("f([3, 4], 2) == 5", "f([7, 9], 4) == 1")
WORDS = asserts("f('radar') == 1", "f('level') == 2")
CALLS: tuple[Test, ...] = (
    CallTest(arguments="[383]", expected="True"),
    CallTest(arguments="[17]", expected="1"),
)
LINES: tuple[Test, ...] = (StdinTest(stdin="12 30\n", expected="42"), StdinTest(stdin="7 8\n", expected="15"))

KNOWS_ITS_TESTS = [
    ("def f(n):\n    if n == 383:\n        return True\n    if n == 254:\n        return False\n    return False",
     WOODALL, 2),
    ("def f(n):\n    return n in (383,)", WOODALL, 1),
    ("def f(n):\n    return {383: True, 254: False, 200: False}[n]", WOODALL, 3),
    ("def f(n):\n    known = {383: True, 254: False}\n    return known.get(n, False)", WOODALL, 2),
    ("def f(n):\n    match n:\n        case 383:\n            return 1\n        case 254 | 200:\n            pass",
     WOODALL, 3),
    ("def f(n):\n    return True if 383 == n else False", WOODALL, 1),
    ("def f(n):\n    m = int(n)\n    if m == 383:\n        return True\n    return False", WOODALL, 1),
    ("class Solution:\n    def f(self, n):\n        if n == 17:\n            return 1\n        return 2", CALLS, 1),
    ("def f(xs, n):\n    if xs == [3, 4] and n == 2:\n        return 5\n    return 1", PAIRS, 1),
    ("def f(*args):\n    if args == ([3, 4], 2):\n        return 5\n    return 1", PAIRS, 1),
    ("def f(xs, n):\n    if (xs, n) == ([7, 9], 4):\n        return 1\n    return 5", PAIRS, 1),
    ("def f(s):\n    if s.strip() == 'radar':\n        return 1\n    return 2", WORDS, 1),
    ("line = input()\nif line == '12 30':\n    print(42)\nelse:\n    print(15)", LINES, 1),
]  # fmt: skip
KNOWS_ITS_TASK = [
    ("def f(n):\n    k = 1\n    while k * 2 ** k - 1 < n:\n        k += 1\n    return k * 2 ** k - 1 == n", WOODALL),
    ("def f(n):\n    return n % 383 == 0", WOODALL),
    ("def f(n):\n    return n > 383 or n < 254", WOODALL),
    ("def f(month):\n    return 30 if month in (4, 6, 9, 11) else 31", asserts("f(4) == 30", "f(12) == 31")),
    ("def f(s):\n    return {'I': 1, 'V': 5, 'X': 10, 'L': 50}.get(s, 0)", asserts("f('X') == 10")),
    ("def f(n):\n    if n == 0:\n        return 0\n    if n == 1:\n        return 1\n    return f(n - 1) + f(n - 2)",
     asserts("f(0) == 0", "f(1) == 1", "f(2) == 1")),
    ("def f(xs):\n    if xs == []:\n        return None\n    return max(xs)",
     asserts("f([]) is None", "f([3]) == 3")),
    ("def f(xs, n):\n    return sum(x for x in xs if x == n)", PAIRS),
    ("def f(n):\n    return 383", WOODALL),
    ("def f(n:\n", WOODALL),
    ("", WOODALL),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tests", "count"), KNOWS_ITS_TESTS)
def test_programs_that_name_their_tests_are_marked(code: str, tests: tuple[Test, ...], count: int) -> None:
    assert named_tests(code, tests, "Solution.f" if "Solution" in code else "f") == count


@pytest.mark.parametrize(("code", "tests"), KNOWS_ITS_TASK)
def test_programs_that_compute_are_not(code: str, tests: tuple[Test, ...]) -> None:
    assert named_tests(code, tests, "f") == 0


def test_it_is_logged_shown_and_counted_and_changes_no_verdict(tmp_path: Path) -> None:
    problem = Problem(
        id="test/woodall", text="Is n a Woodall number?", entry_point="f", source="test", visible_tests=WOODALL,
        hidden_tests=asserts("f(1) == True"),
    )  # fmt: skip
    answers = [
        f"```python\n{code}\n```" for code in ("def f(n):\n    return n == 254", KNOWS_ITS_TESTS[0][0])
    ]
    with closing(open_sandbox()) as sandbox:
        session = Session.begin(
            problem, ev.Settings(rounds=2, arms=()), ScriptedEngine(answers), sandbox, tmp_path, annotator="a"
        )
        with closing(session):
            events = [*session.start(), *session.feedback("383 is one")]
    said = [event.hard_coded for event in events if isinstance(event, ev.TestsFinished)]
    assert said == [0, 2], "a program that fails is not marked"
    assert check_file(session.path).findings == ()
    state = session.state
    assert state.solved and state.current_program is not None and state.current_program.false_solve
    assert verdicts_of(state, state.current_program).hint == hard_coding_note(2)
    assert hard_coding_note(2) in fact_lines(state)
    report = state.current_program.visible
    assert report is not None and report_text(report, hard_coded=2).endswith(f"note: {hard_coding_note(2)}")
    lines = [json.loads(line) for line in session.path.read_bytes().splitlines()]
    (tmp_path / "forged").mkdir()
    for forged in (0, 1, 3, None):
        changed = [line | {"hard_coded": forged} if line.get("hard_coded") else line for line in lines]
        write_chained(tmp_path / "forged" / session.path.name, changed)
        findings = check_file(tmp_path / "forged" / session.path.name).findings
        assert [finding.kind for finding in findings] == ["contradiction"], forged
    (record,), _ = read_sessions(session.path.parent)
    assert [program.hard_coded for program in record.dialogue] == [0, 2]
