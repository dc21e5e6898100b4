"""Weights in the order in which the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.engine.inference.block_linear import BlockLinear
from assistant.engine.inference.cpu_kernels.kernel_types import PANEL, Product
from assistant.engine.inference.cpu_kernels.kernels import interleave
from assistant.engine.inference.linear import Linear, StackedLinear

_LINE = 64  # bytes of a cache line


def stacked(products: Sequence[Linear]) -> tuple[Product, list[NDArray[np.uint8]]]:
    """The same matrix of all layers, of one shape, and its panels, which are to be kept: kernels know addresses only.

    An `Int8Linear` is copied into panels, its channels filled up to whole ones. Weights in blocks lie in panels already.
    """
    first = products[0]
    out, width = first.shape if isinstance(first, BlockLinear) else first.tensors()["weight"].shape
    padded, layers = -(-out // PANEL) * PANEL, len(products)
    scale, bias = (np.zeros((layers, padded), np.float32) for _ in range(2))
    bits = np.full(layers, 8, np.int64)
    eight = [not isinstance(product, BlockLinear) for product in products]
    copied = iter(aligned((sum(eight), padded * width), np.uint8))
    room = [next(copied) if mine else None for mine in eight]

    def fill(layer: int) -> NDArray[np.uint8]:
        product, panels = products[layer], room[layer]
        part = product.tensors()
        if "bias" in part:
            bias[layer, :out] = part["bias"].numpy()
        if isinstance(product, BlockLinear):
            bits[layer] = product.format.bits
            return product.panels
        assert panels is not None
        scale[layer, :out] = part["scale"].numpy()
        interleave(part["weight"].contiguous().numpy().view(np.int32), panels.view(np.int32))
        return panels

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        kept = list(threads.map(fill, range(layers)))
    address = np.array([panels.ctypes.data for panels in kept], np.int64)
    return Product(address, bits, scale, bias), kept


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros that begin at a cache line; large ones come in huge pages where the process asks for them."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(shape)
