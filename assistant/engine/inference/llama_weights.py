"""A `Llama` from a transformers model: products joined, weights rounded to the wished precision."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from assistant.engine.inference.linear import Int8Linear, Linear, PlainLinear
from assistant.engine.inference.llama import KINDS, STEADY_ROPES, Llama, LlamaBlock


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
