"""The number formats that `engine_products` compares: each makes a product from float32 weights [out, in]."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from assistant.engine.inference.linear import Int8Linear


class Product:
    """A matrix product: x [tokens, in] of `dtype` -> [tokens, out]; `bytes` are those that a step reads."""

    def __init__(
        self, run: Callable[[Tensor], Tensor], weight: Tensor, dtype: torch.dtype, bits: float
    ) -> None:
        self._run, self.dtype = run, dtype
        self.width, self.weights = weight.shape[1], weight.numel()
        self.bytes = weight.numel() * bits / 8

    def __call__(self, x: Tensor) -> Tensor:
        return self._run(x)


def installed(name: str) -> str | None:
    """Why a format cannot be tried here at all, or None."""
    if name.startswith("torchao") and importlib.util.find_spec("torchao") is None:
        return "torchao is not installed"
    return None


def plain(dtype: torch.dtype) -> Callable[..., Product]:
    def make(weight: Tensor, *, fine: bool) -> Product:
        kept = weight.to(dtype, copy=True)
        return Product(lambda x: F.linear(x, kept), weight, dtype, 8 * dtype.itemsize)

    return make


def ours(weight: Tensor, *, fine: bool) -> Product:
    return Product(Int8Linear.quantize(weight.clone(), fine=fine), weight, torch.float32, 8)


def ours_coarse(weight: Tensor, *, fine: bool) -> Product:
    return ours(weight, fine=False)


def dynamic(engine: str) -> Callable[..., Product]:
    """torch's own dynamic quantization: one scale among all tokens of a step."""

    def make(weight: Tensor, *, fine: bool) -> Product:
        before, torch.backends.quantized.engine = torch.backends.quantized.engine, engine
        try:
            with torch.inference_mode(False):
                scale = weight.abs().amax(dim=1).clamp(min=1e-12).double() / 127
                zeros = torch.zeros(len(scale), dtype=torch.int64)
                rounded = torch.quantize_per_channel(weight, scale, zeros, 0, torch.qint8)
                packed = torch.ops.quantized.linear_prepack(rounded, None)
        finally:
            torch.backends.quantized.engine = before
        reduce = engine != "onednn"  # 7 bits, as quantize_dynamic does for these instructions
        return Product(
            lambda x: torch.ops.quantized.linear_dynamic(x, packed, reduce), weight, torch.float32, 8
        )

    return make


def onednn(weight: Tensor, *, fine: bool) -> Product:
    """The operator below oneDNN's quantized products, one scale a token as ours."""
    scale, rounded = _eight_bits(weight)
    packed = torch.ops.onednn.qlinear_prepack(rounded, None)
    zeros = torch.zeros(len(scale), dtype=torch.int64)

    def run(x: Tensor) -> Tensor:
        each = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12).div_(127)
        unsigned = (x / each).round_().add_(128).to(torch.uint8)
        y = torch.ops.onednn.qlinear_pointwise(
            unsigned, 1.0, 128, packed, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return y.mul_(each)

    return Product(run, weight, torch.float32, 8)


def weight_only_int8(weight: Tensor, *, fine: bool) -> Product:
    scale, rounded = _eight_bits(weight)
    coarse = scale.to(torch.bfloat16)
    return Product(lambda x: torch._weight_int8pack_mm(x, rounded, coarse), weight, torch.bfloat16, 8)


def _eight_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
    return scale, (weight / scale.unsqueeze(1)).round().to(torch.int8)


def int4(group: int) -> Callable[..., Product]:
    """Weight-only, 16 steps between the least and the greatest of each group of inputs."""

    def make(weight: Tensor, *, fine: bool) -> Product:
        out, width = weight.shape
        grouped = weight.view(out, width // group, group)
        low, high = grouped.amin(dim=-1), grouped.amax(dim=-1)
        scale = (high - low).clamp(min=1e-9) / 15
        steps = ((grouped - low.unsqueeze(-1)) / scale.unsqueeze(-1)).round_().clamp_(0, 15)
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(steps.view(out, width).int(), 1)
        both = torch.stack([scale, low + 8 * scale], dim=-1).transpose(0, 1).contiguous().to(torch.bfloat16)
        return Product(
            lambda x: torch.ops.aten._weight_int4pack_mm_for_cpu(x, packed, group, both),
            weight,
            torch.bfloat16,
            4 + 32 / group,
        )

    return make


def torchao(config: str, bits: float, **settings: Any) -> Callable[..., Product]:
    """torchao's eager modules."""

    def make(weight: Tensor, *, fine: bool) -> Product:
        from torchao import quantization

        with torch.inference_mode(False):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=torch.bfloat16)
            linear.weight.data = weight.to(torch.bfloat16).clone()
            model = torch.nn.Sequential(linear)
            quantization.quantize_(model, getattr(quantization, config)(**settings))
        return Product(model, weight, torch.bfloat16, bits)

    return make


FORMATS: dict[str, Callable[..., Product]] = {
    "bfloat16": plain(torch.bfloat16),
    "float32": plain(torch.float32),
    "dynamic int8 x86": dynamic("x86"),
    "dynamic int8 onednn": dynamic("onednn"),
    "onednn qlinear": onednn,
    "int8pack": weight_only_int8,
    "int4 groups of 32": int4(32),
    "int4 groups of 64": int4(64),
    "torchao int8": torchao("Int8WeightOnlyConfig", 8),
    "torchao int8 dynamic": torchao("Int8DynamicActivationInt8WeightConfig", 8),
    "torchao int4": torchao("Int4WeightOnlyConfig", 5, group_size=32),
    "ours": ours,
    "ours, inputs coarse": ours_coarse,
}
