"""Milliseconds of a step of a packed model beside what this processor allows at most.

python -m tests.benchmarks.engine_limits FOLDER [FOLDER …] [--tokens 1 4 12 150] [--past 256] [--repeat 9]
    [--threads N]

Two limits, each measured in the same run with as many threads as a step has:

- memory: the bytes of weights that a step reads, over the bandwidth at which they are read and nothing else is done;
- computing: the 8-bit products of a step, over the rate at which the kernels' own tile multiplies weights that lie in
  the first cache (the largest tile; `down` counts twice where its inputs go through as two numbers of 8 bits).

A step can take no less than the larger of the two. FOLDER: as `assistant model` names it. Attention, norms, rounding
and the head beyond the last tokens are in the step and not in the limits.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from assistant.engine.inference import precision, quantized_checkpoint
from assistant.engine.inference.cpu_kernels import kernel_cache
from tests.benchmarks.engine_shapes import bandwidth, measured, weight_bytes

_QUADS = 96  # of a tile in the first cache: 12 KB of weights and 5 KB of inputs
_TURNS = 20_000


def products_a_second(threads: int) -> float:
    """Products of 8-bit numbers a second of the kernels' tile, all in the first cache: the best of five."""
    from numba import njit

    from assistant.engine.inference.cpu_kernels.intrinsics import DOT, multiply

    @njit(nogil=True)  # type: ignore[untyped-decorator]
    def tiles(weights: int, inputs: int, sums: int, rows: int, turns: int) -> None:
        for _ in range(turns):
            multiply(weights, inputs, _QUADS, sums, rows)

    def buffers() -> list[Any]:
        sizes = (_QUADS * DOT.panel * 4, _QUADS * DOT.rows * 4 * 2, 4 * DOT.panel * DOT.rows)
        return [np.zeros(size + 4096, np.uint8) for size in sizes]

    def run(held: list[Any]) -> None:
        tiles(*(one.ctypes.data // 64 * 64 + 64 for one in held), DOT.rows, _TURNS)

    each = [buffers() for _ in range(threads)]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(6):  # the first compiles
            begun = time.perf_counter()
            list(pool.map(run, each))
            took = time.perf_counter() - begun
            best = max(best, threads * _TURNS * _QUADS * 4 * DOT.panel * DOT.rows / took)
    return best


def products_of(config: Any) -> tuple[int, int]:
    """Of one token: those of all layers, and those of the head."""
    from assistant.engine.inference.cpu_kernels.kernel_types import DEEP

    sizes = {name: out * width for name, (out, width) in quantized_checkpoint._outs(config).items()}
    head = sizes.pop("head")
    sizes["down"] *= 1 if DEEP else 2
    return config.num_hidden_layers * sum(sizes.values()), head


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--tokens", nargs="+", type=int, default=[1, 4, 12, 150])
    parser.add_argument("--past", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not kernel_cache.compile_once():
        raise SystemExit("there are no kernels of ours for this processor")
    kernel_cache.import_numba()
    peak = products_a_second(options.threads)
    print(
        f"{kernel_cache.instructions()}, {options.threads} threads: {peak / 1e9:.0f} G products of 8 bits a second"
    )
    for folder in options.folders:
        kind = "q4" if "-q4-" in folder.name else "int8"
        file = precision.packed_file(folder, kind)
        speed, size = bandwidth(file, options.threads), weight_bytes(file)
        config = precision.open_packed(folder, kind).config
        layers, head = products_of(config)
        print(f"{kind}: {size / 1e9:.2f} GB a step at {speed / 1e9:.1f} GB/s")
        for count, each in measured(folder, kind, options.tokens, options.repeat, options.past).items():
            memory, computing = 1000 * size / speed, 1000 * (layers * count + head) / peak
            took, least = median(each), max(memory, computing)
            print(
                f"  {count:4} tokens: {took:7.1f} ms ({min(each):.1f} to {max(each):.1f}); limits: memory "
                f"{memory:.1f}, computing {computing:.1f}; step / larger limit {took / least:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
