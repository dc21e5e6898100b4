"""What this machine offers a model, asked without importing torch here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Literal

import assistant
from assistant.core.errors import EngineError
from assistant.core.problem import FrozenModel
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.models.capacity import size_text, total_memory
from assistant.engine.models.catalogue import KnownModel

Fit = Literal["gpu", "cpu", "slow", "no"]
FIT_WORDS: dict[str, str] = {"gpu": "yes, on the GPU", "cpu": "yes", "slow": "slowly", "no": "no"}
"""Where a model fits: a graphics card, the processor, the processor but slowly, or nowhere here."""
SLOW_PARAMETERS = 4e9
"""Models larger than this answer too slowly on a processor for a person who waits."""
PROBE_SECONDS = 120
PACKAGE_ROOT = str(Path(assistant.__file__).resolve().parents[1])
"""The folder that a child process needs on its `sys.path` to import this package."""
_PROBE = """
import json, torch, transformers
from assistant.engine.models import devices
device = devices.choose_device("auto")
memory = sum(torch.cuda.mem_get_info(card)[1] for card in range(torch.cuda.device_count()))
print(json.dumps({
    "torch": torch.__version__, "transformers": transformers.__version__, "device": device,
    "device_name": devices.device_name(device), "threads": devices.physical_cores(), "memory_bytes": memory,
}))
"""


class TorchProbe(FrozenModel):
    """What torch says about itself and the device it would run on."""

    torch: str
    transformers: str
    device: str
    device_name: str
    threads: int
    memory_bytes: int = 0
    """Of all graphics cards together."""

    def describe(self) -> str:
        """One line about the device."""
        if self.device == "cuda":
            return f"cuda: {self.device_name}, {size_text(self.memory_bytes)}"
        if self.device == "mps":
            return f"mps: {self.device_name}"
        return f"cpu: {self.device_name}, {self.threads} threads (no GPU: expect seconds per answer)"


def probe_torch() -> TorchProbe:
    """Import torch in a process of its own and ask it. Raises EngineError when that fails."""
    program = f"import sys; sys.path.append({PACKAGE_ROOT!r})\n{_PROBE}"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"torch did not import within {PROBE_SECONDS} s.") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EngineError(f"torch cannot be used: {reason[:300]}")
    return TorchProbe.model_validate(json.loads(done.stdout.splitlines()[-1]))


@cache
def graphics_memory() -> int:
    """Bytes of all NVIDIA cards together, by `nvidia-smi`; 0 where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    query = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20)
        return sum(int(line) for line in done.stdout.split()) * 1024 * 1024 if done.returncode == 0 else 0
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def machine() -> str:
    """The criterion of `fit`, as text."""
    card = graphics_memory()
    return f"{size_text(total_memory())} of memory, " + (f"{size_text(card)} on GPUs" if card else "no GPU")


def needed_memory(model: KnownModel) -> int:
    """Bytes that one session takes here: in 16 bits on a card with room, else in 8 on a processor with kernels."""
    if model.memory_bytes <= graphics_memory() or not kernel_cache.instructions():
        return model.memory_bytes
    return min(model.memory_bytes, model.packed_memory_bytes)


def fit(model: KnownModel) -> Fit:
    """Where it would run on this machine."""
    if model.memory_bytes <= graphics_memory():
        return "gpu"
    if needed_memory(model) > total_memory():
        return "no"
    return "slow" if model.parameters > SLOW_PARAMETERS else "cpu"
