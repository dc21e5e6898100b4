"""Products whose weights stay in the blocks of a GGUF file, in panels as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from assistant.engine.inference.k_quants import FORMATS, BlockWeights, Bytes, as_panels, from_panels


class PanelRun(NamedTuple):
    """Panels of one format: some of the output channels of a matrix."""

    panels: Bytes
    """Flat, beginning at a cache line."""
    bits: int
    channels: int


class BlockLinear:
    """Weights of 4 or 6 bits in blocks with scales; inputs rounded as those of `Int8Linear`.

    The kernels read the panels where they lie. A call says slowly what they compute, up to the order of sums.
    """

    def __init__(
        self,
        parts: Sequence[PanelRun],
        width: int,
        panel: int,
        bias: Tensor | None = None,
        *,
        fine: bool = False,
    ) -> None:
        """One or two `parts`, the first of whole panels of so many channels."""
        if not 0 < len(parts) < 3 or any(part.channels % panel for part in parts[:-1]):
            raise ValueError("a matrix has one or two formats, and the first ends with a panel")
        self.parts, self.width, self.panel, self.bias = list(parts), width, panel, bias
        self.out = sum(part.channels for part in parts)
        self._fine = fine

    @classmethod
    def arrange(
        cls, found: Sequence[BlockWeights], panel: int, bias: Tensor | None = None, *, fine: bool = False
    ) -> BlockLinear:
        """Panels of these numbers, one below the other."""
        parts = [
            PanelRun(_at_a_line(as_panels(one, panel)), one.format.bits, len(one.codes)) for one in found
        ]
        return cls(parts, found[0].codes.shape[1], panel, bias, fine=fine)

    def weights(self) -> list[BlockWeights]:
        """The numbers, of each part."""
        return [
            from_panels(part.panels, FORMATS[part.bits], (part.channels, self.width), self.panel)
            for part in self.parts
        ]

    def __call__(self, x: Tensor) -> Tensor:
        step = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12).div_(127)
        scaled = x / step
        inputs = scaled.round()
        if self._fine:
            inputs += ((scaled - inputs) * 254).round() / 254
        weight = torch.from_numpy(np.concatenate([one.floats() for one in self.weights()]))
        y = (inputs.double() @ weight.double().T).float() * step
        return y if self.bias is None else y + self.bias

    def prepare(self) -> None:
        pass

    def tensors(self) -> dict[str, Tensor]:
        kept = {f"panels{at}": torch.from_numpy(part.panels) for at, part in enumerate(self.parts)}
        return kept | ({} if self.bias is None else {"bias": self.bias})


def _at_a_line(panels: Bytes) -> Bytes:
    raw = np.empty(len(panels) + 64, np.uint8)
    start = -raw.ctypes.data % 64
    raw[start : start + len(panels)] = panels
    return raw[start : start + len(panels)]
