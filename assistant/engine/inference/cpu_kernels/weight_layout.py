"""Weights in the order in which the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.engine.inference.block_linear import BlockLinear
from assistant.engine.inference.cpu_kernels.kernel_types import PANEL, Floats, Product
from assistant.engine.inference.cpu_kernels.kernels import interleave
from assistant.engine.inference.linear import Linear, StackedLinear

_LINE = 64  # bytes of a cache line


def stacked(products: Sequence[Linear]) -> tuple[Product, list[NDArray[np.uint8]]]:
    """The same matrix of all layers, of one shape, and its panels, which are to be kept: kernels know addresses only.

    What lies in a file as panels is taken as it is; an `Int8Linear` is copied, filled up to whole panels.
    """
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        found = list(threads.map(_arranged, products))
    address = [[panels.ctypes.data for panels, _ in (one.parts[0], one.parts[-1])] for one in found]
    bits = [[bits for _, bits in (one.parts[0], one.parts[-1])] for one in found]
    product = Product(
        np.array(address, np.int64),
        np.array(bits, np.int64),
        np.array([one.split for one in found], np.int64),
        np.stack([one.scale for one in found]),
        np.stack([one.bias for one in found]),
    )
    return product, [panels for one in found for panels, _ in one.parts]


@dataclass(frozen=True)
class _Arranged:
    """A matrix of one layer as the kernels take it."""

    parts: list[tuple[NDArray[np.uint8], int]]
    """One or two: panels, and the bits of a weight."""
    split: int
    """The panels of the first."""
    scale: Floats
    bias: Floats


def _arranged(product: Linear) -> _Arranged:
    if isinstance(product, BlockLinear):
        if product.panel != PANEL:
            raise ValueError(f"panels of {product.panel} channels, kernels for {PANEL}")
        bias = None if product.bias is None else product.bias.numpy()
        parts = [(part.panels, part.bits) for part in product.parts]
        return _Arranged(parts, product.parts[0].channels // PANEL, *_padded(product.out, None, bias))
    if isinstance(product, StackedLinear) and product.stack.panel == PANEL:
        stack, layer = product.stack, product.layer
        scale = stack.scale[layer]
        return _Arranged([(stack.weight[layer], 8)], len(scale) // PANEL, scale, stack.bias[layer])
    part = {name: tensor.contiguous().numpy() for name, tensor in product.tensors().items()}
    out, width = part["weight"].shape
    scale, bias = _padded(out, part["scale"], part.get("bias"))
    panels = aligned((len(scale) * width,), np.uint8)
    interleave(part["weight"].view(np.int32), panels.view(np.int32))
    return _Arranged([(panels, 8)], len(scale) // PANEL, scale, bias)


def _padded(out: int, *rows: NDArray[np.float32] | None) -> list[Floats]:
    """With zeros up to whole panels, and zeros for None."""
    found = [np.zeros(-(-out // PANEL) * PANEL, np.float32) for _ in rows]
    for row, whole in zip(rows, found, strict=True):
        if row is not None:
            whole[:out] = row
    return found


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros that begin at a cache line; large ones come in huge pages where the process asks for them."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(shape)
