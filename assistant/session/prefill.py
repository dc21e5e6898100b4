"""Words that are still being typed, read by the model already, so that it answers sooner once they are sent."""

from __future__ import annotations

import threading
from collections.abc import Callable

from assistant.core.generation import Engine, ReadsAhead, Request


class SpeculativePrefill:
    """At most one reading at a time, and none while the person waits for an answer.

    A reading that came late would take the answer out of the conversation's cache again.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._may_read = True

    def read(self, request: Callable[[], Request | None]) -> None:
        """Read what `request` gives, in place of what is being read. Blocks; other threads may call it too."""
        if not isinstance(self._engine, ReadsAhead):
            return
        with self._lock:
            self._stop.set()
            wanted = request() if self._may_read else None
            self._stop = stop = threading.Event()
        if wanted is not None:
            self._engine.read_ahead(wanted, stop)

    def pause(self) -> None:
        """Stop reading, until `go_on`."""
        with self._lock:
            self._may_read = False
            self._stop.set()

    def go_on(self) -> None:
        """The person is thinking again."""
        with self._lock:
            self._may_read = True
