"""Our cache in the shape that transformers' attention layers expect. Imports transformers: import it late."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

from assistant.engine.inference.kv_cache import KeyValueCache


class _Layer(CacheLayerMixin):  # type: ignore[misc]
    """One layer of a `KeyValueCache`, all rows in lockstep."""

    is_croppable = True
    is_sliding = False

    def __init__(self, cache: KeyValueCache, layer: int) -> None:
        super().__init__()
        self._cache, self._layer = cache, layer

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        return self._cache.write(self._layer, 0, self._cache.lengths[0], key_states, value_states)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        return self._cache.lengths[0]

    def get_max_length(self) -> int:
        return -1


def bridge(cache: KeyValueCache, config: Any, *, croppable: bool) -> Cache:
    """A transformers cache over `cache`; for windowed or recurrent models their own kind, kept inside it."""
    if croppable:
        return Cache(layers=[_Layer(cache, layer) for layer in range(len(cache.keys))])
    if cache.foreign is None:
        cache.foreign = DynamicCache(config=config)
    return cache.foreign
