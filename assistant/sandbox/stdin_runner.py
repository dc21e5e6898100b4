"""Complete programs: given a standard input and judged here by their output. The program receives nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from assistant.core.outcome import CaseReport, Outcome
from assistant.core.problem import StdinTest
from assistant.core.submission import Limits
from assistant.sandbox.case_runner import MAX_BREAKS, SETTLING
from assistant.sandbox.execution import DeadlineExceeded, Execution, OutputLimitExceeded, PeerClosed
from assistant.sandbox.output_comparison import apps_accepts, livecodebench_accepts, prints_the_same
from assistant.sandbox.sanitize import safe_output
from assistant.sandbox.verdicts import EXITED, Ending, died, make_report, raised
from assistant.sandbox.worker import SandboxWorker

SHOWN = 2000
"""Characters of expected and printed output that a report keeps."""

_FINE: Ending = (Outcome.PASSED, "", None)


def run_programs(
    worker: SandboxWorker, source: str, tests: list[StdinTest], limits: Limits, prelude: str = ""
) -> list[CaseReport]:
    """One fresh process per test."""
    request = {"source": source, "prelude": prelude}
    reports: list[CaseReport] = []
    for test in tests:
        if sum(report.outcome is Outcome.TIMED_OUT for report in reports) >= MAX_BREAKS:
            message = f"not run: {MAX_BREAKS} cases before it had already timed out"
            reports.append(make_report(test.text(""), Outcome.TIMED_OUT, message))
        else:
            reports.append(_run(worker, request, test, limits))
    return reports


def _run(worker: SandboxWorker, request: dict[str, str], test: StdinTest, limits: Limits) -> CaseReport:
    begun = time.monotonic()
    keep = max(limits.output_bytes, 2 * len(test.expected.encode("utf-8", "replace")) + 4096)
    bounds = {"memory_bytes": limits.memory_bytes, "seconds": limits.seconds, "cases": 1}
    with (
        _as_descriptor(test.stdin) as stdin_fd,
        Execution(worker, role="program", limits=bounds, keep=keep, extra=[stdin_fd]) as attempt,
    ):
        ending = _ending(attempt, request, limits.seconds)
        with contextlib.suppress(OutputLimitExceeded):
            attempt.output.drain()
        printed = attempt.output.take()
    return _report(test, ending, printed, limits, keep, time.monotonic() - begun)


def _ending(attempt: Execution, request: dict[str, str], seconds: float) -> Ending:
    """How the program ended; `_FINE` when it came to its end or exited with status 0."""
    try:
        answer: dict[str, Any] = attempt.ask(request, seconds + SETTLING / 4)
    except DeadlineExceeded:
        return Outcome.TIMED_OUT, f"no end within {seconds:g} s", None
    except OutputLimitExceeded:
        return Outcome.BLOCKED, "the program printed more than 64 MiB and was stopped", None
    except PeerClosed:
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
    outcome, message, line = _judged(ending, printed, test.expected)
    return make_report(
        test.text(""),
        outcome,
        message,
        expected=safe_output(test.expected.encode("utf-8", "replace"), SHOWN),
        actual=safe_output(printed, SHOWN),
        line=line,
        seconds=seconds,
        stdout=safe_output(printed, limits.output_bytes),
        by_publisher=_by_publisher(test, ending, outcome, printed),
    )


def _judged(ending: Ending, printed: bytes, expected: str) -> Ending:
    """The outcome by what was printed; a program may exit with any status once its output is right."""
    same = prints_the_same(printed, expected)
    if same and _exited_itself(ending):
        return Outcome.PASSED, ending[1], None
    if same or ending[0] is not Outcome.PASSED:
        return ending
    return Outcome.WRONG, "" if printed.strip() else "printed nothing", None


def _exited_itself(ending: Ending) -> bool:
    """Whether the program ended by `sys.exit`, which APPS's checker takes for an ordinary end."""
    return ending[0] is Outcome.EXITED_EARLY and ending[1].startswith(EXITED)


_PUBLISHERS = {"APPS": apps_accepts, "LiveCodeBench": livecodebench_accepts}
"""The data sets' own checkers of standard output, by the name of the test set."""


def _by_publisher(test: StdinTest, ending: Ending, outcome: Outcome, printed: bytes) -> bool | None:
    """The verdict of the data set's own checker where it differs from `outcome`."""
    accepts = next((_PUBLISHERS[suite] for suite in test.suites if suite in _PUBLISHERS), None)
    if accepts is None:
        return None
    ended = ending[0] is Outcome.PASSED or _exited_itself(ending)
    accepted = ended and accepts(printed, test.expected)
    return accepted if accepted is not (outcome is Outcome.PASSED) else None


@contextlib.contextmanager
def _as_descriptor(text: str) -> Iterator[int]:
    """A descriptor to read `text` from, and no more than that: its content cannot be changed."""
    data = text.encode("utf-8", "surrogateescape")
    fd = _sealed(data) if hasattr(os, "memfd_create") else _read_only(data)
    try:
        yield fd
    finally:
        os.close(fd)


def _sealed(data: bytes) -> int:
    """A sealed file in memory: it cannot be changed, not even after it is opened again."""
    writable = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(writable, "wb", closefd=False) as file:
            file.write(data)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(writable, fcntl.F_ADD_SEALS, seals)
        return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writable)


def _read_only(data: bytes) -> int:
    """A file without a name, opened for reading."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return os.open(file.name, os.O_RDONLY | os.O_CLOEXEC)
