"""How busy the machine is while a bench runs: does generation saturate it?"""

from __future__ import annotations

import shutil
import subprocess
import threading
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

EVERY_SECONDS = 2.0


@dataclass
class Usage:
    """Means over the run, in percent; None where there is no such thing."""

    cpu: float | None = None
    cores: int = 0
    gpu: float | None = None
    memory_bytes: int = 0
    """The most that this process had (the model's own process and a server are apart)."""


@dataclass
class UsageWatch:
    """Looks every two seconds, in a thread of its own, between `start` and `stop`."""

    _before: tuple[float, float] = (0.0, 0.0)
    _gpu: list[float] = field(default_factory=list)
    _memory: int = 0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> UsageWatch:
        """Begin to look."""
        self._before = _busy_and_all()
        self._thread = threading.Thread(target=self._look, name="usage", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> Usage:
        """What was seen."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        return Usage(
            cpu=self._cpu_percent(),
            cores=psutil.cpu_count() or 0,
            gpu=_mean(self._gpu),
            memory_bytes=self._memory,
        )

    def _cpu_percent(self) -> float | None:
        """Of all cores, whoever kept them busy."""
        busy, total = (now - then for now, then in zip(_busy_and_all(), self._before, strict=True))
        return 100 * busy / total if total > 0 else None

    def _look(self) -> None:
        has_gpu = shutil.which("nvidia-smi") is not None
        own = psutil.Process()
        while not self._end.wait(EVERY_SECONDS):
            self._memory = max(self._memory, own.memory_info().rss)
            if has_gpu and (busy := _gpu_percent()) is not None:
                self._gpu.append(busy)
        self._memory = max(self._memory, own.memory_info().rss)


def _busy_and_all() -> tuple[float, float]:
    """Core seconds since the machine started: busy ones, and all."""
    times = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _gpu_percent() -> float | None:
    """Mean over the cards that nvidia-smi lists."""
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
        return _mean([float(line) for line in text.split()])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
