"""Milliseconds of a step of Qwen3's dense models of 1 to 8 B on a processor, beside what memory allows.

python -m tests.benchmarks.engine_shapes [--shapes 1.7b 4b 8b] [--precisions int8 q4] [--tokens 1 8 384] [--repeat 7]
    [--folder DIR] [--only-write]

The weights are random, of the true shape, written as the packed file of a real model and mapped. Of q4 the products
have the mixture of Q4_K_M: queries, keys, gate and up in 4 bits, down and the values' part in 4 and 6, the head in 6.
The limit: bytes of the weights that a step reads (the embedding not) over the bandwidth at which as many threads read
that file from memory, measured in the same run. Needs memory for the largest file (8b in int8: 9 GB) and that much
disk in --folder; what is written is deleted at the end, but with --only-write, which a measuring run then finds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from assistant.engine.inference import k_quants, precision, quantized_checkpoint
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.k_quants import BLOCK, HALF_BLOCK, SUPER_BLOCK, BlockWeights
from assistant.engine.inference.llama import LlamaConfig
from assistant.engine.inference.llama_weights import Outline
from assistant.engine.inference.weights_file import WeightsFile

SHAPES = {
    "1.7b": (2048, 6144, 28, 16, 8, True),
    "4b": (2560, 9728, 36, 32, 8, True),
    "8b": (4096, 12288, 36, 32, 8, False),
}
"""Of Qwen3: width, inner width, layers, heads, heads of keys and values, whether the head is the embedding."""
_HEAD = 128
_PAST = 256
_CHUNK = 64 * 1024 * 1024


def config_of(shape: str) -> LlamaConfig:
    width, inner, layers, heads, groups, tied = SHAPES[shape]
    return LlamaConfig(
        "qwen3", 151936, width, inner, layers, heads, groups, _HEAD, 1e-6, 40960, (), tie_word_embeddings=tied
    )


class RandomWeights:
    """What `quantized_checkpoint.write` takes: of each product one random matrix, the same in every layer."""

    def __init__(self, config: LlamaConfig, precision: str) -> None:
        self._config, self._precision = config, precision
        self._sizes = quantized_checkpoint._outs(config)
        self._draw = np.random.default_rng(0)
        self._products: dict[str, tuple[Tensor, Tensor, Tensor | None]] = {}
        self._matrix = cache(self._blocks)

    def outline(self) -> Outline:
        frequencies = 1e6 ** -(torch.arange(0, _HEAD, 2) / _HEAD)
        return Outline(self._config, frequencies, 1.0, head_norms=True, biased=frozenset())

    def runs(self, layer: int, name: str) -> list[tuple[int, int]]:
        if self._precision != "q4":
            return []
        out = self._sizes[name][0]
        if name == "head" or (name == "down" and layer % 2):
            return [(6, out)]
        if name == "query_key_value" and layer % 2:
            values = self._config.num_key_value_heads * _HEAD
            return [(4, out - values), (6, values)]
        return [(4, out)]

    def product(self, layer: int, name: str) -> tuple[Tensor, Tensor, Tensor | None]:
        if name not in self._products:
            out, width = self._sizes[name]
            weight = torch.from_numpy(self._draw.integers(-127, 128, (out, width), np.int8))
            self._products[name] = weight, torch.full((out,), 0.02 / 127), None
        return self._products[name]

    def blocks(self, layer: int, name: str) -> tuple[list[BlockWeights], Tensor | None]:
        width = self._sizes[name][1]
        return [self._matrix(bits, channels, width) for bits, channels in self.runs(layer, name)], None

    def _blocks(self, bits: int, out: int, width: int) -> BlockWeights:
        form, draw = k_quants.FORMATS[bits], self._draw
        steps = np.full((out, width // SUPER_BLOCK), 2e-4, np.float16)
        codes = draw.integers(0, 1 << bits, (out, width), np.uint8)
        if bits == 6:
            scales: Any = draw.integers(1, 60, (out, width // HALF_BLOCK), np.int8)
            return BlockWeights(form, codes, scales, np.zeros((out, 0), np.uint8), steps, 0 * steps)
        scales, minima = draw.integers(1, 60, (2, out, width // BLOCK), np.uint8)
        return BlockWeights(form, codes, scales, minima, steps, steps)

    def norm(self, layer: int, name: str) -> Tensor:
        size = _HEAD if name in ("query_norm", "key_norm") else self._config.hidden_size
        return torch.ones(size)

    def embedding(self) -> Tensor:
        found = torch.randn(1024, self._config.hidden_size).mul_(0.02).bfloat16()
        return found.repeat(-(-self._config.vocab_size // 1024), 1)[: self._config.vocab_size]


def write(shape: str, kind: str, folder: Path) -> Path:
    """The packed file of that shape, unless it is there."""
    target = folder / f"{shape}-{kind}"
    if (target / "written").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    arranged: dict[int, Any] = {}
    as_panels = k_quants.as_panels
    source = RandomWeights(config_of(shape), kind)

    def once(weights: BlockWeights, panel: int) -> Any:
        if id(weights) not in arranged:
            arranged[id(weights)] = as_panels(weights, panel)
        return arranged[id(weights)]

    k_quants.as_panels = once
    try:
        quantized_checkpoint.write(
            source.outline(),
            source,
            precision.packed_file(target, kind),
            precision=kind,
            panel=kernel_cache.panel(),
            threads=torch.get_num_threads(),
        )
    finally:
        k_quants.as_panels = as_panels
    (target / "written").touch()
    return target


def bandwidth(file: Path, threads: int) -> float:
    """Bytes a second at which so many threads read the file's weights, which are in memory: the best of three."""
    numbers = np.frombuffer(WeightsFile(file)._map, np.int64)[: 3_000_000_000 // 8]
    pieces = np.array_split(numbers, max(threads, numbers.nbytes // _CHUNK))
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(4):  # the first brings it into memory
            begun = time.perf_counter()
            list(pool.map(np.bitwise_or.reduce, pieces))
            best = max(best, numbers.nbytes / (time.perf_counter() - begun))
    return best


def weight_bytes(file: Path) -> int:
    """Of what a step reads."""
    return sum(one.spec.nbytes for name, one in WeightsFile(file).arrays.items() if name != "embedding")


def measured(
    folder: Path, kind: str, tokens: list[int], repeat: int, past: int = _PAST
) -> dict[int, list[float]]:
    """Milliseconds of steps of so many tokens, after a past."""
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    forward = NativeForward(precision.open_packed(folder, kind))
    cache_ = forward.new_cache(1, past + max(tokens))
    ids = [1000 + place % 7919 for place in range(past + max(tokens))]
    forward([ids[:past]], cache_, [1])
    found: dict[int, list[float]] = {}
    for count in tokens:
        for turn in range((repeat if count < 64 else 2) + 1):
            cache_.crop(0, past)
            begun = time.perf_counter()
            forward([ids[:count]], cache_, [1])
            if turn or count >= 64:
                found.setdefault(count, []).append(1000 * (time.perf_counter() - begun))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--precisions", nargs="+", choices=precision.PACKED, default=list(precision.PACKED))
    parser.add_argument("--tokens", nargs="+", type=int, default=[1, 8, 384])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only-write", action="store_true")
    options = parser.parse_args()
    if not kernel_cache.compile_once():
        raise SystemExit("there are no kernels of ours for this processor")
    kernel_cache.import_numba()
    threads = torch.get_num_threads()
    heads = [f"{count} tokens, ms" for count in options.tokens]
    with tempfile.TemporaryDirectory() as temporary:
        place = options.folder or Path(temporary)
        print(f"| Qwen3 | weights read a step | limit, ms | {' | '.join(heads)} |", flush=True)
        for shape in options.shapes:
            for kind in options.precisions:
                folder = write(shape, kind, place)
                file = precision.packed_file(folder, kind)
                if options.only_write:
                    print(f"{folder}: {json.dumps({'bytes': file.stat().st_size})}", flush=True)
                    continue
                speed, size = bandwidth(file, threads), weight_bytes(file)
                found = measured(folder, kind, options.tokens, options.repeat)
                cells = [f"{median(each):.0f} ({min(each):.0f}–{max(each):.0f})" for each in found.values()]
                limit = f"{1000 * size / speed:.0f} at {speed / 1e9:.1f} GB/s"
                print(f"| {shape} {kind} | {size / 1e9:.2f} GB | {limit} | {' | '.join(cells)} |", flush=True)
                file.unlink()
                (folder / "written").unlink()


if __name__ == "__main__":
    main()
