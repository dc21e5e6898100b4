"""Weights in the order in which the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.engine.inference.cpu_kernels.kernel_types import PANEL, Product
from assistant.engine.inference.cpu_kernels.kernels import interleave
from assistant.engine.inference.linear import Linear, StackedLinear

_LINE = 64  # bytes of a cache line


def stacked(products: Sequence[Linear]) -> Product:
    """The same matrix of all layers, of one shape; channels are filled up to whole panels.

    What lies in a file as panels is taken as it is; an `Int8Linear` is copied.
    """
    if (stored := _stored(products)) is not None:
        return stored
    parts = [product.tensors() for product in products]
    out, width = parts[0]["weight"].shape
    padded = -(-out // PANEL) * PANEL
    panels = aligned((len(parts), padded * width), np.uint8)
    scale, bias = (np.zeros((len(parts), padded), np.float32) for _ in range(2))

    def fill(layer: int) -> None:
        part = parts[layer]
        scale[layer, :out] = part["scale"].numpy()
        if "bias" in part:
            bias[layer, :out] = part["bias"].numpy()
        interleave(part["weight"].contiguous().numpy().view(np.int32), panels[layer].view(np.int32))

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        list(threads.map(fill, range(len(parts))))
    for array in (panels, scale, bias):
        array.flags.writeable = False  # as those of a file are: kernels are compiled for one kind
    return Product(panels, scale, bias)


def _stored(products: Sequence[Linear]) -> Product | None:
    """The arrays of a file, where `products` are all of its layers in the panels of this processor."""
    whole = [product for product in products if isinstance(product, StackedLinear)]
    if len(whole) < len(products) or any(product.stack is not whole[0].stack for product in whole):
        return None
    stack = whole[0].stack
    if stack.panel != PANEL or [product.layer for product in whole] != list(range(len(stack.weight))):
        return None
    return Product(stack.weight, stack.scale, stack.bias)


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros that begin at a cache line; large ones come in huge pages where the process asks for them."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(shape)
