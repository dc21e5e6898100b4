"""Runs a group of tests that share one loaded program, opening fresh children when a case has broken them."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

from assistant.core.outcome import CaseReport, Outcome
from assistant.core.problem import AssertTest, CallTest, Test, ValueTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.execution import DeadlineExceeded, Execution, OutputLimitExceeded, PeerClosed
from assistant.sandbox.sanitize import safe_output
from assistant.sandbox.verdicts import case_report, died, make_report, raised, text_in
from assistant.sandbox.worker import SandboxWorker

Json = dict[str, Any]
MAX_BREAKS = 3
"""After so many cases that hung or killed the program, the rest are not tried: a run's time is bounded."""
ALIKE_CASES = 1000
"""Processor time is bounded for so many cases at least: a program shall not read off how many tests a run has."""
GRACE = 0.2
"""Seconds on top of a case's limit for communication, on a busy machine."""
SETTLING = 1.0
"""Seconds on top of a limit for the harness's own work (fork, start of the judge)."""


class CaseRunner:
    """One submission's assert, call and value tests."""

    def __init__(
        self,
        worker: SandboxWorker,
        submission: Submission,
        tests: list[Test],
        *,
        name: str,
        record: bool = False,
        expressions: bool = False,
    ) -> None:
        self._worker = worker
        self._submission = submission
        self._tests = tests
        self._name = name
        self._record = record
        self._expressions = expressions
        self._seconds = submission.limits.seconds
        self._reports: dict[int, CaseReport] = {}
        self._unsealed: set[int] = set(range(len(tests))) if expressions else set()
        self._breaks = 0
        self._judge_role = "persistent"
        self.printed: list[str] = []
        self.literals: dict[int, str | None] = {}

    def run(self) -> list[CaseReport]:
        """A report for every test, in order."""
        for sealed in (True, False):
            while pending := self._pending(sealed):
                self._attempt(pending, sealed)
        return [self._reports[index] for index in range(len(self._tests))]

    def _pending(self, sealed: bool) -> list[int]:
        return [
            i
            for i in range(len(self._tests))
            if i not in self._reports and (i in self._unsealed) is not sealed
        ]

    def _attempt(self, pending: list[int], sealed: bool) -> None:
        """Fresh children for the pending tests, until all are answered or the children are broken."""
        if self._breaks >= MAX_BREAKS:
            message = f"not run: {MAX_BREAKS} cases before it had already hung or ended the program"
            self._fail(pending, Outcome.TIMED_OUT, message, sealed)
            return
        limits = self._submission.limits
        role = self._judge_role if sealed else "unsealed"
        cases = max(len(pending), ALIKE_CASES)
        bounds = {"memory_bytes": limits.memory_bytes, "seconds": limits.seconds, "cases": cases}
        with Execution(self._worker, role=role, limits=bounds, keep=limits.output_bytes) as attempt:
            if self._prepare(attempt, pending, sealed):
                self._cases(attempt, pending, sealed)

    def _prepare(self, attempt: Execution, pending: list[int], sealed: bool) -> bool:
        """Load the program and the setup; False when that settled (or broke) everything pending."""
        try:
            answer = attempt.ask(self._job(), self._seconds + SETTLING)
        except (DeadlineExceeded, PeerClosed, OutputLimitExceeded) as error:
            if attempt.role == "persistent" and isinstance(error, PeerClosed):
                self._judge_role = "judge"  # the persistent judge had ended before it received this program
                return False
            outcome, message = self._broken(attempt, error, judge=sealed)
            self._fail(pending, outcome, message + " while it was loaded", sealed)
            return False
        if "own_judge" in answer and attempt.role == "persistent":
            self._judge_role = "judge"
            return False
        self._note_output(attempt)
        if isinstance(failure := answer.get("failure"), dict):
            self._fail_to_load(attempt, failure, pending, sealed)
            return False
        unsealed = answer.get("unsealed")
        reasons = unsealed if isinstance(unsealed, list) and sealed else []
        self._unsealed.update(i for i, reason in enumerate(reasons) if reason and i in pending)
        return True

    def _job(self) -> Json:
        submission = self._submission
        return {
            "source": submission.source,
            "prelude": submission.prelude,
            "name": self._name,
            "entry": unicodedata.normalize("NFKC", submission.entry_point),  # as Python names it
            "setup": submission.test_setup,
            "tests": [self._described(test) for test in self._tests],
        }

    def _described(self, test: Test) -> Json:
        described = {**test.model_dump(mode="json"), "record": self._record and isinstance(test, CallTest)}
        return {**described, "kind": "eval"} if self._expressions else described

    def _fail_to_load(self, attempt: Execution, failure: Json, pending: list[int], sealed: bool) -> None:
        line = None
        if failure.get("died"):
            outcome, message = died(attempt.program_ended())
        elif "raised" in failure:
            outcome, message, line = raised(
                failure["raised"],
                in_test=failure.get("in_test") is True,
                loading=failure.get("stage") == "load",
            )
        else:
            outcome, message = Outcome.NOT_RUNNABLE, text_in(failure)
        self._fail(pending, outcome, message, sealed, line)

    def _cases(self, attempt: Execution, pending: list[int], sealed: bool) -> None:
        for index in pending:
            if (index in self._unsealed) is sealed:
                continue
            begun = time.monotonic()
            try:
                answer = attempt.ask({"run": index}, self._seconds + GRACE)
            except (DeadlineExceeded, PeerClosed, OutputLimitExceeded) as error:
                outcome, message = self._broken(attempt, error, judge=sealed)
                self._end_case(attempt, index, outcome, message, sealed, time.monotonic() - begun)
                return
            if answer.get("verdict") == "died":
                outcome, message = died(attempt.program_ended())
                self._end_case(attempt, index, outcome, message, sealed, time.monotonic() - begun)
                return
            self._record_answer(attempt, index, answer, sealed)

    def _record_answer(self, attempt: Execution, index: int, answer: Json, sealed: bool) -> None:
        stdout = self._note_output(attempt)
        if answer.get("verdict") == "unsealed" and sealed:
            self._unsealed.add(index)
            return
        if answer.get("verdict") == "recorded":
            literal = answer.get("literal")
            self.literals[index] = literal if isinstance(literal, str) else None
            answer = {**answer, "verdict": "passed"}
        if answer.get("case") != index:
            answer = {"verdict": "error", "message": "the judge answered another case"}
        self._reports[index] = case_report(self._text(index), answer, sealed=sealed, stdout=stdout)

    def _broken(self, attempt: Execution, error: Exception, *, judge: bool) -> tuple[Outcome, str]:
        if isinstance(error, DeadlineExceeded):
            return Outcome.TIMED_OUT, f"no answer within {self._seconds:g} s"
        if isinstance(error, OutputLimitExceeded):
            return Outcome.BLOCKED, "the program printed more than 64 MiB and was stopped"
        return died(attempt.judge_ended(), of_test=judge)

    def _end_case(
        self, attempt: Execution, index: int, outcome: Outcome, message: str, sealed: bool, seconds: float
    ) -> None:
        """A case that broke the children."""
        self._breaks += 1
        stdout = self._note_output(attempt)
        self._reports[index] = make_report(
            self._text(index), outcome, message, seconds=seconds, stdout=stdout, sealed=sealed
        )

    def _fail(
        self, pending: list[int], outcome: Outcome, message: str, sealed: bool, line: int | None = None
    ) -> None:
        for index in pending:
            self._reports[index] = make_report(self._text(index), outcome, message, line=line, sealed=sealed)

    def _note_output(self, attempt: Execution) -> str:
        text = safe_output(attempt.output.take(), self._submission.limits.output_bytes)
        self.printed.append(text)
        return text

    def _text(self, index: int) -> str:
        return self._tests[index].text(self._submission.entry_point)


class _Expression(AssertTest):
    """An expression to evaluate in the program's process; made only in this module."""


def evaluate(
    worker: SandboxWorker, source: str, expression: str, limits: Limits, prelude: str = ""
) -> CaseReport:
    """`expression` evaluated in the program's process, its `repr` as `actual`."""
    submission = Submission(source=source, tests=(), limits=limits, prelude=prelude)
    work = CaseRunner(worker, submission, [_Expression(code=expression)], name="solution", expressions=True)
    (report,) = work.run()
    return report


def recorded(worker: SandboxWorker, submission: Submission) -> list[tuple[CaseReport, str | None]]:
    """For each call test a report and the returned value as a Python literal (None where there is none)."""
    work = CaseRunner(worker, submission, list(submission.tests), name="solution", record=True)
    reports = work.run()
    return [(report, work.literals.get(index)) for index, report in enumerate(reports)]


def is_value_test(test: Test) -> bool:
    """Value tests look at a whole program's variables, so it is run as `__main__`."""
    return isinstance(test, ValueTest)
