"""From what the judge said to what a person reads: outcomes and one-line messages.

Whatever comes out of a sandbox's process was possibly written by an untrusted program. It is given its shape here
and nowhere else: every case report is made by `make_report`, which cleans its texts.
"""

from __future__ import annotations

import signal
from typing import Any

from assistant.core.outcome import CaseReport, Outcome
from assistant.sandbox.guest.exception_info import checked_failure
from assistant.sandbox.sanitize import safe, safe_line

Json = dict[str, Any]
Ending = tuple[Outcome, str, int | None]
"""Outcome, message, and the line of the program."""

_WORDS = {"passed": Outcome.PASSED, "wrong": Outcome.WRONG, "error": Outcome.NOT_RUNNABLE}
MEMORY_STATUS = -1000
"""Stands for the exit status of a process that was ended for its memory."""
EXITED = "the program exited by itself"
_BLOCKED_ERRORS = {"PermissionError", "gaierror", "BlockingIOError"}
_BLOCKED_TEXTS = (
    "[Errno 1]",
    "[Errno 13]",
    "[Errno 24]",
    "[Errno 27]",
    "[Errno 28]",
    "can't start new thread",
)
BROKE_PROTOCOL = "the program broke the protocol of the sandbox"
"""The message where an answer cannot be read in any way."""


def make_report(
    test: str,
    outcome: Outcome,
    message: str = "",
    *,
    expected: Any = None,
    actual: Any = None,
    line: int | None = None,
    seconds: float = 0.0,
    stdout: str = "",
    sealed: bool = True,
    by_publisher: bool | None = None,
) -> CaseReport:
    """The report of one case, its texts bounded and safe to display."""
    return CaseReport(
        test=test,
        outcome=outcome,
        message=safe_line(message, 4400),
        expected=_shown(expected),
        actual=_shown(actual),
        line=line,
        seconds=seconds,
        stdout=stdout,
        sealed=sealed,
        by_publisher=by_publisher,
    )


def case_report(test: str, answer: Json, *, sealed: bool, stdout: str) -> CaseReport:
    """A case from the judge's answer, whose every field is checked: tests are code, too."""
    outcome, message, line = _decided(answer)
    return make_report(
        test,
        outcome,
        message,
        expected=answer.get("expected"),
        actual=answer.get("actual"),
        line=line,
        seconds=_seconds(answer.get("seconds")),
        stdout=stdout,
        sealed=sealed,
        by_publisher=given if isinstance(given := answer.get("by_publisher"), bool) else None,
    )


def _decided(answer: Json) -> Ending:
    verdict = answer.get("verdict")
    if verdict == "raised":
        return raised(answer.get("raised"), in_test=answer.get("in_test") is True)
    known = _WORDS.get(verdict) if isinstance(verdict, str) else None
    if known is None:
        return Outcome.NOT_RUNNABLE, f"the test gave no verdict {text_in(answer)}".strip(), None
    return known, text_in(answer), None


def text_in(answer: Json) -> str:
    """The message of an answer; empty where it holds no text."""
    message = answer.get("message")
    return message if isinstance(message, str) else ""


def raised(failure: Any, *, in_test: bool = False, loading: bool = False) -> Ending:
    """Outcome, message and line of an exception as `exception_info.describe`, or a forging program, wrote it."""
    given = checked_failure(failure)
    name, text = given["type"], given["text"]
    outcome = _outcome_of(name, text, given["mro"], loading)
    message = f"{name}: {text}" if text else name
    if outcome is Outcome.EXITED_EARLY:
        status = "" if given["exit"] is None else f" (status {given['exit']})"
        message = f"{EXITED}{status}"
    line = None if in_test else given["line"]
    return outcome, safe_line(message) + _where(given, line, in_test), line


def _outcome_of(name: str, text: str, mro: list[str], loading: bool) -> Outcome:
    kinds = {name, *mro}
    if "MemoryError" in kinds:
        return Outcome.OUT_OF_MEMORY
    if "SystemExit" in kinds:
        return Outcome.EXITED_EARLY
    if kinds & _BLOCKED_ERRORS or text.startswith(_BLOCKED_TEXTS):
        return Outcome.BLOCKED
    if loading and ("SyntaxError" in kinds or text.startswith("source code")):
        return Outcome.NOT_RUNNABLE
    return Outcome.RAISED


def _where(given: Json, line: int | None, in_test: bool) -> str:
    if in_test:
        return " (in the test)"
    if line is None:
        return ""
    code = safe_line(given["code"], 160)
    return f" (line {line}: {code})" if code else f" (line {line})"


def died(status: int | None, *, of_test: bool = False) -> tuple[Outcome, str]:
    """Outcome and message of a process that ended without an answer: the program's, or the test's own."""
    whose = "the test's own process" if of_test else "the program's process"
    if status is None:
        return Outcome.EXITED_EARLY, f"{whose} ended"
    if status == MEMORY_STATUS:
        return Outcome.OUT_OF_MEMORY, f"{whose} took more memory than it may"
    if status == -signal.SIGXCPU:
        return Outcome.TIMED_OUT, f"{whose} used up its processor time"
    if status >= 0:
        return Outcome.EXITED_EARLY, f"{whose} exited (status {status})"
    return Outcome.EXITED_EARLY, f"{whose} was ended by {signal_name(-status)}"


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _shown(value: Any) -> str | None:
    return safe(value) if isinstance(value, str) else None


def _seconds(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 <= value < 1e6 else 0.0
