"""Matrix products with fixed weights, in the number formats that pay on a processor."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


class Linear(Protocol):
    """x [tokens, in] -> [tokens, out], float32 or the weights' own format."""

    def __call__(self, x: Tensor) -> Tensor: ...

    def prepare(self) -> None:
        """Do beforehand what the first call would do."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """What `restore` needs to build it again."""
        ...


class PlainLinear:
    """Weights as they are."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self._weight, self._bias)

    def prepare(self) -> None:
        pass

    def tensors(self) -> dict[str, Tensor]:
        return {"weight": self._weight} | ({} if self._bias is None else {"bias": self._bias})


def rounded_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Each row in 255 steps: int8 [out, in], and the size float32 [out] of a step."""
    weight = weight.float()
    scale = weight.abs().amax(dim=1).clamp_(min=1e-12) / 127
    return (weight / scale.unsqueeze(1)).round_().to(torch.int8), scale


class Int8Linear:
    """8-bit integer weights, one scale per output channel; inputs rounded to 8 bits, one scale per token.

    The products are summed in 32-bit integers, exactly, so that a token's result does not depend on what
    else is in the batch. (torch's own dynamic quantization shares one scale among all tokens and spends
    7 bits; see `tests/benchmarks/engine_precision.py` for what that costs.)

    `fine` inputs are rounded to 15 bits: what the first rounding left over goes through the same weights as
    a second token. Inputs with heavy tails need it, and reading the weights costs more than another token.
    """

    def __init__(
        self, weight: Tensor, scale: Tensor, bias: Tensor | None = None, *, fine: bool = False
    ) -> None:
        """`weight` int8 [out, in], `scale` float32 [out]."""
        self._bias, self._fine = bias, fine
        self._plain: tuple[Tensor, Tensor] | None = (weight, scale)
        self._packed: Any = None

    @classmethod
    def quantize(cls, weight: Tensor, bias: Tensor | None = None, *, fine: bool = False) -> Int8Linear:
        """Round each output channel to 255 steps."""
        rounded, scale = rounded_rows(weight)
        return cls(rounded, scale, None if bias is None else bias.float(), fine=fine)

    def prepare(self) -> None:
        """Rearrange the weights as torch's product wants them."""
        if self._plain is not None:
            weight, scale = self._plain
            zeros = torch.zeros(len(scale), dtype=torch.int64)
            quantized = torch._make_per_channel_quantized_tensor(weight, scale.double(), zeros, 0)
            self._packed = torch.ops.quantized.linear_prepack(quantized, None)
            self._plain = None  # not held twice

    def __call__(self, x: Tensor) -> Tensor:
        self.prepare()
        scale = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12).div_(127)
        y = self._twice(x / scale) if self._fine else self._product(x / scale)
        y.mul_(scale)
        return y if self._bias is None else y.add_(self._bias)

    def _product(self, x: Tensor) -> Tensor:
        """Inputs in [-127, 127], rounded inside; unsigned with the zero at 128 is what the instructions want."""
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x, 1.0, 128, self._packed
        )
        return product

    def _twice(self, x: Tensor) -> Tensor:
        both = x.new_empty(2, *x.shape)
        torch.round(x, out=both[0])
        torch.sub(x, both[0], out=both[1]).mul_(254)
        first, second = self._product(both.flatten(0, 1)).chunk(2)
        return first.add_(second, alpha=1 / 254)

    def tensors(self) -> dict[str, Tensor]:
        if self._plain is not None:
            weight, scale = self._plain
        else:
            quantized, _ = torch.ops.quantized.linear_unpack(self._packed)
            weight, scale = quantized.int_repr(), quantized.q_per_channel_scales().float()
        kept = {"weight": weight, "scale": scale}
        kept |= {"fine": torch.ones(1)} if self._fine else {}
        return kept | ({} if self._bias is None else {"bias": self._bias})


def restore(tensors: dict[str, Tensor]) -> Linear:
    """The product whose `tensors()` these are."""
    bias = tensors.get("bias")
    if "scale" in tensors:
        return Int8Linear(tensors["weight"], tensors["scale"], bias, fine="fine" in tensors)
    return PlainLinear(tensors["weight"], bias)


class Stack(NamedTuple):
    """One matrix of every layer, in arrays that lie in a mapped file."""

    weight: NDArray[Any]
    """int8 [layers, out, in] as rows; uint8 [layers, padded out * in] as panels."""
    scale: NDArray[np.float32]
    """[layers, padded out]."""
    bias: NDArray[np.float32]
    panel: int
    """Output channels that stand together in a panel; 0 for plain rows."""
    has_bias: bool


class StackedLinear:
    """The matrix of layer `layer` of a stack. The kernels take the stack as it is; torch gets an `Int8Linear`."""

    def __init__(self, stack: Stack, layer: int, out: int, *, fine: bool = False) -> None:
        """`out` channels; the stack has as many as fill its panels."""
        self.stack, self.layer = stack, layer
        self._out, self._fine = out, fine
        self._own: Int8Linear | None = None

    def __call__(self, x: Tensor) -> Tensor:
        return self._int8()(x)

    def prepare(self) -> None:
        self._int8().prepare()

    def tensors(self) -> dict[str, Tensor]:
        return self._int8().tensors()

    def _int8(self) -> Int8Linear:
        if self._own is None:
            weight, scale, bias, panel, has_bias = self.stack
            rows = torch.from_numpy(np.array(weight[self.layer]))  # a copy, which torch may rearrange
            rows = as_rows(rows, panel, scale.shape[1])[: self._out] if panel else rows
            parts = [torch.from_numpy(part[self.layer, : self._out].copy()) for part in (scale, bias)]
            self._own = Int8Linear(rows, parts[0], parts[1] if has_bias else None, fine=self._fine)
        return self._own


def as_panels(weight: Tensor, panel: int) -> Tensor:
    """int8 [out, in] as the kernels read it: uint8 [out / panel, in / 4, panel, 4], flat; 128 stands for 0.

    Channels are filled up to whole panels; `in` is a multiple of 4.
    """
    missing = -len(weight) % panel
    filled = F.pad(weight, (0, 0, 0, missing)) if missing else weight
    quads = filled.contiguous().view(torch.int32).view(len(filled) // panel, panel, -1)
    panels = quads.transpose(1, 2).contiguous().view(torch.uint8).flatten()
    return panels.bitwise_xor_(128)


def as_rows(panels: Tensor, panel: int, channels: int) -> Tensor:
    """The inverse: int8 [channels, in]."""
    quads = panels.bitwise_xor(128).view(torch.int32).view(channels // panel, -1, panel)
    return quads.transpose(1, 2).contiguous().view(torch.int8).view(channels, -1)
