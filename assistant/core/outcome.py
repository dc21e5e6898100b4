"""What can happen to a test case, and the report of a run."""

from __future__ import annotations

from enum import StrEnum

from assistant.core.problem import Extended, FrozenModel


class Outcome(StrEnum):
    """Outcome of one case; of a run, the first outcome that is not `passed`."""

    PASSED = "passed"
    WRONG = "wrong"
    RAISED = "raised"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    EXITED_EARLY = "exited_early"
    NOT_RUNNABLE = "not_runnable"
    BLOCKED = "blocked"

    @property
    def word(self) -> str:
        """The outcome in words for a person, e.g. `timed out`."""
        return "could not run" if self is Outcome.NOT_RUNNABLE else self.value.replace("_", " ")


def is_false_solve(solved: bool, hidden_passed: bool | None) -> bool:
    """Passes the visible tests and fails a hidden one; `hidden_passed` is None where no hidden test judged it."""
    return solved and hidden_passed is False


class CaseReport(Extended):
    """One test case. Every text is bounded and safe to display (control characters escaped)."""

    LATER = ("by_publisher",)

    test: str
    outcome: Outcome
    expected: str | None = None
    """`repr` of what the test wanted, where the test compares."""
    actual: str | None = None
    """`repr` of what the program gave."""
    message: str = ""
    """One line: the exception and the line of the person's function, or why it could not run."""
    line: int | None = None
    """1-based line of the *program* where it raised, when known."""
    seconds: float = 0.0
    stdout: str = ""
    """What the program printed during this case."""
    sealed: bool = True
    """False when the test ran in the program's process, so that the program could have forged the verdict."""
    by_publisher: bool | None = None
    """Whether the data set's own checker accepts the result, where it judges otherwise than `outcome`."""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def counts(self) -> bool:
        """Whether the case is passed in the data set's own score."""
        return self.passed if self.by_publisher is None else self.by_publisher


class Report(FrozenModel):
    """The verdict on one program: `outcome` is passed only when at least one case ran and all passed."""

    outcome: Outcome
    sealed: bool
    layers: dict[str, bool | str]
    """Sandbox layers in force, e.g. `{"landlock": "abi 6", "seccomp": true, "namespaces": true}`."""
    cases: tuple[CaseReport, ...]
    stdout: str = ""
    message: str = ""
    """Why nothing ran (syntax error, refused source), when no case could."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def pass_count(self) -> int:
        return sum(case.passed for case in self.cases)

    @property
    def load_failure(self) -> str:
        """Why the program does not even load, where every case says just that; else empty."""
        told_by_all = self.cases and all(case.message == self.message for case in self.cases)
        return self.message if told_by_all else ""

    def changes_since(self, before: Report) -> tuple[int, int]:
        """How many tests that both reports have were fixed, and how many broke."""
        passed_before = {case.test: case.passed for case in before.cases}
        compared = [
            (passed_before[case.test], case.passed) for case in self.cases if case.test in passed_before
        ]
        return compared.count((False, True)), compared.count((True, False))
