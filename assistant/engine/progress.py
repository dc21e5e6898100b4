"""Progress reports and cancellation of long work."""

from __future__ import annotations

import time
from collections.abc import Callable

from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, NeverCancelled, Progress

REPORT_SECONDS = 0.1
"""Reports of one step are at least this far apart."""


class Cancelled(EngineError):
    """The person stopped the preparation; nothing half-made is left."""

    def __init__(self) -> None:
        super().__init__("The preparation of the model was cancelled; start again and it goes on.")


class Steps:
    """Receives progress reports of long work, and cancels it."""

    def __init__(
        self, report: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> None:
        self._report = report
        self._cancel = cancel
        self._step = ""
        self._reported_at = 0.0

    def __call__(self, step: str, done: float = 0.0, total: float = 0.0, unit: str = "") -> None:
        """Report how far `step` is. Raises Cancelled when the person has stopped it."""
        if self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        due = step != self._step or done >= total > 0 or now - self._reported_at >= REPORT_SECONDS
        if due:
            self._step, self._reported_at = step, now
            self._report(Progress(step=step, done=done, total=total, unit=unit))
