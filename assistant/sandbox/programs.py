"""Whole programs: fed a standard input, judged here by what they print. The program is told nothing else."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from assistant.domain.outcome import CaseReport, Outcome
from assistant.domain.problem import StdinTest
from assistant.domain.submission import Limits
from assistant.sandbox.attempt import Attempt, Flooded, Gone, Late
from assistant.sandbox.casework import MAX_BREAKS, SETTLING
from assistant.sandbox.display import safe_output
from assistant.sandbox.verdicts import Ending, died, made, raised
from assistant.sandbox.worker import Worker

SHOWN = 2000
"""Characters of expected and printed output that a report keeps."""

_FINE: Ending = (Outcome.PASSED, "", None)


def run_programs(worker: Worker, source: str, tests: list[StdinTest], limits: Limits) -> list[CaseReport]:
    """One fresh process per test."""
    reports: list[CaseReport] = []
    for test in tests:
        if sum(report.outcome is Outcome.TIMED_OUT for report in reports) >= MAX_BREAKS:
            message = f"not run: {MAX_BREAKS} cases before it had already timed out"
            reports.append(made(test.text(""), Outcome.TIMED_OUT, message))
        else:
            reports.append(_run(worker, source, test, limits))
    return reports


def _run(worker: Worker, source: str, test: StdinTest, limits: Limits) -> CaseReport:
    begun = time.monotonic()
    keep = max(limits.output_bytes, 2 * len(test.expected.encode("utf-8", "replace")) + 4096)
    bounds = {"memory_bytes": limits.memory_bytes, "seconds": limits.seconds, "cases": 1}
    with (
        _as_descriptor(test.stdin) as stdin_fd,
        Attempt(worker, role="program", limits=bounds, keep=keep, extra=[stdin_fd]) as attempt,
    ):
        ending = _ending(attempt, source, limits.seconds)
        with contextlib.suppress(Flooded):
            attempt.output.drain()
        printed = attempt.output.take()
    return _report(test, ending, printed, limits, keep, time.monotonic() - begun)


def _ending(attempt: Attempt, source: str, seconds: float) -> Ending:
    """How the program ended; `_FINE` when it came to its end or exited with status 0."""
    try:
        answer: dict[str, Any] = attempt.ask({"source": source}, seconds + SETTLING / 4)
    except Late:
        return Outcome.TIMED_OUT, f"no end within {seconds:g} s", None
    except Flooded:
        return Outcome.BLOCKED, "the program printed more than 64 MiB and was stopped", None
    except Gone:
        status = attempt.program_ended()
        return (*died(status), None) if status else _FINE
    if "raised" not in answer:
        return _FINE
    failure = answer["raised"]
    if isinstance(failure, dict) and failure.get("exit") == 0:
        return _FINE
    return raised(failure, loading=True)


def _report(
    test: StdinTest, ending: Ending, printed: bytes, limits: Limits, keep: int, seconds: float
) -> CaseReport:
    outcome, message, line = ending
    if outcome is Outcome.PASSED and not prints_the_same(printed, test.expected):
        outcome = Outcome.WRONG
        message = "printed nothing" if not printed.strip() else ""
    return made(
        test.text(""),
        outcome,
        message,
        expected=safe_output(test.expected.encode("utf-8", "replace"), SHOWN),
        actual=safe_output(printed, SHOWN),
        line=line,
        seconds=seconds,
        stdout=safe_output(printed, limits.output_bytes),
    )


def prints_the_same(printed: bytes, expected: str) -> bool:
    """Line by line the same words; spacing inside a line and empty lines at the end do not count."""
    return _words(printed.decode("utf-8", "replace")) == _words(expected)


def _words(text: str) -> list[list[str]]:
    lines = [line.split() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@contextlib.contextmanager
def _as_descriptor(text: str) -> Iterator[int]:
    """A descriptor to read `text` from."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield file.fileno()
