"""How many processor cores this process may use: what it is pinned to, and what its control group allows."""

from __future__ import annotations

import math
import os
from pathlib import Path

ENVIRONMENT = "ASSISTANT_CORES"
"""A number of cores that overrules what is found."""
_GROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """Cores to plan for, at least 1. Slurm, taskset and containers give fewer than the machine has."""
    said = os.environ.get(ENVIRONMENT, "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    return max(1, min(_pinned(), quota(_GROUPS, _own_groups())))


def _pinned() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _own_groups() -> dict[str, str]:
    """The path of this process's control group, by controller (an empty one: version 2)."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    parts = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return {name: path for _, names, path in parts for name in names.split(",")}


def quota(root: Path, groups: dict[str, str]) -> int:
    """Cores that the control group and those above it allow, rounded up; as many as there can be where none does."""
    found = [_quota_v2(folder) for folder in _upwards(root, groups.get("", "/"))]
    for base in (root / "cpu", root / "cpu,cpuacct"):
        found += [_quota_v1(folder) for folder in _upwards(base, groups.get("cpu", "/"))]
    allowed = [math.ceil(share) for share in found if share is not None and share > 0]
    return min(allowed, default=1 << 20)


def _upwards(root: Path, path: str) -> list[Path]:
    """The group's folder and all above it, up to the root."""
    inner = [part for part in path.split("/") if part not in ("", "..")]
    return [root.joinpath(*inner[:length]) for length in range(len(inner), -1, -1)]


def _quota_v2(folder: Path) -> float | None:
    """`cpu.max`: `200000 100000` are two cores, `max 100000` all."""
    words = _read(folder / "cpu.max").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and all(map(str.isdigit, words)) else None


def _quota_v1(folder: Path) -> float | None:
    given, period = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    return int(given) / int(period) if given.isdigit() and period.isdigit() and int(period) else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
