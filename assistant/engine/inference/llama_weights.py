"""Where a `Llama` comes from: a transformers model taken apart, or its tensors as published, one at a time.

Either way products are joined and weights rounded to the wished precision, to the same bits.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from assistant.engine.inference.k_quants import BlockWeights, Bytes, read
from assistant.engine.inference.linear import Int8Linear, Linear, PlainLinear, rounded_rows
from assistant.engine.inference.llama import KINDS, STEADY_ROPES, Llama, LlamaBlock, LlamaConfig

PRODUCTS = ("query_key_value", "output", "gate_up", "down")
FINE = frozenset({"down"})
"""Products whose inputs have heavy tails."""
_CHUNK = 262_144
"""Weights that are rounded at once: what is held in 32 bits meanwhile."""


class Round(Protocol):
    """Makes a product of weights; `fine` where its inputs have heavy tails."""

    def __call__(self, weight: Tensor, bias: Tensor | None = None, *, fine: bool = False) -> Linear: ...


def fits(config: Any) -> bool:
    """Whether a model of this transformers config can be written out as a `Llama`."""
    if config.model_type not in KINDS or config.hidden_act not in ("silu", "swish"):
        return False
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = getattr(config, "layer_types", None) or ()
    windowed = not kinds and getattr(config, "sliding_window", None)
    return (
        rope.get("rope_type", "default") in STEADY_ROPES
        and not windowed
        and all(kind == "full_attention" for kind in kinds)
    )


def build(model: Any, precision: str) -> Llama:
    """Take the weights of `model` over, layer by layer; they are freed there so that memory holds them once."""
    round_to, dtype = _rounding(precision, model.dtype)
    core = model.model
    rotary = core.rotary_emb
    embedding = core.embed_tokens.weight.detach()
    head = round_to(*_parts(model.lm_head))
    return Llama(
        config=model.config,
        generation_config=model.generation_config,
        embedding=embedding,
        blocks=[_block(layer, round_to, dtype) for layer in core.layers],
        norm=core.norm.weight.detach().to(dtype),
        head=head,
        frequencies=rotary.inv_freq.float().clone(),
        rotary_scale=float(rotary.attention_scaling),
        precision=precision,
        dtype=dtype,
    )


def _rounding(precision: str, dtype: torch.dtype) -> tuple[Round, torch.dtype]:
    """How weights are rounded, and the number format between the products."""
    if precision == "int8":
        return Int8Linear.quantize, torch.float32
    return _plain, dtype


def _plain(weight: Tensor, bias: Tensor | None = None, *, fine: bool = False) -> Linear:
    return PlainLinear(weight, bias)


def _block(layer: Any, round_to: Round, dtype: torch.dtype) -> LlamaBlock:
    attention, feed = layer.self_attn, layer.mlp
    block = LlamaBlock(
        attention_norm=layer.input_layernorm.weight.detach().to(dtype),
        query_key_value=round_to(*_joined(attention.q_proj, attention.k_proj, attention.v_proj)),
        query_norm=_norm(attention, "q_norm", dtype),
        key_norm=_norm(attention, "k_norm", dtype),
        output=round_to(*_parts(attention.o_proj)),
        feed_norm=layer.post_attention_layernorm.weight.detach().to(dtype),
        gate_up=round_to(*_joined(feed.gate_proj, feed.up_proj)),
        down=round_to(*_parts(feed.down_proj), fine=True),
    )
    layer.to("meta")
    return block


def _joined(*modules: Any) -> tuple[Tensor, Tensor | None]:
    parts = [_parts(module) for module in modules]
    biases = [bias for _, bias in parts if bias is not None]
    return torch.cat([weight for weight, _ in parts]), torch.cat(biases) if biases else None


def _parts(module: Any) -> tuple[Tensor, Tensor | None]:
    return module.weight.detach(), None if module.bias is None else module.bias.detach()


def _norm(attention: Any, name: str, dtype: torch.dtype) -> Tensor | None:
    module = getattr(attention, name, None)
    return None if module is None else module.weight.detach().to(dtype)


class LlamaTensors(Protocol):
    """The tensors of a Llama under transformers' names, one at a time, in 16 bits."""

    def __contains__(self, name: str) -> bool: ...

    def tensor(self, name: str) -> Tensor: ...


class GgufBlocks(LlamaTensors, Protocol):
    """Such tensors of a GGUF file, some of them in blocks."""

    def block_bits(self, name: str) -> tuple[int, int]:
        """The bits of a weight, 0 where it is in no block that `k_quants` knows, and the output channels."""
        ...

    def block_rows(self, name: str) -> Bytes:
        """The bytes of the blocks [out, …]."""
        ...


class RoundedTensors(Protocol):
    """What is written: products as 8-bit rows, norms, and the embedding."""

    def product(self, layer: int, name: str) -> tuple[Tensor, Tensor, Tensor | None]:
        """Weights int8 [out, in], their steps float32 [out], bias; `layer` -1 is the head's."""
        ...

    def runs(self, layer: int, name: str) -> list[tuple[int, int]]:
        """Of a product that stays in its blocks: bits and channels, one below the other. Empty for 8 bits."""
        ...

    def blocks(self, layer: int, name: str) -> tuple[list[BlockWeights], Tensor | None]:
        """Of such a product: the numbers of each run, and the bias."""
        ...

    def norm(self, layer: int, name: str) -> Tensor:
        """float32; `layer` -1 is the last one's."""
        ...

    def embedding(self) -> Tensor: ...


@dataclass(frozen=True)
class Outline:
    """What is known of a model before its weights are read."""

    config: LlamaConfig
    frequencies: Tensor
    rotary_scale: float
    head_norms: bool
    """Queries and keys have norms of their own (Qwen 3)."""
    biased: Set[str]
    """Products with a bias."""
    embedding: torch.dtype = torch.bfloat16


class _EightBits:
    """All products in 8 bits."""

    def runs(self, layer: int, name: str) -> list[tuple[int, int]]:
        return []

    def blocks(self, layer: int, name: str) -> tuple[list[BlockWeights], Tensor | None]:
        raise NotImplementedError


class RoundedLlama(_EightBits):
    """A `Llama` in memory, its products `Int8Linear`, to be written."""

    def __init__(self, model: Llama) -> None:
        self._model = model

    def outline(self) -> Outline:
        model, first = self._model, self._model.blocks[0]
        return Outline(
            config=packed_config(model.config, model.generation_config, len(model.frequencies) * 2),
            frequencies=model.frequencies,
            rotary_scale=model.rotary_scale,
            head_norms=first.query_norm is not None,
            biased={name for name in PRODUCTS if "bias" in getattr(first, name).tensors()},
            embedding=model.embedding.dtype,
        )

    def product(self, layer: int, name: str) -> tuple[Tensor, Tensor, Tensor | None]:
        product = self._model.head if layer < 0 else getattr(self._model.blocks[layer], name)
        parts = product.tensors()
        return parts["weight"], parts["scale"], parts.get("bias")

    def norm(self, layer: int, name: str) -> Tensor:
        found: Tensor = self._model.norm if layer < 0 else getattr(self._model.blocks[layer], name)
        return found

    def embedding(self) -> Tensor:
        return self._model.embedding.contiguous()


_SOURCES = {
    "query_key_value": tuple(f"self_attn.{part}_proj" for part in "qkv"),
    "output": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
    "attention_norm": ("input_layernorm",),
    "feed_norm": ("post_attention_layernorm",),
    "query_norm": ("self_attn.q_norm",),
    "key_norm": ("self_attn.k_norm",),
}
EMBEDDING, HEAD, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"


def tensor_name(layer: int, part: str) -> str:
    """`model.layers.3.self_attn.q_proj.weight`."""
    return f"model.layers.{layer}.{part}"


class FolderTensors:
    """Of the safetensors files in a folder."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._found: dict[str, Any] = {}
        for file in sorted(folder.glob("*.safetensors")):
            opened: Any = safe_open(file, framework="pt")
            self._found |= dict.fromkeys(opened.keys(), opened)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def tensor(self, name: str) -> Tensor:
        found: Tensor = self._found[name].get_tensor(name).to(torch.bfloat16)
        return found


class ModelTensors:
    """Of a transformers model in memory, for weights in files of another kind."""

    def __init__(self, model: Any) -> None:
        self._found: dict[str, Tensor] = model.state_dict()

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def tensor(self, name: str) -> Tensor:
        return self._found[name].to(torch.bfloat16)


class RoundingTensors(_EightBits):
    """Tensors as published, rounded as they are asked for: what `llama_weights.build` and `Int8Linear` would make."""

    def __init__(self, tensors: LlamaTensors, *, tied: bool) -> None:
        """`tied`: the embedding is the head, too."""
        self._tensors = tensors
        self._head = EMBEDDING if tied else HEAD

    def outline(self, config: LlamaConfig, frequencies: Tensor, rotary_scale: float) -> Outline:
        """Of these tensors; the rest is said by transformers' config."""
        first = [(name, tensor_name(0, _SOURCES[name][0])) for name in PRODUCTS]
        return Outline(
            config=config,
            frequencies=frequencies,
            rotary_scale=rotary_scale,
            head_norms=tensor_name(0, "self_attn.q_norm.weight") in self._tensors,
            biased={name for name, part in first if f"{part}.bias" in self._tensors},
        )

    def product(self, layer: int, name: str) -> tuple[Tensor, Tensor, Tensor | None]:
        weight = torch.cat([self._tensors.tensor(f"{part}.weight") for part in self._parts(layer, name)])
        return *_rounded(weight), self._bias(layer, name)

    def _parts(self, layer: int, name: str) -> list[str]:
        """Tensors that stand one below the other, without their ending."""
        if layer < 0:
            return [self._head.removesuffix(".weight")]
        return [tensor_name(layer, part) for part in _SOURCES[name]]

    def _bias(self, layer: int, name: str) -> Tensor | None:
        parts = [f"{part}.bias" for part in self._parts(layer, name)]
        biases = [self._tensors.tensor(part) for part in parts if part in self._tensors]
        return torch.cat(biases).float() if biases and layer >= 0 else None

    def norm(self, layer: int, name: str) -> Tensor:
        at = NORM if layer < 0 else tensor_name(layer, f"{_SOURCES[name][0]}.weight")
        return self._tensors.tensor(at).float()

    def embedding(self) -> Tensor:
        return self._tensors.tensor(EMBEDDING)


class BlockTensors(RoundingTensors):
    """Products of a GGUF file in its own blocks where the kernels know them; the others in 8 bits."""

    def __init__(self, tensors: GgufBlocks, *, tied: bool, panel: int) -> None:
        """`panel` channels are computed together."""
        super().__init__(tensors, tied=tied)
        self._gguf, self._panel = tensors, panel

    def runs(self, layer: int, name: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for part in self._parts(layer, name):
            bits, channels = self._gguf.block_bits(f"{part}.weight")
            if found and found[-1][0] == bits:
                found[-1] = (bits, found[-1][1] + channels)
            else:
                found.append((bits, channels))
        whole = len(found) < 3 and all(channels % self._panel == 0 for _, channels in found[:-1])
        return found if whole and all(bits for bits, _ in found) else []

    def blocks(self, layer: int, name: str) -> tuple[list[BlockWeights], Tensor | None]:
        rows = [self._gguf.block_rows(f"{part}.weight") for part in self._parts(layer, name)]
        found, at = [], 0
        for bits, channels in self.runs(layer, name):
            together, count = [], 0
            while count < channels:
                together.append(rows[at])
                count, at = count + len(rows[at]), at + 1
            found.append(read(np.concatenate(together), bits))
        return found, self._bias(layer, name)


def _rounded(weight: Tensor) -> tuple[Tensor, Tensor]:
    """`rounded_rows`, some rows at a time."""
    rows = max(1, _CHUNK // weight.shape[1])
    whole, scale = torch.empty(weight.shape, dtype=torch.int8), torch.empty(len(weight))
    for at in range(0, len(weight), rows):
        whole[at : at + rows], scale[at : at + rows] = rounded_rows(weight[at : at + rows])
    return whole, scale


def packed_config(config: Any, generation_config: Any, head_size: int) -> LlamaConfig:
    """What stays of a transformers config."""
    ends: set[int] = set()
    for holder in (generation_config, config):
        ids = getattr(holder, "eos_token_id", None)
        ends.update(ids if isinstance(ids, list | tuple) else [] if ids is None else [ids])
    return LlamaConfig(
        model_type=config.model_type,
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        num_key_value_heads=config.num_key_value_heads,
        head_dim=head_size,
        rms_norm_eps=config.rms_norm_eps,
        max_position_embeddings=config.max_position_embeddings,
        eos_token_id=tuple(sorted(ends)),
        tie_word_embeddings=bool(config.tie_word_embeddings),
    )


def rotary(config: Any) -> tuple[Tensor, float]:
    """Frequencies and scale of the position embedding of a transformers config, as its model has them."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    embedding = type(model.model.rotary_emb)(config)
    return embedding.inv_freq.float(), float(embedding.attention_scaling)
