"""Products whose weights stay in the blocks of a GGUF file, in panels as the kernels read them."""

from __future__ import annotations

import torch
from torch import Tensor

from assistant.engine.inference.k_quants import FORMATS, BlockWeights, Bytes, as_panels, from_panels


class BlockLinear:
    """Weights of 4 or 6 bits in blocks with scales; inputs rounded as those of `Int8Linear`.

    The kernels read `panels` where they lie. A call says slowly what they compute, up to the order of sums.
    """

    def __init__(
        self,
        panels: Bytes,
        bits: int,
        shape: tuple[int, int],
        panel: int,
        bias: Tensor | None = None,
        *,
        fine: bool = False,
    ) -> None:
        """`shape` [out, in]; `panels` of so many channels each, flat and beginning at a cache line."""
        self.panels, self.format, self.shape, self.panel = panels, FORMATS[bits], shape, panel
        self.bias = bias
        self._fine = fine

    @classmethod
    def arrange(
        cls, weights: BlockWeights, panel: int, bias: Tensor | None = None, *, fine: bool = False
    ) -> BlockLinear:
        """Panels of these numbers."""
        from assistant.engine.inference.cpu_kernels.weight_layout import aligned

        made = as_panels(weights, panel)
        panels = aligned(made.shape, made.dtype)
        panels[:] = made
        out, width = weights.codes.shape
        return cls(panels, weights.format.bits, (out, width), panel, bias, fine=fine)

    def weights(self) -> BlockWeights:
        """The numbers."""
        return from_panels(self.panels, self.format, self.shape, self.panel)

    def __call__(self, x: Tensor) -> Tensor:
        step = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12).div_(127)
        scaled = x / step
        inputs = scaled.round()
        if self._fine:
            inputs += ((scaled - inputs) * 254).round() / 254
        y = (inputs.double() @ torch.from_numpy(self.weights().floats()).double().T).float() * step
        return y if self.bias is None else y + self.bias

    def prepare(self) -> None:
        pass

    def tensors(self) -> dict[str, Tensor]:
        kept = {"panels": torch.from_numpy(self.panels)}
        return kept | ({} if self.bias is None else {"bias": self.bias})
