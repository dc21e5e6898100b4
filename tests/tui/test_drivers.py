"""The terminal's driver where a signal comes at any moment."""

from __future__ import annotations

import asyncio
import threading
from queue import Queue

from assistant.tui.drivers import TerminalDriver


class Writer:
    """Stands for Textual's writer thread: what is written goes into a queue, under the queue's lock."""

    def __init__(self) -> None:
        self.queue: Queue[str] = Queue()

    def write(self, text: str) -> None:
        self.queue.put(text)


def test_a_process_that_goes_on_while_it_writes_does_not_wait_for_itself() -> None:
    """SIGCONT may come while the same thread holds the lock of the writer's queue."""

    async def go_on() -> bool:
        driver = object.__new__(TerminalDriver)
        driver._writer_thread, driver._must_signal_resume = Writer(), False  # type: ignore[assignment]
        driver._auto_restart, driver._loop = True, asyncio.get_running_loop()
        reclaimed = asyncio.Event()
        driver._reclaim_terminal = lambda: (driver._writer_thread.write("again"), reclaimed.set())  # type: ignore

        def interrupted() -> None:
            with driver._writer_thread.queue.mutex:  # type: ignore[union-attr, attr-defined]
                driver._sigcont_application()

        thread = threading.Thread(target=interrupted, daemon=True)
        thread.start()
        thread.join(timeout=5)
        assert not thread.is_alive(), "it waits for the lock that it holds"
        await asyncio.wait_for(reclaimed.wait(), 5)
        return True

    assert asyncio.run(go_on())
