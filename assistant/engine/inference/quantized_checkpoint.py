"""A `Llama` on disk: one safetensors file next to the model's config, memory-mapped when loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from assistant.engine.inference.linear import Linear, restore
from assistant.engine.inference.llama import Llama, LlamaBlock

FORMAT = 2


def save(model: Llama, file: Path) -> None:
    """Write the weights; the config is saved next to them by the caller."""
    tensors = {name: tensor.contiguous() for name, tensor in _tensors(model)}
    about = {
        "format": FORMAT,
        "precision": model.precision,
        "dtype": str(model.dtype).removeprefix("torch."),
        "rotary_scale": model.rotary_scale,
        "layers": len(model.blocks),
    }
    save_file(tensors, file, metadata={"assistant": json.dumps(about)})


def load(file: Path, config: Any, generation_config: Any) -> Llama:
    """The model that `save` wrote. Raises ValueError for a file of another format."""
    with safe_open(file, framework="pt") as stored:
        about = json.loads((stored.metadata() or {}).get("assistant", "{}"))
        if about.get("format") != FORMAT:
            raise ValueError(f"{file.name} is not packed weights of format {FORMAT}")
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
    return Llama(
        config=config,
        generation_config=generation_config,
        embedding=tensors["embedding"],
        blocks=[_block(tensors, f"blocks.{layer}") for layer in range(about["layers"])],
        norm=tensors["norm"],
        head=_linear(tensors, "head"),
        frequencies=tensors["frequencies"],
        rotary_scale=about["rotary_scale"],
        precision=about["precision"],
        dtype=getattr(torch, about["dtype"]),
    )


def _tensors(model: Llama) -> Iterator[tuple[str, Tensor]]:
    yield "embedding", model.embedding
    yield "norm", model.norm
    yield "frequencies", model.frequencies
    for name, tensor in model.head.tensors().items():
        yield f"head.{name}", tensor
    for layer, block in enumerate(model.blocks):
        for field in fields(LlamaBlock):
            part = getattr(block, field.name)
            if isinstance(part, Tensor):
                yield f"blocks.{layer}.{field.name}", part
            elif part is not None:
                for name, tensor in part.tensors().items():
                    yield f"blocks.{layer}.{field.name}.{name}", tensor


def _block(tensors: dict[str, Tensor], prefix: str) -> LlamaBlock:
    parts: dict[str, Any] = {}
    for field in fields(LlamaBlock):
        name = f"{prefix}.{field.name}"
        parts[field.name] = tensors.get(name) if field.name.endswith("norm") else _linear(tensors, name)
    return LlamaBlock(**parts)


def _linear(tensors: dict[str, Tensor], prefix: str) -> Linear:
    """Taken out of `tensors`, so that what a product repacks is not held twice."""
    found = [name for name in list(tensors) if name.startswith(f"{prefix}.")]
    return restore({name.removeprefix(f"{prefix}."): tensors.pop(name) for name in found})
