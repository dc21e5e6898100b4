"""Warm workers, lent to one run at a time and replaced when they are lost."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from assistant.core.cores import cores
from assistant.core.errors import SandboxError
from assistant.sandbox.worker import ForkServer, SandboxWorker, WorkerLost

Result = TypeVar("Result")


class Pool:
    """At most `size` workers at once; the first is started at once, the others when they are needed."""

    def __init__(self, *, unsafe: bool, size: int | None = None) -> None:
        self._unsafe = unsafe
        self._slots = threading.BoundedSemaphore(size or max(2, cores()))
        self._lock = threading.Lock()
        self._closed = False
        first = open_worker(unsafe=unsafe)
        self.layers = dict(first.layers)
        self._idle = [first]

    def use(self, work: Callable[[SandboxWorker], Result]) -> Result:
        """`work(worker)` with a worker of its own; tried once more where the worker is lost on the way.

        Raises `SandboxError` when the second is lost, too.
        """
        with self._slots:
            try:
                return self._once(work)
            except WorkerLost:
                pass
            try:
                return self._once(work)
            except WorkerLost as error:
                raise SandboxError(f"The sandbox's process was lost twice ({error}); try again.") from None

    def _once(self, work: Callable[[SandboxWorker], Result]) -> Result:
        worker = self._take()
        try:
            result = work(worker)
        except BaseException:
            worker.close()
            raise
        self._give(worker)
        return result

    def _take(self) -> SandboxWorker:
        with self._lock:
            if self._closed:
                raise SandboxError("The sandbox is closed.")
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive():
                    return worker
                worker.close()
        return open_worker(unsafe=self._unsafe, namespaces=self.layers.get("namespaces") is True)

    def _give(self, worker: SandboxWorker) -> None:
        with self._lock:
            if not self._closed and not worker.spent:
                self._idle.append(worker)
                return
        worker.close()

    def idle_pids(self) -> list[int]:
        """Process ids of the workers that wait; each leads a session of its own."""
        with self._lock:
            return [worker.pid for worker in self._idle]

    def close(self) -> None:
        """End the waiting workers; one that still serves a run is ended after it."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


def open_worker(*, unsafe: bool = False, namespaces: bool = True) -> SandboxWorker:
    """A worker with every layer that this machine allows; `SandboxError` where the required ones do not stand.

    `namespaces=False` skips namespaces: the caller knows that they are not available here.
    """
    if sys.platform != "linux":
        from assistant.sandbox.macos import open_spawner

        return open_spawner(unsafe=unsafe)
    worker = ForkServer(unsafe=unsafe, namespaces=namespaces)
    if not worker.refused:
        return worker
    plain = ForkServer(unsafe=unsafe, namespaces=False)
    plain.layers["namespaces"] = f"not allowed here: {worker.refused}"
    return plain
