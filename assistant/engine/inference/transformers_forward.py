"""Any transformers causal model, stepped by transformers over our cache. Imports transformers: import it late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

from assistant.engine.inference.kv_cache import KeyValueCache


class TransformersForward:
    """Steps any transformers causal model. Rows move in lockstep: equal lengths, equally many tokens."""

    ragged = False
    padded = False
    bitwise_deterministic = False
    free_tokens = 4
    prefill_chunk = 128

    def __init__(self, model: Any) -> None:
        self._model = model
        self._device = model.get_input_embeddings().weight.device
        self._layers = _text_config(model).num_hidden_layers
        self.croppable = _attends_to_everything(model)

    def new_cache(self, rows: int, capacity: int) -> KeyValueCache:
        return KeyValueCache(self._layers, rows, capacity)

    def should_compact(self, open_rows: int, rows: int) -> bool:
        return open_rows < rows

    def __call__(
        self, tokens: Sequence[Sequence[int]], cache: KeyValueCache, last: Sequence[int]
    ) -> list[Tensor]:
        start, count = cache.lengths[0], len(tokens[0])
        if set(cache.lengths) != {start} or any(len(row) != count for row in tokens):
            raise ValueError("the rows of a transformers model move in lockstep")
        cache.reserve([count] * cache.rows)
        ids = torch.tensor(tokens, dtype=torch.long, device=self._device)
        positions = torch.arange(start, start + count, device=self._device).unsqueeze(0)
        with torch.inference_mode():
            output = self._model(
                input_ids=ids,
                position_ids=positions.expand(len(tokens), -1),
                past_key_values=_transformers_cache(cache, self._model.config, croppable=self.croppable),
                use_cache=True,
                logits_to_keep=max(*last, 1),
            )
        cache.lengths = [start + count] * len(tokens)
        return [logits[logits.shape[0] - keep :] for logits, keep in zip(output.logits, last, strict=True)]


def _attends_to_everything(model: Any) -> bool:
    """Whether every layer keeps keys and values of all past tokens (no sliding window, no recurrence)."""
    kinds = getattr(_text_config(model), "layer_types", None)
    windowed = getattr(_text_config(model), "sliding_window", None) and not kinds
    return not windowed and all(kind == "full_attention" for kind in kinds or ())


def _text_config(model: Any) -> Any:
    return model.config.get_text_config()


class _CacheLayer(CacheLayerMixin):  # type: ignore[misc]
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


def _transformers_cache(cache: KeyValueCache, config: Any, *, croppable: bool) -> Cache:
    """A transformers cache over `cache`; for windowed or recurrent models their own kind, kept inside it."""
    if croppable:
        return Cache(layers=[_CacheLayer(cache, layer) for layer in range(len(cache.keys))])
    if cache.foreign is None:
        cache.foreign = DynamicCache(config=config)
    return cache.foreign
