"""The same work on many files: in order, by as many processes as there are cores, never far ahead of the reader."""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from assistant.core.cores import cores

_Chunk = TypeVar("_Chunk")
_Result = TypeVar("_Result")


def mapped(
    work: Callable[[_Chunk], _Result], chunks: Sequence[_Chunk], *, alone: bool = False
) -> Iterator[_Result]:
    """`work(chunk)` of every chunk, in order; in this process when `alone`, or where others cannot be forked."""
    processes = min(cores(), 8)
    if alone or processes < 2 or not can_fork():
        yield from map(work, chunks)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        # Only so many chunks at a time: their results wait in memory until the reader has taken those before.
        left = iter(chunks)
        waiting: deque[Future[_Result]] = deque()
        for chunk in islice(left, 3 * processes):
            waiting.append(pool.submit(work, chunk))
        while waiting:
            result = waiting.popleft().result()
            for chunk in islice(left, 1):
                waiting.append(pool.submit(work, chunk))
            yield result


def can_fork() -> bool:
    """Forking starts at once and needs no main module to import again, but is only safe before there are threads."""
    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
