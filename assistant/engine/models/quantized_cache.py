"""Packed weights in the cache: number formats of our own are made once per model and stored next to it.

Worker only; imports torch inside functions.
"""

from __future__ import annotations

from pathlib import Path

from assistant.engine.models.cache import ModelCache
from assistant.engine.models.capacity import require_disk, require_memory
from assistant.engine.models.manifest import Manifest
from assistant.engine.models.provision import Prepared, cache_key
from assistant.engine.progress import Steps

STEP = "converting once to {precision}"
DISK_SHARE = 0.65
"""Size of 8-bit weights over that of 16-bit ones, the embedding staying at 16 bits; rounded up."""
MEMORY_SHARE = 1.2
"""Peak memory over the size of the 16-bit weights, which are let go layer by layer: measured 1.09."""


def packed_weights(prepared: Prepared, precision: str, root: Path, steps: Steps) -> Path:
    """The folder with the packed weights of a prepared model, made in the cache unless it is there."""
    from assistant.engine.inference import quantized_checkpoint
    from assistant.engine.inference.precision import pack

    cache = ModelCache(root)
    stem = f"{cache_key(prepared.name, prepared.weights_sha256)}-{precision}-p"
    key = f"{stem}{quantized_checkpoint.FORMAT}"
    if (found := cache.find(key)) is not None:
        return found
    plain = weight_bytes(prepared.folder)
    require_disk(cache.folder, int(plain * DISK_SHARE), f"keep {prepared.name} in {precision}")
    require_memory(int(plain * MEMORY_SHARE), f"convert {prepared.name} to {precision} (once)")

    def fill(target: Path, _: Path) -> Manifest:
        steps(STEP.format(precision=precision))
        pack(prepared.folder, precision, target)
        return Manifest(
            name=prepared.name,
            revision=prepared.revision,
            weights_sha256=prepared.weights_sha256,
            precision=precision,
        )

    folder = cache.build(key, fill, steps)
    cache.free_older(key, stem)
    return folder


def weight_bytes(folder: Path) -> int:
    """Size of the safetensors files of a folder."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
