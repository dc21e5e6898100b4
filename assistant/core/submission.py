"""What is handed to the sandbox, and the interface behind which it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from assistant.core.outcome import CaseReport, Report
from assistant.core.prelude import needed
from assistant.core.problem import FrozenModel, Problem, Test

GRANTED_PACKAGES = ("numpy",)
"""Packages that answers of models often import; everything else outside of the standard library stays hidden."""


class Limits(FrozenModel):
    """Bounds on one run of untrusted code."""

    seconds: float = 4.0
    """Wall clock for loading the program, and again for each case."""
    memory_bytes: int = 1024 * 1024 * 1024
    output_bytes: int = 64 * 1024
    """Printed text kept; far more than this kills the program."""
    source_bytes: int = 1_000_000


class Submission(FrozenModel):
    """A program and the tests to hold it against."""

    source: str
    entry_point: str = ""
    """A function name, `Solution.method`, or empty for whole programs; guessed from the tests when empty."""
    tests: tuple[Test, ...]
    test_setup: str = ""
    prelude: str = ""
    """Code that runs in the program's module before it; its lines do not count in reports."""
    limits: Limits = Limits()

    @classmethod
    def of(
        cls, problem: Problem, source: str, *, hidden: bool = False, limits: Limits = Limits()
    ) -> Submission:
        """The visible (or the hidden) tests of `problem` against `source`."""
        return cls(
            source=source,
            entry_point=problem.entry_point,
            tests=problem.hidden_tests if hidden else problem.visible_tests,
            test_setup=problem.test_setup,
            prelude=needed(problem.prelude, source, problem.entry_point),
            limits=limits,
        )


class Sandbox(Protocol):
    """Runs untrusted programs. One `Sandbox` serves many runs; it is safe to share between threads."""

    @property
    def layers(self) -> Mapping[str, bool | str]:
        """The layers in force, as written into reports and journals."""
        ...

    def run(self, submission: Submission) -> Report:
        """Run every test. Never raises for what the program does; `SandboxError` when there is no isolation."""
        ...

    def call(self, source: str, expression: str, limits: Limits = Limits(), prelude: str = "") -> CaseReport:
        """Load `prelude` and `source`, evaluate one expression in the same process, report its `repr` (unsealed)."""
        ...

    def close(self) -> None:
        """Kill what still runs and remove every scratch folder."""
        ...
