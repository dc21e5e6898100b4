"""Errors that a person is meant to read: one line that says what to do."""

from __future__ import annotations


class AssistantError(Exception):
    """Something a person can mend. `str(error)` is one clear line; the command line exits with `exit_status`."""

    exit_status = 1


class UsageError(AssistantError):
    """The request itself is off (unknown problem, malformed option): exit status 2."""

    exit_status = 2


class ProblemSourceError(UsageError):
    """A source of problems that cannot be found or read as any known format."""


class EngineError(AssistantError):
    """The model cannot be prepared or has stopped answering."""


class WeightsError(EngineError):
    """Weights are missing, incomplete or do not match their hash."""


class SandboxError(AssistantError):
    """The sandbox cannot keep its promises here, so nothing is run."""


class JournalError(AssistantError):
    """A journal cannot be written, or is not what it says it is."""


class SessionLocked(JournalError):
    """Another process is writing this session."""
