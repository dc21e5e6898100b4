"""How long steps take on this machine in each packed format, for a model's sizes: measured once, in a second.

A few layers of the true sizes are stepped, so that neither weights nor a packed file are needed. What was found is
kept beside the compiled kernels, and so is measured anew for another processor, number of threads or kernels. It
decides how fast an answer comes and never what it says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.storage.durable_io import replace_file

if TYPE_CHECKING:
    from assistant.engine.inference.linear import Linear
    from assistant.engine.inference.llama import Llama

MARGIN = 0.9
"""q4 is chosen where it takes less than this of the time of 8 bits."""
TOKENS = (1, 2, 3, 4, 8, 12)
MIXTURE: Mapping[int, float] = {1: 0.5, 4: 0.25, 12: 0.25}
"""How steps of one token, of a short draft and of a long one count where formats are compared."""
FREE = 2.0
"""A step may take so many times what one of one token takes, to feed guesses that are made in any case."""
MOST_FREE = 4
"""So many at most, as tuned in 8 bits. On ten recorded rounds in q4 a token took 33.7 ms with 4, 34.4 with 2 and 35.7
with 1; a step of 4 tokens took 1.9 of one of one (2026-12-01, two cores of a Xeon)."""
FILE = "calibration.json"
_BYTES = 192_000_000
"""Of weights in 8 bits that are stepped: more than caches hold."""
_REPEATS = 5
_HEAD = 64


@dataclass(frozen=True)
class Sizes:
    """Of a model's layers: what decides how long its products take."""

    width: int
    inner: int
    queries: int
    values: int

    @classmethod
    def of(cls, config: Any) -> Sizes:
        """Of a config of transformers, or one that was packed."""
        heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // heads
        return cls(
            config.hidden_size, config.intermediate_size, size * heads, size * config.num_key_value_heads
        )

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """Channels out and in, of each matrix of a layer."""
        return (
            (self.queries + 2 * self.values, self.width),
            (self.width, self.queries),
            (2 * self.inner, self.width),
            (self.width, self.inner),
        )

    @property
    def has_blocks(self) -> bool:
        """Whether rows consist of whole super-blocks, as in 4 bits."""
        return all(width % 256 == 0 for _, width in self.products)


@dataclass(frozen=True)
class Calibration:
    """Milliseconds of a step of the layers tried, by format and tokens."""

    times: Mapping[str, Mapping[int, float]]

    def cost(self, precision: str) -> float:
        """Of a step of the usual mixture."""
        return sum(share * self.times[precision][count] for count, share in MIXTURE.items())

    def fastest(self) -> str:
        """`q4` where it wins by the margin, else `int8`."""
        wins = "q4" in self.times and self.cost("q4") < MARGIN * self.cost("int8")
        return "q4" if wins else "int8"

    def free_tokens(self, precision: str) -> int:
        """So many tokens cost hardly more than one."""
        times = self.times[precision]
        return max(count for count in TOKENS if count <= MOST_FREE and times[count] <= FREE * times[1])


def calibrated(sizes: Sizes, threads: int) -> Calibration:
    """What was measured for these sizes; measured now where that has not been done."""
    name = f"{sizes.width} x {sizes.inner}, {sizes.queries} and {sizes.values}, {threads} threads"
    kept = _read()
    if (known := _understood(kept.get(name))) is not None:
        return known
    kinds = ["int8", "q4"] if sizes.has_blocks else ["int8"]
    result = Calibration({kind: _measured(sizes, kind) for kind in kinds})
    _write({**kept, name: {kind: dict(each) for kind, each in result.times.items()}})
    return result


def calibrations() -> Iterator[tuple[str, Calibration]]:
    """Everything that was measured on this machine: of which sizes and threads, and what."""
    for name, kept in _read().items():
        if (found := _understood(kept)) is not None:
            yield name, found


def _understood(kept: Any) -> Calibration | None:
    """None for what is missing, or was kept by an earlier form of this."""
    try:
        found = {kind: {int(n): float(ms) for n, ms in each.items()} for kind, each in kept.items()}
    except (AttributeError, TypeError, ValueError):
        return None
    whole = "int8" in found and all(set(each) == set(TOKENS) for each in found.values())
    return Calibration(found) if whole else None


def _read() -> dict[str, Any]:
    try:
        found = json.loads((kernel_cache.folder() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(found: Mapping[str, Any]) -> None:
    """Where the folder cannot be written, it is only measured again."""
    with suppress(OSError):
        replace_file(kernel_cache.folder() / FILE, json.dumps(found).encode())


def _measured(sizes: Sizes, precision: str) -> dict[int, float]:
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    forward = NativeForward(_layers(sizes, precision))
    cache = forward.new_cache(1, 128)
    forward([[1]], cache, [1])
    found: dict[int, float] = {}
    for count in TOKENS:
        taken = []
        for _ in range(_REPEATS):
            cache.crop(0, 1)
            begun = time.perf_counter()
            forward([list(range(count))], cache, [1])
            taken.append(time.perf_counter() - begun)
        found[count] = 1000 * median(taken)
    return found


def _layers(sizes: Sizes, precision: str) -> Llama:
    """As many layers as are more than caches hold, with weights that say nothing."""
    import torch

    from assistant.engine.inference.llama import Llama, LlamaBlock

    each = sum(out * width for out, width in sizes.products)
    layers = min(8, max(2, -(-_BYTES // each)))
    products = [[_product(shape, precision) for shape in sizes.products] for _ in range(layers)]
    norm = torch.ones(sizes.width)
    blocks = [LlamaBlock(norm, qkv, None, None, output, norm, up, down) for qkv, output, up, down in products]
    size = _HEAD if sizes.queries % _HEAD == 0 and sizes.values % _HEAD == 0 else sizes.values
    config = SimpleNamespace(
        num_attention_heads=sizes.queries // size,
        num_key_value_heads=sizes.values // size,
        rms_norm_eps=1e-6,
    )
    head, frequencies = _product((64, sizes.width), "int8"), torch.ones(size // 2)
    embedding = torch.full((64, sizes.width), 0.01)
    return Llama(config, None, embedding, blocks, norm, head, frequencies, 1.0, precision, torch.float32)


def _product(shape: tuple[int, int], precision: str) -> Linear:
    """Weights that are all alike: small numbers, whatever the format."""
    import numpy as np

    from assistant.engine.inference.block_linear import BlockLinear, PanelRun
    from assistant.engine.inference.cpu_kernels.weight_layout import aligned
    from assistant.engine.inference.k_quants import panel_bytes
    from assistant.engine.inference.linear import Stack, StackedLinear

    (out, width), panel = shape, kernel_cache.panel()
    padded = -(-out // panel) * panel
    if precision == "q4":
        panels = aligned((panel_bytes(4, out, width, panel),), np.uint8)
        panels[:] = 1
        return BlockLinear([PanelRun(panels, 4, out)], width, panel)
    weight = aligned((1, padded * width), np.uint8)
    weight[:] = 129
    scale = np.full((1, padded), 1e-3, np.float32)
    return StackedLinear(Stack(weight, scale, np.zeros_like(scale), panel, False), 0, out)
