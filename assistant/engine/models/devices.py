"""Where the model runs, and in which plain number format. Imports torch inside functions."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from assistant.core.cores import cores
from assistant.core.errors import EngineError

DEVICES = ("auto", "cuda", "mps", "cpu")
CARD_MARGIN = 1.2
"""A model fits one card when its weights times this are free there: caches and activations need room too."""


def choose_device(wanted: str) -> str:
    """`cuda`, `mps` or `cpu`; `auto` takes the first there is. Raises EngineError for one that is not here."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, present in here.items() if present)
    kind = wanted.partition(":")[0]
    if kind not in here:
        raise EngineError(f"There is no device {wanted!r}; choose one of {', '.join(DEVICES)}.")
    if not here[kind]:
        present = ", ".join(device for device, present in here.items() if present)
        raise EngineError(
            f"This machine offers torch no {kind} device (it has: {present}). Try --device auto."
        )
    return wanted


def device_map(device: str, weight_bytes: int) -> Any:
    """What `from_pretrained` is given: one device, or `auto` to spread over several cards when one is too small."""
    import torch

    if device != "cuda":
        return device
    free = [torch.cuda.mem_get_info(card)[0] for card in range(torch.cuda.device_count())]
    roomiest = max(range(len(free)), key=free.__getitem__)
    if len(free) > 1 and free[roomiest] < weight_bytes * CARD_MARGIN:
        return "auto"
    return f"cuda:{roomiest}"


def device_name(device: str) -> str:
    """The name of the card or the processor."""
    import torch

    if device.startswith("cuda"):
        names = [torch.cuda.get_device_name(card) for card in range(torch.cuda.device_count())]
        return names[0] if len(names) == 1 else f"{len(names)} × {names[0]}"
    return _processor()


def physical_cores() -> int:
    """Cores that this process may use, hyperthreads not counted."""

    allowed = cores()
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
