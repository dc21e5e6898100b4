"""Contradictions in verdicts: cases that do not fit what they show, and verdicts out of order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from assistant.core import events as ev
from assistant.core.hard_coding import hard_coded
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import AssertTest, CallTest, StdinTest, Test
from assistant.core.safe_ast import parse, read_literal
from assistant.core.state import State

Finding = tuple[str, str]
"""Kind of a finding and its message."""
_LONGEST = 2000
"""Characters of a value that is compared; longer ones may have been shortened."""


class VerdictChecks:
    """Takes a journal's events with the state before each; reports verdicts that contradict themselves."""

    def __init__(self) -> None:
        self._judged: set[str] = set()
        """Programs with a verdict of the visible tests as they are now."""
        self._visible: set[str] = set()
        self._hidden: set[str] = set()
        self._says_hard_coding = False
        self._layers: dict[str, bool | str] = {}
        """Of the sandbox in this run."""

    def check(self, state: State, event: ev.Event) -> Iterator[Finding]:
        """Findings on `event`; `state` is the session before it."""
        match event:
            case ev.SessionStarted() | ev.SessionResumed():
                self._layers = event.sandbox
            case ev.TestAdded() | ev.TestRemoved():
                self._judged.clear()
            case ev.TestsFinished():
                if event.program in self._judged:
                    yield _wrong(f"{event.program} is judged a second time, by the same tests")
                self._judged.add(event.program)
                self._visible.add(event.program)
                yield from _complete(state, event.program)
                of = state if event.arm in ev.DIALOGUE_ARMS else state.of_experiment
                yield from report_findings(event.visible, of.visible_tests())
                yield from self._hard_coding(of, event)
                yield from self._in_sandbox(state, event.arm, event.visible)
            case ev.HiddenScored():
                if event.program in self._hidden:
                    yield _wrong(f"the hidden tests judge {event.program} a second time")
                if event.program not in self._visible:
                    yield _wrong(f"the hidden tests judged {event.program}, and no visible one did")
                self._hidden.add(event.program)
                yield from _complete(state, event.program)
                yield from report_findings(event.hidden, state.problem.hidden_tests if state.problem else ())
                yield from self._in_sandbox(state, event.arm, event.hidden)

    def _hard_coding(self, state: State, event: ev.TestsFinished) -> Iterator[Finding]:
        """How many tests' inputs the program names follows from its code, once a run has begun to say so."""
        if event.hard_coded is None:
            if self._says_hard_coding:
                yield _wrong(f"it is not said whether {event.program} names the inputs of its tests")
            return
        self._says_hard_coding = True
        code = next((program.code for program in state.programs if program.id == event.program), None)
        entry_point = state.problem.entry_point if state.problem else ""
        found = hard_coded(event.visible, code or "", state.visible_tests(), entry_point)
        if event.hard_coded != found:
            yield _wrong(f"{event.program} names the inputs of {found} tests, not of {event.hard_coded}")

    def _in_sandbox(self, state: State, arm: ev.Arm, report: Report) -> Iterator[Finding]:
        """The layers in force are the run's; controls may be judged later, elsewhere."""
        both = report.layers.keys() & self._layers.keys()
        if arm == "human" and state.ended is None and any(report.layers[k] != self._layers[k] for k in both):
            yield _wrong("the verdict comes from another sandbox than the run's")


def _complete(state: State, program_id: str) -> Iterator[Finding]:
    """Answers that were cancelled or failed are not judged."""
    if any(p.id == program_id and not p.complete for p in state.programs):
        yield _wrong(f"the answer with {program_id} was not complete, and was judged")


def report_findings(report: Report, tests: Sequence[Test]) -> Iterator[Finding]:
    """What a report of `tests` says that cannot be."""
    for seconds in (report.seconds, *(case.seconds for case in report.cases)):
        if not isfinite(seconds) or seconds < 0:
            yield _wrong(f"a test took {seconds} seconds, which no clock gives")
    if report.cases and not report.sealed and all(case.sealed for case in report.cases):
        yield _wrong("the verdict is not sealed, all its cases are")
    for case, test in zip(report.cases, tests, strict=False):
        if problem := _case_problem(case, test):
            yield _wrong(f"the case `{case.test[:80]}` {problem}")


def _case_problem(case: CaseReport, test: Test) -> str:
    """Why the case cannot have come out so; empty where it can."""
    if case.passed and (case.line is not None or (case.message and not isinstance(test, StdinTest))):
        return "passed, and says where it failed"
    if case.outcome not in (Outcome.PASSED, Outcome.WRONG) and not case.message:
        return f"is `{case.outcome}`, and does not say why"
    if case.line is not None and case.line < 1:
        return f"failed in line {case.line}"
    if case.by_publisher is not None and case.by_publisher is case.passed:
        return "is judged otherwise by the data set, and in the same way"
    return _against_values(case, test)


def _against_values(case: CaseReport, test: Test) -> str:
    """Outcome and values of a test that compares with `==`, where the values can be read."""
    wanted, expected, actual = _wanted(test), _value(case.expected), _value(case.actual)
    if wanted is None or expected is None:
        return ""
    if wanted != expected:
        return f"expects {case.expected}, its test does not"
    if actual is None or not case.sealed or not _is_plain(test):
        return ""
    if case.passed and actual != expected:
        return f"passed with {case.actual}, though {case.expected} was expected"
    if case.outcome is Outcome.WRONG and not case.message and case.actual == case.expected:
        return f"is wrong with {case.actual}, which was expected"
    return ""


def _wanted(test: Test) -> tuple[Any] | None:
    """The value that a test compares with: a call's expected one, or the right side of `assert f(…) == value`."""
    if isinstance(test, CallTest):
        return _value(test.expected)
    tree = parse(test.code) if isinstance(test, AssertTest) else None
    statement = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    compared = statement.test if isinstance(statement, ast.Assert) else None
    if not isinstance(compared, ast.Compare) or len(compared.ops) != 1:
        return None
    plain = isinstance(compared.ops[0], ast.Eq) and isinstance(compared.left, ast.Call)
    return _value(compared.comparators[0]) if plain else None


def _is_plain(test: Test) -> bool:
    """Whether `==` alone decides."""
    if not isinstance(test, CallTest):
        return isinstance(test, AssertTest)
    return test.compare == "equal" and not (test.atol or test.rtol or test.also)


def _value(text: str | ast.AST | None) -> tuple[Any] | None:
    """The value of a literal; None where it is none or may have been shortened."""
    if text is None or (isinstance(text, str) and (len(text) > _LONGEST or "…" in text or "..." in text)):
        return None
    try:
        return (read_literal(text),)
    except (SyntaxError, ValueError, TypeError):
        return None


def _wrong(message: str) -> Finding:
    return "contradiction", message
