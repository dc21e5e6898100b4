"""The products of a tile as functions that are called by address, so that each is compiled once."""

from __future__ import annotations

import numpy as np
from numba import cfunc, types

from assistant.engine.inference.cpu_kernels.block_intrinsics import multiply_four, multiply_six
from assistant.engine.inference.cpu_kernels.intrinsics import multiply
from assistant.engine.inference.cpu_kernels.kernel_types import Integers


@cfunc(types.void(*[types.intp] * 5), cache=True)
def tile_of_eight(weights: int, inputs: int, quads: int, sums: int, rows: int) -> None:
    multiply(weights, inputs, quads, sums, rows)


@cfunc(types.void(*[types.intp] * 6), cache=True)
def tile_of_four(weights: int, inputs: int, block_sums: int, blocks: int, sums: int, rows: int) -> None:
    multiply_four(weights, inputs, block_sums, blocks, sums, rows)


@cfunc(types.void(*[types.intp] * 6), cache=True)
def tile_of_six(weights: int, inputs: int, block_sums: int, blocks: int, sums: int, rows: int) -> None:
    multiply_six(weights, inputs, block_sums, blocks, sums, rows)


def addresses() -> Integers:
    """In the order of `kernel_types`: of 8 bits, of 4 and of 6."""
    return np.array([one.address for one in (tile_of_eight, tile_of_four, tile_of_six)], np.int64)
