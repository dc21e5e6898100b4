"""Resource limits of one confined process."""

# ruff: noqa: PTH116, PTH208
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import contextlib
import math
import os
import resource

FILE_BYTES = 32 * 1024 * 1024
FILES = 128
"""Descriptors of one process; the zygote keeps its own at the top of them."""
TASKS = 192
"""Processes and threads beyond those that the user already has."""
SPARE = 64
"""Forks that the zygote can still make while a program has used up its threads."""
STACK_BYTES = 120 * 1024 * 1024
"""The kernel leaves at least 128 MiB below the first stack, whatever the limit was at the start."""
_BACKSTOP_SECONDS = 10


def share(tasks: int) -> None:
    """Limits that are the same for every child: files, threads, core dumps, a deep stack."""
    share_files()
    _set(resource.RLIMIT_MEMLOCK, 0)
    _set(resource.RLIMIT_MSGQUEUE, 0)
    _set(resource.RLIMIT_NPROC, tasks + SPARE)
    _soft(resource.RLIMIT_STACK, STACK_BYTES)


def share_files() -> None:
    """Sizes and numbers of files, on any system."""
    _set(resource.RLIMIT_FSIZE, FILE_BYTES)
    _set(resource.RLIMIT_NOFILE, FILES)
    _set(resource.RLIMIT_CORE, 0)


def apply(memory_bytes: int, seconds: float, cases: int, tasks: int | None = None) -> None:
    """One child's memory, processor time (a backstop: the harness has the clock) and threads."""
    processor = math.ceil(2 * seconds * (cases + 1)) + _BACKSTOP_SECONDS
    _set(resource.RLIMIT_CPU, processor, processor + 1)
    if tasks is not None:
        _set(resource.RLIMIT_NPROC, tasks)
    with contextlib.suppress(OSError, ValueError):  # macOS knows this limit, but not how to set it
        _set(resource.RLIMIT_AS, memory_bytes)


def _set(kind: int, soft: int, hard: int | None = None) -> None:
    _, ceiling = resource.getrlimit(kind)
    wanted = soft if hard is None else hard
    top = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
    resource.setrlimit(kind, (min(soft, top), top))


def _soft(kind: int, soft: int) -> None:
    _, ceiling = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft if ceiling == resource.RLIM_INFINITY else min(soft, ceiling), ceiling))


def tasks_of(uid: int) -> int:
    """Threads that `uid` has now, as far as /proc shows them."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count
