"""Work in a forked process, in parallel with this one: figures and measures of many sessions use all cores."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from assistant.core.cores import cores
from assistant.journal.process_map import can_fork

_T = TypeVar("_T")


def in_fork(make: Callable[[], _T]) -> Callable[[], _T]:
    """Begin `make` in a forked process. What is returned waits for its result, or raises what it raised.

    Where forking is not safe or there is one core only, `make` runs when it is waited for.
    """
    if not can_fork() or cores() < 2:
        return make
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(make, sending), daemon=True)
    process.start()
    sending.close()

    def wait() -> _T:
        try:
            result, error = receiving.recv()
        except EOFError:  # it was killed, perhaps for want of memory: this process has a try
            result, error = make(), None
        process.join()
        if error is not None:
            raise error
        done: _T = result
        return done

    return wait


def _work(make: Callable[[], object], sending: Connection) -> None:
    try:
        answer: tuple[object, Exception | None] = (make(), None)
    except Exception as error:
        answer = (None, error)
    sending.send(answer)
