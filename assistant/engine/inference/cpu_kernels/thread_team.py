"""Threads that run one compiled function together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from assistant.engine.inference.cpu_kernels import kernels
from assistant.engine.inference.cpu_kernels.weight_layout import aligned


class ThreadTeam:
    """So many `threads`, of which the caller is one."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._others = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._words = aligned((0, 8), np.int64)

    def run(self, compiled: Callable[..., None], *arguments: Any, phases: int) -> None:
        """`compiled(thread, team, …)` in every thread, with zeroed counters for so many phases."""
        if len(self._words) < phases + 2:
            self._words = aligned((phases + 2, 8), np.int64)
        self._words[:] = 0
        first = self._words.ctypes.data
        team = kernels.Barrier(self.threads, first, first + 64, first + 128)
        running = [
            self._others.submit(compiled, thread, team, *arguments)  # type: ignore[union-attr]
            for thread in range(1, self.threads)
        ]
        compiled(0, team, *arguments)
        for other in running:
            other.result()
