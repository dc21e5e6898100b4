"""An event loop in a thread of its own: many streams at once, each of which can be cancelled at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from threading import Lock, Thread
from typing import Any, TypeVar

from assistant.core.errors import EngineError
from assistant.core.generation import Cancel

T = TypeVar("T")
GLANCE_SECONDS = 0.02
"""Interval (seconds) at which a waiting thread checks its `Cancel`."""


class LoopThread:
    """Runs coroutines for threads that block. Started with the first one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._closed = False
        self._lock = Lock()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work`; cancelling the future cancels it. Raises EngineError once closed."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._running_loop())
        except EngineError:
            work.close()
            raise

    def wait(self, work: Coroutine[Any, Any, T], cancel: Cancel) -> T:
        """The result of `work`. Raises EngineError when cancelled, or what `work` raised."""
        future = self.submit(work)
        while True:
            try:
                return future.result(timeout=GLANCE_SECONDS)
            except CancelledError as error:
                raise EngineError("the engine was closed meanwhile") from error
            except NotYet:
                if future.done():
                    raise
                if cancel.is_set():
                    future.cancel()
                    raise EngineError("cancelled") from None

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel everything that runs, run `last`, and end the thread. Safe to call again."""
        with self._lock:
            loop, thread, self._closed = self._loop, self._thread, True
            self._loop = self._thread = None
        if loop is None or thread is None:
            last.close()
            return
        asyncio.run_coroutine_threadsafe(_wind_up(last), loop).add_done_callback(
            lambda _: loop.call_soon_threadsafe(loop.stop)
        )
        thread.join(timeout=5)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise EngineError("the engine is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=_run, args=(self._loop,), name="openai-engine", daemon=True)
                self._thread.start()
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _wind_up(last: Coroutine[Any, Any, None]) -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last
    await asyncio.get_running_loop().shutdown_asyncgens()
