"""Errors for the user: one line that says what to do."""

from __future__ import annotations


class AssistantError(Exception):
    """An error the user can fix. `str(error)` is one line; the command line exits with `exit_status`."""

    exit_status = 1


class UsageError(AssistantError):
    """The request is not valid (unknown problem, malformed option): exit status 2."""

    exit_status = 2


class ProblemSourceError(UsageError):
    """A source of problems that is missing or in no known format."""


class EngineError(AssistantError):
    """The model cannot be prepared or has stopped answering."""


class WeightsError(EngineError):
    """Weights are missing, incomplete or do not match their hash."""


class SandboxError(AssistantError):
    """The sandbox cannot isolate programs on this system, so nothing is run."""


class JournalError(AssistantError):
    """A journal cannot be written, or its content is not valid."""


class SessionLocked(JournalError):
    """Another process is writing this session."""
