"""The Llama family (Llama, Qwen 2 and 3, Mistral) as weights and a rotary table; `llama_forward` runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from assistant.engine.inference.linear import Linear

KINDS = frozenset({"llama", "qwen2", "qwen3", "mistral"})
STEADY_ROPES = frozenset({"default", "linear", "llama3", "yarn"})


@dataclass(frozen=True)
class LlamaConfig:
    """What is needed of a transformers config once a model is packed, under transformers' names."""

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    max_position_embeddings: int
    eos_token_id: tuple[int, ...] = ()
    """Every token that ends an answer, by the model's own settings."""
    tie_word_embeddings: bool = True
    """Whether the head is the embedding; models that were packed before this was kept are taken to be so."""

    def get_text_config(self) -> LlamaConfig:
        return self


@dataclass
class LlamaBlock:
    """The weights of one layer. Query, key and value share one product; so do gate and up."""

    attention_norm: Tensor
    query_key_value: Linear
    query_norm: Tensor | None
    key_norm: Tensor | None
    output: Linear
    feed_norm: Tensor
    gate_up: Linear
    down: Linear


@dataclass
class Llama:
    """A whole model. `config` and `generation_config` are transformers' own, or a `LlamaConfig` and None."""

    config: Any
    generation_config: Any
    embedding: Tensor
    blocks: list[LlamaBlock]
    norm: Tensor
    head: Linear
    frequencies: Tensor
    """Of the rotary position embedding, float32 [size / 2]."""
    rotary_scale: float
    precision: str
    dtype: torch.dtype
    """Between the products."""

    def products(self) -> list[Linear]:
        """All matrices, layer by layer."""
        layers = [[one.query_key_value, one.output, one.gate_up, one.down] for one in self.blocks]
        return [*(product for layer in layers for product in layer), self.head]

    @property
    def parameter_count(self) -> int:
        """Weights as transformers counts them: what several places share once."""
        config, head_size = self.config, 2 * len(self.frequencies)
        width, heads = config.hidden_size, config.num_attention_heads
        joined = (heads + 2 * config.num_key_value_heads) * head_size
        biases = joined if config.model_type == "qwen2" else 0
        norms = 2 * width + (2 * head_size if self.blocks[0].query_norm is not None else 0)
        products = width * (joined + heads * head_size + 3 * config.intermediate_size)
        embeddings: int = config.vocab_size * width * (1 if config.tie_word_embeddings else 2)
        layers: int = config.num_hidden_layers * (products + biases + norms)
        return embeddings + layers + int(width)


class Rotary:
    """Rotary position embedding (Su et al. 2021), as a table that grows with the longest dialogue."""

    def __init__(self, model: Llama, positions: int = 1024) -> None:
        self._model = model
        self._grow(positions)

    def reserve(self, positions: int) -> tuple[Tensor, Tensor]:
        """Have the table reach so far; returns it."""
        if positions > len(self._cosine):
            self._grow(2 * positions)
        return self._cosine, self._sine

    def at(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and signed sines [places, 1, size], float32, of positions that the table reaches."""
        return self._cosine[places].unsqueeze(1), self._sine[places].unsqueeze(1)

    def _grow(self, positions: int) -> None:
        frequencies, scale = self._model.frequencies, self._model.rotary_scale
        steps = torch.arange(positions, dtype=torch.float32, device=frequencies.device)
        angles = torch.outer(steps, frequencies)
        cosine, sine = angles.cos() * scale, angles.sin() * scale
        self._cosine, self._sine = torch.cat((cosine, cosine), dim=-1), torch.cat((-sine, sine), dim=-1)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn [tokens, heads, size]; halves are paired as Llama does, hence the first half of `sine` is negated."""
    return x.roll(x.shape[-1] // 2, -1).mul_(sine).addcmul_(x, cosine)
