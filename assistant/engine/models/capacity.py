"""Capacity for weights: disk and memory are checked before the work, and a refusal names the numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from assistant.core.errors import EngineError

DISK_MARGIN = 256 * 1024 * 1024
"""Left free on the disk in addition to what is written."""
_CGROUP_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def size_text(count: float) -> str:
    """`3.6 GB`, `512 MB`: decimal units, as disks are sold."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 100 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} bytes"


def free_disk(folder: Path) -> int:
    """Bytes free where `folder` is or would be made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_disk(folder: Path, needed: int, purpose: str) -> None:
    """Raise EngineError when fewer than `needed` bytes (and a margin) are free for `folder`."""
    free = free_disk(folder)
    if free < needed + DISK_MARGIN:
        raise EngineError(
            f"Too little disk space to {purpose}: {size_text(needed + DISK_MARGIN)} needed in {folder}, "
            f"{size_text(free)} free. Make room, or set ASSISTANT_CACHE to a folder on a larger disk."
        )


def free_memory() -> int:
    """Bytes of memory that can be had without swapping, inside a container too."""
    free = int(psutil.virtual_memory().available)
    return min([free, *_container_room()])


def total_memory() -> int:
    """Bytes of memory that this process may ever use."""
    total = int(psutil.virtual_memory().total)
    limits = [limit for limit_file, _ in _CGROUP_LIMITS if (limit := _number(limit_file)) is not None]
    return min([total, *limits])


def require_memory(needed: int, purpose: str) -> None:
    """Raise EngineError when fewer than `needed` bytes of memory are free."""
    free = free_memory()
    if free < needed:
        raise EngineError(
            f"Too little memory to {purpose}: {size_text(needed)} needed, {size_text(free)} free. "
            "Close other programs, or choose a smaller model (`assistant model list`)."
        )


def _container_room() -> list[int]:
    limits = []
    for limit_file, used_file in _CGROUP_LIMITS:
        limit, used = _number(limit_file), _number(used_file)
        if limit is not None and used is not None:
            # File pages count as used but are given back under pressure, so half the limit is always assumed.
            limits.append(max(limit - used, limit // 2))
    return limits


def _number(path: Path) -> int | None:
    """The number in a control file; None where there is none or it says `max`."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
