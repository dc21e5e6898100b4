"""`assistant check`: a program of one's own with the same isolation and verdicts as the model's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import options as o
from assistant.core.printable import exact, exact_line, half_character, shortened

if TYPE_CHECKING:
    from assistant.core.outcome import CaseReport, Report
    from assistant.core.problem import Problem
    from assistant.core.submission import Submission
    from assistant.sandbox.local import LocalSandbox


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Python program, or - for standard input.")],
    test: Annotated[
        list[str] | None,
        typer.Option("--test", metavar="ASSERT", help="An assert that it has to pass; may be repeated."),
    ] = None,
    problems: o.Problems = "starter",
    problem: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Run this problem's tests on it, visible and hidden."),
    ] = None,
    timeout: o.Timeout = 4.0,
    json_: o.Json = False,
    unsafe_run: o.UnsafeRun = False,
) -> int:
    """Run a program's tests in the sandbox; exit status 0 only when all of them passed."""
    from assistant.core.errors import UsageError
    from assistant.sandbox.local import open_sandbox

    if any(half_character(code) for code in test or []):
        raise UsageError("a --test holds bytes that are no UTF-8 text")
    if not test and problem is None:
        raise UsageError("nothing to check: give --test 'assert …' or --problem ID")
    source, refusal = _read(file)
    chosen = _problem(problems, problem)
    sandbox = open_sandbox(unsafe=unsafe_run)
    try:
        if chosen is not None:
            chosen = _with_values(chosen, sandbox)
        submission = _submission(source, test or [], chosen, timeout)
        report = sandbox.refused(submission, refusal) if refusal else sandbox.run(submission)
    finally:
        sandbox.close()
    _warn(sandbox)
    _show_json(report) if json_ else _show(report)
    return 0 if report.passed else 1


def _read(file: Path) -> tuple[str, str]:
    """The program's text, or why it is no text."""
    from assistant.sandbox.source_checks import RefusedSource, decoded, read_program

    try:
        return (decoded(sys.stdin.buffer.read(1_000_001)) if str(file) == "-" else read_program(file)), ""
    except RefusedSource as error:
        return "", str(error)


def _problem(problems: str, problem: str | None) -> Problem | None:
    """The problem whose tests are wanted, if any."""
    if problem is None:
        return None
    from assistant.problems.load import load_source

    return load_source(problems).get(problem)


def _with_values(problem: Problem, sandbox: LocalSandbox) -> Problem:
    """The problem with the expected values that only its reference gives; calls left out are named on stderr."""
    from assistant.problems.expected_cache import fill_problem_once
    from assistant.settings.paths import cache_folder

    filled, dropped = fill_problem_once(problem, sandbox, cache_folder())
    for line in dropped:
        print(f"left out: {line}", file=sys.stderr)
    return filled


def _submission(source: str, asserts: list[str], problem: Problem | None, timeout: float) -> Submission:
    from assistant.core.prelude import needed
    from assistant.core.problem import AssertTest, Test
    from assistant.core.submission import Limits, Submission

    tests: tuple[Test, ...] = tuple(AssertTest(code=code) for code in asserts)
    limits = Limits(seconds=timeout)
    if problem is None:
        return Submission(source=source, tests=tests, limits=limits)
    return Submission(
        source=source,
        entry_point=problem.entry_point,
        tests=(*problem.visible_tests, *problem.hidden_tests, *tests),
        test_setup=problem.test_setup,
        prelude=needed(problem.prelude, source, problem.entry_point),
        limits=limits,
    )


def _warn(sandbox: LocalSandbox) -> None:
    from assistant.sandbox.isolation_notice import isolation_notice

    if line := isolation_notice(sandbox.layers):
        print(line, file=sys.stderr)


def _show_json(report: Report) -> None:
    document: dict[str, Any] = {
        "outcome": report.outcome.value,
        "sealed": report.sealed,
        "layers": report.layers,
        "cases": [case.model_dump(mode="json") for case in report.cases],
        "stdout": report.stdout,
        "message": report.message,
        "seconds": report.seconds,
    }
    print(json.dumps(document, ensure_ascii=True))


def _show(report: Report) -> None:
    for case in report.cases:
        print(_line(case))
    if report.stdout.strip():
        print("printed:\n" + exact(report.stdout.rstrip("\n")))
    print(f"{report.pass_count} of {len(report.cases)} passed: {report.outcome.word}")


def _line(case: CaseReport) -> str:
    """One case: its outcome, its test, and what was expected where that was not given."""
    from assistant.cli.text_rendering import wrong_value_text

    parts = [f"{case.outcome.word:14} {shortened(exact_line(case.test), 200)}"]
    if not case.passed and case.expected is not None and case.actual is not None:
        parts.append(wrong_value_text(case, " " * 15))
    if case.message:
        parts.append(exact_line(case.message))
    if not case.sealed:
        parts.append("(unsealed: ran in the program's process)")
    return "\n               ".join(parts)
