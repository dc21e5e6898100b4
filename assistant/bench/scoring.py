"""From an answer's text to a verdict, by the problem's tests in the sandbox."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock

from assistant.bench.jobs import Job, Verdict
from assistant.core.code_extraction import extract_code
from assistant.core.cores import cores
from assistant.core.hard_coding import hard_coded
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import Problem
from assistant.core.safe_ast import parse
from assistant.core.submission import Limits, Sandbox, Submission

NO_PROGRAM = "no_program"
SYNTAX_ERROR = "syntax_error"
NOT_JUDGED = "not_judged"
REMEMBERED = 2000
"""Verdicts that are kept for programs that come again."""
WHOLE_SHARE = ("apps",)
"""Sources whose measure is the share of all tests: hidden ones run there also when a visible one fails."""


class ProgramJudge:
    """Runs the program in an answer. Safe to call from several threads.

    Of many samples some are alike: a program that was judged lately is not run again, unless it timed out, which
    may have been the machine's fault.
    """

    def __init__(self, sandbox: Sandbox, limits: Limits = Limits()) -> None:
        self._sandbox = sandbox
        self._limits = limits
        self._known: OrderedDict[Hashable, Verdict] = OrderedDict()
        self._lock = Lock()

    @property
    def slots(self) -> int:
        """Programs to judge at once."""
        return cores()

    def __call__(self, job: Job, text: str) -> Verdict:
        """The verdict on an answer to `job`."""
        code = extract_code(text, job.problem.entry_point).code
        problem = job.problem
        key = (problem.id, problem.visible_tests, problem.test_setup, len(problem.hidden_tests), code or "")
        with self._lock:
            known = self._known.get(key)
        return known or self._remembered(key, self.score(job.problem, code))

    def _remembered(self, key: Hashable, verdict: Verdict) -> Verdict:
        with self._lock:
            if verdict.outcome != Outcome.TIMED_OUT:
                self._known[key] = verdict
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return verdict

    def score(self, problem: Problem, code: str | None) -> Verdict:
        """The verdict on a program; None where the answer held none."""
        if code is None:
            return never_run(problem, None, NO_PROGRAM)
        if parse(code) is None:
            return never_run(problem, code, SYNTAX_ERROR)
        visible = self._run(problem, code, hidden=False)
        hidden = None
        if problem.hidden_tests and (visible.passed or _whole(problem)):
            hidden = self._run(problem, code, hidden=True)
        shares = suite_shares(problem, (*visible.cases, *(hidden.cases if hidden else ())))
        return Verdict(
            code=code,
            outcome=visible.outcome.value,
            solved=visible.passed,
            honest=None if hidden is None else visible.passed and hidden.passed,
            visible_passed=visible.pass_count,
            visible_total=len(visible.cases),
            hidden_passed=0 if hidden is None else hidden.pass_count,
            hidden_total=0 if hidden is None else len(hidden.cases),
            suites={name: share == 1.0 for name, share in shares.items()},
            suite_shares=shares,
            hard_coded=hard_coded(visible, code, problem.visible_tests, problem.entry_point),
            sealed=visible.sealed and (hidden is None or hidden.sealed),
        )

    def _run(self, problem: Problem, code: str, *, hidden: bool) -> Report:
        return self._sandbox.run(Submission.of(problem, code, hidden=hidden, limits=self._limits))


def suite_shares(problem: Problem, cases: Sequence[CaseReport]) -> dict[str, float]:
    """The share of each published set's tests that count as passed; `cases` are all of the problem's, in order."""
    tests = (*problem.visible_tests, *problem.hidden_tests)
    found: dict[str, list[bool]] = {}
    for test, case in zip(tests, cases, strict=False):
        for name in test.suites:
            found.setdefault(name, []).append(case.counts)
    return {name: sum(counted) / len(counted) for name, counted in found.items()}


def _whole(problem: Problem) -> bool:
    """Whether hidden tests are run also where a visible one fails: a published score counts all of its tests."""
    return problem.source in WHOLE_SHARE or bool(problem.suites)


def never_run(problem: Problem, code: str | None, outcome: str) -> Verdict:
    """No test passed; those count that would have been run."""
    return Verdict(
        code=code,
        outcome=outcome,
        solved=False,
        visible_total=len(problem.visible_tests),
        hidden_total=len(problem.hidden_tests) if _whole(problem) else 0,
        suites=dict.fromkeys(problem.suites, False),
        suite_shares=dict.fromkeys(problem.suites, 0.0),
    )
