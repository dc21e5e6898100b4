"""Public entry point of the package: `open_sandbox`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from assistant.core.errors import SandboxError
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import CallTest, StdinTest, Test
from assistant.core.submission import Limits, Submission
from assistant.sandbox.case_runner import CaseRunner, evaluate, is_value_test, recorded
from assistant.sandbox.pool import Pool
from assistant.sandbox.source_checks import RefusedSource, check_source
from assistant.sandbox.stdin_runner import run_programs
from assistant.sandbox.verdicts import BROKE_PROTOCOL, make_report
from assistant.sandbox.worker import SandboxWorker


def open_sandbox(*, unsafe: bool = False) -> LocalSandbox:
    """A sandbox with its isolation applied and one worker started; `SandboxError` where isolation is not available.

    `unsafe=True` runs programs without isolation; every report says so in its layers.
    """
    return LocalSandbox(unsafe=unsafe)


class LocalSandbox:
    """Runs programs on this machine in a pool of pre-warmed workers."""

    def __init__(self, *, unsafe: bool = False, workers: int | None = None) -> None:
        self._pool = Pool(unsafe=unsafe, size=workers)

    @property
    def layers(self) -> Mapping[str, bool | str]:
        return dict(self._pool.layers)

    def run(self, submission: Submission) -> Report:
        """Run every test; safe to call from several threads."""
        begun = time.monotonic()
        try:
            check_source(submission.source, submission.limits)
        except RefusedSource as error:
            return self.refused(submission, str(error))
        try:
            cases, printed = self._pool.use(lambda worker: run_submission(worker, submission))
        except SandboxError:
            raise
        except Exception as error:  # what no check above has foreseen of an answer: still a verdict
            return self.refused(submission, f"{BROKE_PROTOCOL} ({type(error).__name__})")
        return self._report(cases, printed, submission, time.monotonic() - begun)

    def refused(self, submission: Submission, message: str) -> Report:
        """The report on a program that was never started."""
        texts = (test.text(submission.entry_point) for test in submission.tests)
        cases = [make_report(text, Outcome.NOT_RUNNABLE, message) for text in texts]
        return self._report(cases, "", submission, 0.0)

    def call(self, source: str, expression: str, limits: Limits = Limits(), prelude: str = "") -> CaseReport:
        """Evaluate one expression in the program's process (unsealed)."""
        try:
            check_source(source, limits)
        except RefusedSource as error:
            return make_report(expression, Outcome.NOT_RUNNABLE, str(error), sealed=False)
        try:
            return self._pool.use(lambda worker: evaluate(worker, source, expression, limits, prelude))
        except SandboxError:
            raise
        except Exception as error:
            message = f"{BROKE_PROTOCOL} ({type(error).__name__})"
            return make_report(expression, Outcome.NOT_RUNNABLE, message, sealed=False)

    def literals(
        self, source: str, entry_point: str, tests: Sequence[CallTest], setup: str, limits: Limits
    ) -> list[tuple[CaseReport, str | None]]:
        """What the program gives for each call, as a Python literal (None where there is none)."""
        submission = Submission(
            source=source, entry_point=entry_point, tests=tuple(tests), test_setup=setup, limits=limits
        )
        return self._pool.use(lambda worker: recorded(worker, submission))

    def _report(
        self, cases: list[CaseReport], printed: str, submission: Submission, seconds: float
    ) -> Report:
        first = next((case for case in cases if not case.passed), None)
        outcome = first.outcome if first else Outcome.PASSED if cases else Outcome.NOT_RUNNABLE
        same = len({case.message for case in cases}) == 1 and not any(case.passed for case in cases)
        return Report(
            outcome=outcome,
            sealed=all(case.sealed for case in cases),
            layers=dict(self.layers),
            cases=tuple(cases),
            stdout=printed[: submission.limits.output_bytes],
            message=("" if cases else "no test was given") or (cases[0].message if same else ""),
            seconds=seconds,
        )

    def worker_pids(self) -> list[int]:
        """The waiting workers' process ids; each leads a session of its own."""
        return self._pool.idle_pids()

    def close(self) -> None:
        """End every worker and what runs below it."""
        self._pool.close()


def run_submission(worker: SandboxWorker, submission: Submission) -> tuple[list[CaseReport], str]:
    """Every test's report in the submission's order, and what was printed."""
    reports: dict[int, CaseReport] = {}
    printed: list[str] = []
    for name, indices in _groups(submission.tests):
        work = CaseRunner(worker, submission, [submission.tests[i] for i in indices], name=name)
        reports.update(zip(indices, work.run(), strict=True))
        printed += work.printed
    programs = {i: test for i, test in enumerate(submission.tests) if isinstance(test, StdinTest)}
    ran = run_programs(
        worker, submission.source, list(programs.values()), submission.limits, submission.prelude
    )
    reports.update(zip(programs, ran, strict=True))
    printed += [report.stdout for report in ran]
    return [reports[index] for index in range(len(submission.tests))], "".join(printed)


def _groups(tests: tuple[Test, ...]) -> list[tuple[str, list[int]]]:
    """Tests that may share one loaded program, with the name that it is loaded under."""
    values = [i for i, test in enumerate(tests) if is_value_test(test)]
    others = [i for i, test in enumerate(tests) if not isinstance(test, StdinTest) and i not in values]
    groups = [("solution", others), ("__main__", values)]
    return [group for group in groups if group[1]]
