"""Does each problem's own reference solution pass its tests, visible and hidden?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from assistant.core.cores import cores
from assistant.core.outcome import CaseReport, Report
from assistant.core.prelude import needed
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox, Submission
from assistant.problems.expected_values import LIMITS, LiteralRecorder, with_expected


class RecordingSandbox(Sandbox, LiteralRecorder, Protocol):
    """A sandbox that can also record what a program gives."""


@dataclass(frozen=True)
class CheckedProblem:
    """A problem and the report on its reference solution; None when the source gives none."""

    problem: Problem
    report: Report | None
    dropped: tuple[str, ...] = ()
    """Calls for which the reference gives no value to compare with, one line each."""

    @property
    def passed(self) -> bool:
        """Every test ran and passed."""
        return self.report is not None and self.report.passed

    @property
    def failed(self) -> bool:
        """There is a reference solution, and it does not pass."""
        return self.report is not None and not self.report.passed

    @property
    def first_failure(self) -> CaseReport | None:
        """The first case that is not passed."""
        cases = self.report.cases if self.report is not None else ()
        return next((case for case in cases if not case.passed), None)


def check_references(problems: Iterable[Problem], sandbox: RecordingSandbox) -> Iterator[CheckedProblem]:
    """Check each problem, as many at once as there are cores; results come in the problems' order."""
    with ThreadPoolExecutor(max_workers=cores()) as threads:
        yield from threads.map(lambda problem: check_reference(problem, sandbox), problems)


def check_reference(problem: Problem, sandbox: RecordingSandbox) -> CheckedProblem:
    """Run the reference on all tests. Calls without expected value get one first: they check that it repeats."""
    if not problem.reference:
        return CheckedProblem(problem, None)
    problem, dropped = with_expected(problem, sandbox)
    tests = (*problem.visible_tests, *problem.hidden_tests)
    return CheckedProblem(
        problem,
        sandbox.run(
            Submission(
                source=problem.reference,
                entry_point=problem.entry_point,
                tests=tests,
                test_setup=problem.test_setup,
                prelude=needed(problem.prelude, problem.reference, problem.entry_point),
                limits=LIMITS,
            )
        ),
        dropped,
    )
