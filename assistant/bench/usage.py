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

    _cpu: list[float] = field(default_factory=list)
    _gpu: list[float] = field(default_factory=list)
    _memory: int = 0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> UsageWatch:
        """Begin to look."""
        psutil.cpu_percent()
        self._thread = threading.Thread(target=self._look, name="usage", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> Usage:
        """What was seen."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        return Usage(
            cpu=_mean(self._cpu),
            cores=psutil.cpu_count() or 0,
            gpu=_mean(self._gpu),
            memory_bytes=self._memory,
        )

    def _look(self) -> None:
        has_gpu = shutil.which("nvidia-smi") is not None
        own = psutil.Process()
        while not self._end.wait(EVERY_SECONDS):
            self._cpu.append(float(psutil.cpu_percent()))
            self._memory = max(self._memory, own.memory_info().rss)
            if has_gpu and (busy := _gpu_percent()) is not None:
                self._gpu.append(busy)
        self._memory = max(self._memory, own.memory_info().rss)


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
