"""Frames that no honest program writes: each becomes a verdict whose texts are safe to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import AssertTest, CallTest, StdinTest, Test, ValueTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox import case_runner, stdin_runner
from assistant.sandbox.execution import PeerClosed
from assistant.sandbox.guest import framing
from assistant.sandbox.guest.judge import Judge
from assistant.sandbox.guest.judge_link import Link
from tests.sandbox.conftest import Run
from tests.sandbox.run_corpus import is_displayable
from tests.sandbox.test_serialization_fuzz import JUNK
from tests.thoroughness import tries

Json = dict[str, Any]
ESCAPES = "\x1b]0;TITLE\x07\x1b[2J\u202e\x9b"
TEXTS = st.sampled_from(["", "x", ESCAPES, "MemoryError", "SystemExit", "ValueError", "\ud800", "a" * 5000])
ANYTHING = JUNK | TEXTS | st.just([[[[[[]]]]]] * 3)
ACCOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "type": TEXTS | ANYTHING,
        "mro": st.lists(TEXTS | ANYTHING, max_size=3) | ANYTHING,
        "text": TEXTS | ANYTHING,
        "args": st.lists(ANYTHING, max_size=3) | ANYTHING,
        "line": st.integers() | ANYTHING,
        "code": TEXTS | ANYTHING,
        "exit": st.integers() | ANYTHING,
    },
)
KINDS = st.dictionaries(
    st.sampled_from(["f", "math", "VALUE"]),
    st.sampled_from(["function", "class", "module", "value"]) | ANYTHING,
    max_size=3,
)
OF_THE_PROGRAM = st.fixed_dictionaries(
    {},
    optional={
        "loaded": ANYTHING,
        "kinds": KINDS | ANYTHING,
        "value": ANYTHING,
        "after": ANYTHING,
        "raised": ACCOUNTS | ANYTHING,
        "refused": TEXTS | ANYTHING,
        "callback": st.integers(-2, 2) | ANYTHING,
        "args": ANYTHING,
        "stop": ANYTHING,
    },
)
FAILURES = st.fixed_dictionaries(
    {},
    optional={
        "died": ANYTHING,
        "raised": ACCOUNTS,
        "message": ANYTHING,
        "stage": ANYTHING,
        "in_test": ANYTHING,
    },
)
VERDICTS = st.sampled_from(["passed", "wrong", "raised", "error", "died", "unsealed", "recorded"])
OF_THE_JUDGE = st.fixed_dictionaries(
    {},
    optional={
        "case": st.integers(0, 2) | ANYTHING,
        "verdict": VERDICTS | ANYTHING,
        "raised": ACCOUNTS | ANYTHING,
        "expected": ANYTHING,
        "actual": ANYTHING,
        "message": ANYTHING,
        "seconds": st.floats() | st.integers() | ANYTHING,
        "failure": FAILURES | ANYTHING,
        "unsealed": st.lists(ANYTHING, max_size=4) | ANYTHING,
        "own_judge": ANYTHING,
        "literal": ANYTHING,
        "ready": ANYTHING,
        "ended": ANYTHING,
    },
)
TESTS: tuple[Test, ...] = (
    AssertTest(code="assert f(2) == 4"),
    AssertTest(code="import math\ntry:\n    f([1], print)\nexcept ValueError:\n    pass\nassert VALUE"),
    CallTest(arguments="[1]", expected="2"),
    ValueTest(name="VALUE", expected=1.0),
)


def sent(messages: list[Json]) -> Iterator[Json]:
    """The messages as they come out of a stream; an account of nothing that JSON cannot write."""
    for message in messages:
        yield framing.parse(json.dumps(message).encode())


class Said:
    """A stream from which the given messages come, and then nothing."""

    def __init__(self, messages: list[Json]) -> None:
        self._messages = sent(messages)
        self.answers: list[Json] = []

    def send(self, message: Any) -> None:
        self.answers.append(framing.parse(framing.pack(message)[4:]))

    def receive(self, deadline: float | None = None) -> Json:
        for message in self._messages:
            return message
        raise framing.FrameError("gone")


def job() -> list[Json]:
    described = [test.model_dump(mode="json") for test in TESTS]
    first = {"source": "", "name": "solution", "entry": "f", "setup": "", "tests": described}
    return [first, *({"run": index} for index in range(len(TESTS)))]


@pytest.mark.slow
@given(st.lists(OF_THE_PROGRAM, max_size=12))
@settings(max_examples=tries(150, 600), suppress_health_check=list(HealthCheck))
def test_a_judge_survives_what_a_program_says(messages: list[Json]) -> None:
    harness = Said(job())
    loaded: list[Json] = [{"loaded": True}, {"kinds": {"f": "function", "VALUE": "value"}}]
    for given_first in ([], loaded):
        harness = Said(job())
        with pytest.raises(framing.FrameError, match="gone"):
            Judge(harness, Link(Said([*given_first, *messages]))).serve()  # type: ignore[arg-type]
        assert len(harness.answers) == 1 + len(TESTS)
        assert_reports(asked(harness.answers, sealed=True))


class FakeAttempt:
    """An attempt whose judge says what it is told to, and is gone."""

    said: ClassVar[list[Json]] = []

    def __init__(self, worker: Any, *, role: str, **_: Any) -> None:
        self.role = role
        self.output = self

    def ask(self, message: Json, seconds: float) -> Json:
        if not self.said:
            raise PeerClosed
        return self.said.pop(0)

    def take(self) -> bytes:
        return ESCAPES.encode()

    def drain(self) -> bool:
        return True

    def program_ended(self) -> int | None:
        return None

    judge_ended = program_ended

    def __enter__(self) -> FakeAttempt:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def asked(messages: list[Json], *, sealed: bool) -> list[CaseReport]:
    """What the harness makes of a judge's answers."""
    FakeAttempt.said = list(sent(messages))
    submission = Submission(source="", tests=TESTS, entry_point="f")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_runner, "Execution", FakeAttempt)
        work = case_runner.CaseRunner(None, submission, list(TESTS), name="solution", expressions=not sealed)  # type: ignore[arg-type]
        return work.run()


def assert_reports(reports: list[CaseReport]) -> None:
    for report in reports:
        assert CaseReport.model_validate_json(report.model_dump_json()) == report
        for text in (report.message, report.stdout, report.expected or "", report.actual or ""):
            assert is_displayable(text), ascii(text)
            assert len(text) < 70_000


@pytest.mark.slow
@given(st.lists(OF_THE_JUDGE, max_size=8), st.booleans())
@settings(max_examples=tries(200, 1000), suppress_health_check=list(HealthCheck))
def test_the_harness_survives_what_a_judge_says(messages: list[Json], sealed: bool) -> None:
    reports = asked(messages, sealed=sealed)
    assert len(reports) == len(TESTS)
    assert_reports(reports)


@pytest.mark.slow
@given(OF_THE_JUDGE | OF_THE_PROGRAM, st.sampled_from(["", "4\n"]))
@settings(max_examples=tries(200, 1000), suppress_health_check=list(HealthCheck))
def test_the_harness_survives_what_a_whole_program_says(message: Json, expected: str) -> None:
    FakeAttempt.said = list(sent([message]))
    test = StdinTest(stdin="", expected=expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stdin_runner, "Execution", FakeAttempt)
        assert_reports(stdin_runner.run_programs(None, "", [test], Limits()))  # type: ignore[arg-type]


SAYING = """
import json, os, struct
def say(message):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    for fd in range(3, 128):
        try:
            os.write(fd, struct.pack(">I", len(data)) + data)
        except OSError:
            pass
"""
HOSTILE: tuple[str, ...] = (
    '{"raised": {"type": "X", "mro": [[]]}}',
    '{"raised": {"type": "SystemExit", "exit": "\\x1b]0;PWNED\\x07\\x1b[2J\\u202e"}}',
    '{"raised": {"type": "\\x1b[2J", "mro": ["\\x1b[2J"], "text": "\\x1b[2J", "code": "\\x1b[2J", "line": 1}}',
    '{"raised": [[[]]], "loaded": {}}',
    '{"refused": {"a": ["\\x1b[2J"]}}',
    '{"callback": 1e308, "args": [[]]}',
    '{"case": 0, "verdict": "passed", "seconds": [1]}',
    '{"case": 0, "verdict": "\\x1b[2J", "message": "\\x1b[2J"}',
    '{"failure": {"raised": {"mro": [{}]}, "message": ["\\x1b"]}}',
    'b"[" * 100000',
    'b"{" + b"\\xff" * 30',
    'b""',
    'b"[1]"',
)
WAYS = {
    "while it is loaded": SAYING + "say({said})\ndef f(x):\n    return None\n",
    "in a call": SAYING + "def f(x):\n    say({said})\n    return None\n",
    "in a call, then gone": SAYING + "def f(x):\n    say({said})\n    os._exit(0)\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_real_program_that_writes_frames_gets_a_verdict(run: Run, way: str) -> None:
    for said in HOSTILE:
        source = WAYS[way].replace("{said}", said)
        report = run(source, "assert f(2) == 4", CallTest(arguments="[2]", expected="4"), entry_point="f")
        assert not report.passed, said
        assert_shown(report)


def test_a_whole_program_that_writes_frames_gets_a_verdict(run: Run) -> None:
    for said in HOSTILE:
        for source in (SAYING + f"say({said})\nos._exit(0)\n", SAYING + f"say({said})\nprint(5)\n"):
            report = run(source, StdinTest(stdin="", expected="4"))
            assert not report.passed, said
            assert_shown(report)


def test_a_program_beside_its_test_that_writes_frames_gets_a_verdict(run: Run) -> None:
    for said in HOSTILE:
        source = SAYING + f"class F:\n    def __init__(self):\n        say({said})\n        os._exit(0)\n"
        report = run(source, "assert F().x == 4")
        assert not (report.passed and report.sealed), said
        assert_shown(report)


def assert_shown(report: Report) -> None:
    assert_reports(list(report.cases))
    assert is_displayable(report.message) and is_displayable(report.stdout)
    assert isinstance(report.outcome, Outcome)


SERVING = r"""
import json, os, struct
def heard(size):
    data = b""
    while len(data) < size:
        part = os.read(3, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data
def say(message):
    data = json.dumps(message).encode()
    os.write(3, struct.pack(">I", len(data)) + data)
def serve(kinds, value):
    say({"loaded": True})
    while True:
        asked = json.loads(heard(struct.unpack(">I", heard(4))[0]))
        if asked["do"] == "kinds":
            say({"kinds": {name: kinds.get(name, "function") for name in asked["names"]}})
        elif asked["do"] == "truth":
            say({"truth": True})
        else:
            say(value)
"""


@pytest.mark.parametrize("kind", ["function", "class", "module", "value"])
@pytest.mark.parametrize("word", ["function", "opaque"])
@pytest.mark.parametrize(
    "test",
    ["assert same(solution(1), 2)", "assert all(map(same, [solution(1)], [2]))", "assert solution(1) == 2"],
)
def test_no_kind_that_a_program_claims_gives_a_sealed_pass(run: Run, kind: str, word: str, test: str) -> None:
    """A helper may be said to be a value or a module; an object may be said to be a function."""
    value = {"value": ["held", 0, word, "X", False, ""]}
    source = f"{SERVING}serve({{'same': {kind!r}}}, {value!r})\n"
    report = run(source, test, entry_point="solution")
    assert not (report.passed and report.sealed), report.cases[0]


def test_a_refusal_that_is_no_text_cannot_be_caught_by_the_test(run: Run) -> None:
    source = (
        f"{SERVING}deep = []\nfor _ in range(900):\n    deep = [deep]\nserve({{}}, {{'refused': deep}})\n"
    )
    test = "try:\n    solution(1)\nexcept Exception:\n    pass\nelse:\n    assert False"
    report = run(source, test, entry_point="solution")
    assert not report.passed and "no text" in report.cases[0].message
