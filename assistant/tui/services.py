"""The engine and the sandbox of a running app: opened once, in threads, closed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable

from assistant.core.errors import EngineError
from assistant.core.generation import Engine, ModelInfo, Progress
from assistant.core.submission import Sandbox
from assistant.sandbox.isolation_notice import isolation_notice
from assistant.tui.launch import Launch


class Services:
    """Holds what several sessions share."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.engine: Engine | None = None
        self.model: ModelInfo | None = None
        self.stop = threading.Event()
        self._sandbox: Sandbox | None = None
        self._lock = threading.Lock()

    def prepare(self, progress: Callable[[Progress], None]) -> ModelInfo:
        """Open the engine and make the model ready; blocks. Raises EngineError."""
        if self.engine is None:
            self.engine = self.launch.open_engine()
        self.model = self.engine.prepare(progress, self.stop)
        return self.model

    def ready_engine(self) -> Engine:
        """The engine. Raises EngineError before it was opened."""
        if self.engine is None:
            raise EngineError("the model is not ready yet")
        return self.engine

    def sandbox(self) -> Sandbox:
        """The sandbox, opened when it is first needed; blocks. Raises SandboxError."""
        with self._lock:
            if self._sandbox is None:
                self._sandbox = self.launch.open_sandbox()
            return self._sandbox

    @property
    def warning(self) -> str:
        """The warning that is shown while programs are not fully isolated; else empty."""
        return isolation_notice(self._sandbox.layers) if self._sandbox is not None else ""

    def close(self) -> None:
        """End the model's process and remove the sandbox."""
        self.stop.set()
        if self.engine is not None:
            self.engine.close()
        with self._lock:
            if self._sandbox is not None:
                self._sandbox.close()
