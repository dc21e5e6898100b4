"""From an answer's text to a verdict, by the problem's tests in the sandbox."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from assistant.bench.jobs import Job, Verdict
from assistant.domain.answer import extract_code
from assistant.domain.outcome import Outcome, Report
from assistant.domain.parsing import parse
from assistant.domain.problem import Problem
from assistant.domain.submission import Limits, Sandbox, Submission

NO_PROGRAM = "no_program"
SYNTAX_ERROR = "syntax_error"
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
            return _never_run(problem, None, NO_PROGRAM)
        if parse(code) is None:
            return _never_run(problem, code, SYNTAX_ERROR)
        visible = self._run(problem, code, hidden=False)
        whole = problem.source in WHOLE_SHARE
        hidden = None
        if problem.hidden_tests and (visible.passed or whole):
            hidden = self._run(problem, code, hidden=True)
        return Verdict(
            code=code,
            outcome=visible.outcome.value,
            solved=visible.passed,
            honest=None if hidden is None else visible.passed and hidden.passed,
            visible_passed=visible.pass_count,
            visible_total=len(visible.cases),
            hidden_passed=0 if hidden is None else hidden.pass_count,
            hidden_total=0 if hidden is None else len(hidden.cases),
        )

    def _run(self, problem: Problem, code: str, *, hidden: bool) -> Report:
        return self._sandbox.run(Submission.of(problem, code, hidden=hidden, limits=self._limits))


def _never_run(problem: Problem, code: str | None, outcome: str) -> Verdict:
    """No test passed; those count that would have been run."""
    whole = problem.source in WHOLE_SHARE
    return Verdict(
        code=code,
        outcome=outcome,
        solved=False,
        visible_total=len(problem.visible_tests),
        hidden_total=len(problem.hidden_tests) if whole else 0,
    )
