"""Stepping a `Llama`: few operations, and rows that differ in length.

All rows' tokens stand in one matrix for the products with weights. For attention a processor goes row by row
over its own past (`RaggedForward`); a graphics card takes all rows at once, padded (`PaddedForward`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from assistant.engine.inference.attention import attend, attend_padded
from assistant.engine.inference.kv_cache import AnyCache, KeyValueCache
from assistant.engine.inference.llama import Llama, LlamaBlock, Rotary, rotate


@dataclass(frozen=True)
class FedTokens:
    """The new tokens of all rows on the device: `ids` and `places` [tokens]."""

    ids: Tensor
    places: Tensor
    spans: list[slice]
    """Of each row, without padding."""
    reach: int
    """Places of the cache that are looked at, where rows are taken together."""


@dataclass(frozen=True)
class TokenLayout:
    """Where the new tokens of all rows stand in the one matrix."""

    ids: list[int]
    places: list[int]
    """Position of each in its row's sequence."""
    spans: list[slice]
    """Of each row, without padding."""


class LlamaForward(ABC):
    """What both ways share: everything but the layout and the attention."""

    ragged = True
    padded = False
    croppable = True
    prefill_chunk = 128
    free_tokens: int

    def __init__(self, model: Llama) -> None:
        self._model = model
        self.bitwise_deterministic = model.precision == "int8"
        self._device = model.embedding.device
        self._heads = model.config.num_attention_heads
        self._groups = model.config.num_key_value_heads
        self._epsilon = model.config.rms_norm_eps
        self._rotary = Rotary(model)
        self._keys_dtype = torch.float32 if self._device.type == "cpu" else model.dtype

    def new_cache(self, rows: int, capacity: int) -> KeyValueCache:
        return KeyValueCache(len(self._model.blocks), rows, capacity)

    @abstractmethod
    def should_compact(self, open_rows: int, rows: int) -> bool: ...

    @abstractmethod
    def _layout(self, tokens: Sequence[Sequence[int]], starts: Sequence[int]) -> TokenLayout: ...

    def _room(self, tokens: Sequence[Sequence[int]]) -> list[int]:
        """Places of the cache that each row writes to."""
        return [len(row) for row in tokens]

    @abstractmethod
    def _mix(
        self,
        layer: int,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        fed: FedTokens,
        cache: AnyCache,
    ) -> Tensor:
        """Remember keys and values, attend to all so far: [tokens, heads, size] -> [tokens, heads * size]."""

    def __call__(self, tokens: Sequence[Sequence[int]], cache: AnyCache, last: Sequence[int]) -> list[Tensor]:
        layout = self._layout(tokens, cache.lengths)
        cache.reserve(self._room(tokens))
        self._rotary.reserve(max(layout.places) + 1)
        with torch.inference_mode():
            x = self._step(layout, cache)
            cache.lengths = [start + len(row) for start, row in zip(cache.lengths, tokens, strict=True)]
            return self._logits(x, layout.spans, last)

    def _step(self, layout: TokenLayout, cache: AnyCache) -> Tensor:
        ids = torch.tensor(layout.ids, device=self._device)
        places = torch.tensor(layout.places, device=self._device)
        reach = cache.used_blocks(len(layout.ids) // cache.rows)
        return self._through(FedTokens(ids, places, layout.spans, reach), cache)

    def _through(self, fed: FedTokens, cache: AnyCache) -> Tensor:
        """All layers: what the last one says of each token [tokens, width]."""
        x = self._model.embedding[fed.ids].to(self._model.dtype)
        rotary = self._rotary.at(fed.places)
        for layer, block in enumerate(self._model.blocks):
            projected = self._projected(block, x, rotary)
            x += block.output(self._mix(layer, *projected, fed, cache).to(x.dtype))
            gate, up = block.gate_up(self._normed(x, block.feed_norm)).chunk(2, dim=-1)
            x += block.down(F.silu(gate).mul_(up))
        return x

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight.to(x.dtype), self._epsilon)

    def _projected(
        self, block: LlamaBlock, x: Tensor, rotary: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [tokens, heads, size]; on a processor in float32, which costs little there."""
        joint = block.query_key_value(self._normed(x, block.attention_norm)).float()
        joint = joint.view(len(x), self._heads + 2 * self._groups, -1)
        turned, values = joint.split([self._heads + self._groups, self._groups], dim=1)
        if block.query_norm is not None and block.key_norm is not None:
            queries, keys = turned.split([self._heads, self._groups], dim=1)
            norms = self._normed(queries, block.query_norm), self._normed(keys, block.key_norm)
            turned = torch.cat(norms, dim=1)
        turned = rotate(turned, *rotary).to(self._keys_dtype)
        queries, keys = turned.split([self._heads, self._groups], dim=1)
        return queries, keys, values.to(self._keys_dtype)

    def _logits(self, x: Tensor, spans: Sequence[slice], last: Sequence[int]) -> list[Tensor]:
        wanted = [at for span, n in zip(spans, last, strict=True) for at in range(span.stop - n, span.stop)]
        if not wanted:
            return [x[:0] for _ in last]
        chosen = x if len(wanted) == len(x) else x[torch.tensor(wanted, device=self._device)]
        logits = self._model.head(self._normed(chosen, self._model.norm)).float()
        return list(logits.split(list(last)))


class RaggedForward(LlamaForward):
    """Row by row over its own past: what a row gets does not depend on the others."""

    free_tokens = 4

    def __init__(self, model: Llama) -> None:
        super().__init__(model)
        with ThreadPoolExecutor(torch.get_num_threads()) as threads:
            list(threads.map(lambda product: product.prepare(), model.products()))

    def should_compact(self, open_rows: int, rows: int) -> bool:
        return False  # a row without tokens costs nothing

    def _layout(self, tokens: Sequence[Sequence[int]], starts: Sequence[int]) -> TokenLayout:
        ids, places, spans = list[int](), list[int](), list[slice]()
        for row, start in zip(tokens, starts, strict=True):
            spans.append(slice(len(ids), len(ids) + len(row)))
            ids.extend(row)
            places.extend(range(start, start + len(row)))
        return TokenLayout(ids, places, spans)

    def _mix(
        self,
        layer: int,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        fed: FedTokens,
        cache: AnyCache,
    ) -> Tensor:
        mixed = []
        for row, span in enumerate(fed.spans):
            if span.start < span.stop:
                past = cache.put(layer, row, keys[span].transpose(0, 1), values[span].transpose(0, 1))
                mixed.append(attend(queries[span], *past, cache.lengths[row]))
        return mixed[0] if len(mixed) == 1 else torch.cat(mixed)


class PaddedForward(LlamaForward):
    """All rows at once, each padded to the longest: few large operations, as a graphics card likes them.

    Padding stands behind a row's tokens, where the next step overwrites it.
    """

    padded = True
    free_tokens = 64

    def should_compact(self, open_rows: int, rows: int) -> bool:
        return open_rows <= rows // 2

    def _width(self, tokens: int, rows: int) -> int:
        """To how many tokens a row is padded when the longest has `tokens`."""
        return tokens

    def _room(self, tokens: Sequence[Sequence[int]]) -> list[int]:
        return [self._width(max(map(len, tokens)), len(tokens))] * len(tokens)

    def _layout(self, tokens: Sequence[Sequence[int]], starts: Sequence[int]) -> TokenLayout:
        width = self._width(max(map(len, tokens)), len(tokens))
        ids = [token for row in tokens for token in [*row, *[0] * (width - len(row))]]
        places = [place for start in starts for place in range(start, start + width)]
        return TokenLayout(
            ids, places, [slice(i * width, i * width + len(row)) for i, row in enumerate(tokens)]
        )

    def _mix(
        self,
        layer: int,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        fed: FedTokens,
        cache: AnyCache,
    ) -> Tensor:
        assert isinstance(cache, KeyValueCache)  # requests do not share steps here
        places = fed.places.view(cache.rows, -1)
        shape = (*places.shape, self._groups, -1)
        past = cache.scatter(layer, places, keys.reshape(shape), values.reshape(shape), fed.reach)
        mixed = attend_padded(queries.view(*shape[:2], self._heads, -1), *past, places)
        return mixed.view(len(queries), -1)
