"""Any transformers causal model, stepped by transformers over our cache. Imports transformers: import it late."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import (
    Cache,
    CacheLayerMixin,
    DummyLayer,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
    LinearAttentionAndFullAttentionLayer,
    LinearAttentionAndSlidingWindowAttentionLayer,
    LinearAttentionLayer,
)

from assistant.core.errors import EngineError
from assistant.engine.inference.kv_cache import KeyValueCache
from assistant.engine.inference.recurrent_states import RecurrentStates


class TransformersForward:
    """Steps any transformers causal model. Rows move in lockstep: equal lengths, equally many tokens."""

    ragged = False
    padded = False
    bitwise_deterministic = False
    free_tokens = 4

    def __init__(self, model: Any) -> None:
        """Raises EngineError for a model that is not stepped with a cache that it is given."""
        self._model = model
        self._device = model.get_input_embeddings().weight.device
        self._kinds = layer_kinds(model.config)
        self._cache_name = _cache_name(model)
        self.prefill_chunk = 128
        self.croppable = "other" not in self._kinds
        if self._is_recurrent and not self._goes_on_with_pieces():
            self.croppable, self.prefill_chunk = False, 2**30

    @property
    def _is_recurrent(self) -> bool:
        return any(kind not in ("keys", "none") for kind in self._kinds)

    def new_cache(self, rows: int, capacity: int) -> KeyValueCache:
        cache = KeyValueCache(len(self._kinds), rows, capacity)
        if self.croppable and self._is_recurrent:
            cache.states = RecurrentStates(self._new_states)
        return cache

    def should_compact(self, open_rows: int, rows: int) -> bool:
        return open_rows < rows

    def __call__(
        self, tokens: Sequence[Sequence[int]], cache: KeyValueCache, last: Sequence[int]
    ) -> list[Tensor]:
        start, count = cache.lengths[0], len(tokens[0])
        if set(cache.lengths) != {start} or any(len(row) != count for row in tokens):
            raise ValueError("the rows of a transformers model move in lockstep")
        cache.reserve([count] * cache.rows)
        if cache.states is not None and last[0] > 1:
            cache.states.guess(start)
        ids = torch.tensor(tokens, dtype=torch.long, device=self._device)
        positions = torch.arange(start, start + count, device=self._device).unsqueeze(0)
        with torch.inference_mode():
            output = self._model(
                input_ids=ids,
                position_ids=positions.expand(len(tokens), -1),
                use_cache=True,
                logits_to_keep=max(*last, 1),
                **{self._cache_name: self._transformers_cache(cache)},
            )
        cache.lengths = [start + count] * len(tokens)
        if cache.states is not None and count > 1 and tuple(last) == (1,):  # a prompt ends here
            cache.states.keep(start + count)
        return [logits[logits.shape[0] - keep :] for logits, keep in zip(output.logits, last, strict=True)]

    def _transformers_cache(self, cache: KeyValueCache) -> Cache:
        """A transformers cache over `cache`; where one cannot go back, their own kind, kept inside it."""
        if not self.croppable:
            cache.foreign = cache.foreign or DynamicCache(config=self._model.config)
            return cache.foreign
        states = {} if cache.states is None else cache.states.layers
        layers: list[Any] = []
        for place, kind in enumerate(self._kinds):
            layer = states.get(place) or (DummyLayer() if kind == "none" else KeysAndValues())
            if isinstance(layer, KeysAndValues):
                layer.hold(cache, place)
            layers.append(layer)
        return Cache(layers=layers)

    def _new_states(self) -> dict[int, Any]:
        """Layers with a state, which hold no token."""
        own = DynamicCache(config=self._model.config).layers
        return {
            place: _StateWithKeys(own[place].number_of_states) if kind == "both" else own[place]
            for place, kind in enumerate(self._kinds)
            if kind in ("state", "both")
        }

    def _goes_on_with_pieces(self) -> bool:
        """Whether the model reads a text in pieces as it does in one: not every recurrent model takes up its state
        where several tokens come at once."""
        ids = [(7 * place + 3) % 31 for place in range(24)]
        try:
            [whole] = self([ids], self.new_cache(1, 24), [1])
            cache = self.new_cache(1, 24)
            for begin, end in ((0, 9), (9, 10), (10, 24)):
                [pieces] = self([ids[begin:end]], cache, [1])
        except (AttributeError, TypeError, ValueError) as error:
            raise _refusal(self._model) from error
        tolerance = 1e-3 if whole.dtype == torch.float32 else 0.02
        return bool((whole - pieces).abs().max() < tolerance * whole.abs().max())


def layer_kinds(config: Any) -> list[str]:
    """What each layer of a model keeps: `keys` and values, a `state`, `both`, `none`, or something `other`.

    Windowed layers count as `keys`: all are kept, and the mask hides those outside of the window.
    """
    kinds = {
        DynamicLayer: "keys",
        DynamicSlidingWindowLayer: "keys",
        LinearAttentionLayer: "state",
        LinearAttentionAndFullAttentionLayer: "both",
        LinearAttentionAndSlidingWindowAttentionLayer: "both",
        DummyLayer: "none",
    }
    return [kinds.get(type(layer), "other") for layer in DynamicCache(config=config).layers]


def _cache_name(model: Any) -> str:
    """What the model calls the cache that it is given: releases of transformers differ."""
    names = inspect.signature(model.forward).parameters
    name = next((name for name in ("cache", "past_key_values") if name in names), "")
    if not name or model.config.model_type in _OWN_CACHES:
        raise _refusal(model)
    return name


_OWN_CACHES = ("xlstm",)
"""Types that take a cache by the usual name, but only one of their own."""


def _refusal(model: Any) -> EngineError:
    return EngineError(
        f"{model.config.model_type} models keep the past in a way of their own, which cannot be stepped here; "
        "choose another model, or run this one on a server and name it with --base-url"
    )


class KeysAndValues(CacheLayerMixin):  # type: ignore[misc]
    """One layer of a `KeyValueCache`, all rows in lockstep."""

    is_croppable = True
    is_sliding = False

    def hold(self, cache: KeyValueCache, place: int) -> None:
        """Write to layer `place` of `cache`."""
        self._cache, self._place = cache, place

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        return self._cache.write(self._place, 0, self._cache.lengths[0], key_states, value_states)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        return self._cache.lengths[0]

    def get_max_length(self) -> int:
        return -1


class _StateWithKeys(LinearAttentionLayer, KeysAndValues):  # type: ignore[misc]
    """A layer that has a state and attends as well."""

    def __init__(self, number_of_states: int = 1) -> None:
        KeysAndValues.__init__(self)
        LinearAttentionLayer.__init__(self, number_of_states=number_of_states)

    def lazy_initialization(self, *args: Any, **kwargs: Any) -> None:
        (LinearAttentionLayer if kwargs else KeysAndValues).lazy_initialization(self, *args, **kwargs)
