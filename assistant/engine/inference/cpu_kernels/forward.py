"""Steps a `Llama` whose products are `Int8Linear` or `BlockLinear` with the compiled kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from assistant.engine.inference.cpu_kernels import kernel_types, kernels, tile_kernels
from assistant.engine.inference.cpu_kernels.weight_layout import aligned, stacked
from assistant.engine.inference.kv_cache import AnyCache, KeyValueCache
from assistant.engine.inference.linear import Linear
from assistant.engine.inference.llama import Llama, Rotary


class NativeForward:
    """Row by row, as `llama_forward.RaggedForward`: what a row gets does not depend on the others."""

    ragged = True
    padded = False
    croppable = True
    bitwise_deterministic = True
    free_tokens = 4
    prefill_chunk = 4 * kernel_types.MOST_ROWS

    def __init__(self, model: Llama) -> None:
        config = model.config
        blocks = model.blocks
        self._model = model
        self._rotary = Rotary(model)
        self._team = ThreadTeam(torch.get_num_threads())
        self._multiply = tile_kernels.addresses()
        self._panels: list[NDArray[np.uint8]] = []
        size = len(model.frequencies) * 2
        self._shape = kernel_types.Shape(
            len(blocks), config.num_attention_heads, config.num_key_value_heads, size, config.rms_norm_eps
        )
        self._weights = kernel_types.Weights(
            self._stacked([block.query_key_value for block in blocks]),
            self._stacked([block.output for block in blocks]),
            self._stacked([block.gate_up for block in blocks]),
            self._stacked([block.down for block in blocks]),
            _norms(block.attention_norm for block in blocks),
            _norms(block.feed_norm for block in blocks),
            _norms(block.query_norm for block in blocks),
            _norms(block.key_norm for block in blocks),
        )
        self._head = self._stacked([model.head])
        self._norm = model.norm.numpy()
        products = (self._weights.query_key_value, self._weights.output, self._weights.gate_up)
        self._in_blocks = any((one.bits != 8).any() for one in (*products, self._weights.down, self._head))

    def _stacked(self, products: Sequence[Linear]) -> kernel_types.Product:
        product, panels = stacked(products)
        self._panels += panels
        return product

    def new_cache(self, rows: int, capacity: int) -> KeyValueCache:
        return KeyValueCache(self._shape.layers, rows, capacity)

    def should_compact(self, open_rows: int, rows: int) -> bool:
        return False  # a row without tokens costs nothing

    def __call__(self, tokens: Sequence[Sequence[int]], cache: AnyCache, last: Sequence[int]) -> list[Tensor]:
        ids = [token for row in tokens for token in row]
        rows = [index for index, row in enumerate(tokens) for _ in row]
        places = [
            place
            for row, start in zip(tokens, cache.lengths, strict=True)
            for place in range(start, start + len(row))
        ]
        reach = max(places, default=0) + 1
        cache.reserve([len(row) for row in tokens])
        cache.allocate(self._shape.groups, self._shape.size)
        cosine, sine = self._rotary.reserve(reach)
        with torch.inference_mode():
            x = self._model.embedding[torch.tensor(ids, dtype=torch.long)].float()
            scratch = self._scratch(x.numpy(), cache.capacity)
            fed = kernel_types.TokenBatch(np.array(rows), np.array(places), cosine.numpy(), sine.numpy())
            past = _buffers(cache, self._shape.layers)
            if ids:
                phases = kernel_types.PHASES * self._shape.layers
                self._team.run(kernels.step, self._shape, self._weights, past, fed, scratch, phases=phases)
            cache.lengths = [start + len(row) for start, row in zip(cache.lengths, tokens, strict=True)]
            return self._logits(x, [len(row) for row in tokens], last)

    def _logits(self, x: Tensor, counts: Sequence[int], last: Sequence[int]) -> list[Tensor]:
        ends = np.cumsum(counts)
        wanted = [at for end, n in zip(ends, last, strict=True) for at in range(end - n, end)]
        vocabulary = self._model.embedding.shape[0]
        logits = torch.empty(len(wanted), self._head.scale.shape[1])
        if wanted:
            scratch = self._scratch(x[torch.tensor(wanted)].numpy(), 1)
            epsilon = self._shape.epsilon
            self._team.run(kernels.head, self._head, self._norm, epsilon, logits.numpy(), scratch, phases=2)
        return list(logits[:, :vocabulary].split(list(last)))

    def _scratch(self, x: NDArray[np.float32], capacity: int) -> kernel_types.Workspace:
        w, shape, threads = self._weights, self._shape, self._team.threads
        tokens, width = x.shape
        wide = w.gate_up.scale.shape[1]
        inputs = shape.heads * shape.size
        longest = max(width, inputs, wide // 2)
        return kernel_types.Workspace(
            multiply=self._multiply,
            x=x,
            joint=np.empty((tokens, w.query_key_value.scale.shape[1]), np.float32),
            mixed=np.empty((tokens, inputs), np.float32),
            wide=np.empty((tokens, wide), np.float32),
            rounded=np.empty(tokens * max(width, inputs, wide) // 4, kernel_types.QUAD),
            input_scale=np.empty(tokens, np.float32),
            block_sums=np.empty(self._in_blocks * tokens * max(width, inputs, wide) * 3 // 32, np.int32),
            shift=np.empty((2, tokens), np.int32),
            line=np.empty((threads, longest), np.float32),
            bytes=np.empty((threads, longest), kernel_types.INPUT),
            scores=np.empty((threads, shape.heads // shape.groups, capacity), np.float32),
            sums=aligned((threads, kernel_types.MOST_ROWS * kernel_types.PANEL), np.int32),
            floats=aligned((threads, 3 * kernel_types.MOST_ROWS * kernel_types.PANEL), np.float32),
            totals=np.empty((threads, kernel_types.MOST_ROWS * kernel_types.PANEL), np.int64),
        )


def _norms(found: Iterable[Tensor | None]) -> NDArray[np.float32]:
    norms = [norm.numpy() for norm in found if norm is not None]
    return np.stack(norms) if norms else np.empty((0, 0), np.float32)


def _buffers(cache: AnyCache, layers: int) -> kernel_types.KVBuffers:
    keys, values = zip(*(cache.addresses(layer) for layer in range(layers)), strict=True)
    return kernel_types.KVBuffers(
        np.array(keys, np.int64), np.array(values, np.int64), np.array(cache.capacities, np.int64)
    )


class ThreadTeam:
    """Threads that run one compiled function together: so many `threads`, of which the caller is one."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._others = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._words = aligned((0, 8), np.int64)

    def run(self, compiled: Callable[..., None], *arguments: Any, phases: int) -> None:
        """`compiled(thread, team, …)` in every thread, with zeroed counters for so many phases."""
        if len(self._words) < phases + 2:
            self._words = aligned((phases + 2, 8), np.int64)
        self._words[:] = 0
        first = self._words.ctypes.data
        team = kernel_types.Barrier(self.threads, first, first + 64, first + 128)
        running = [
            self._others.submit(compiled, thread, team, *arguments)  # type: ignore[union-attr]
            for thread in range(1, self.threads)
        ]
        compiled(0, team, *arguments)
        for other in running:
            other.result()
