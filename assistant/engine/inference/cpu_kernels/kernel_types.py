"""What the kernels work on: the types of a step, its constants, and how numba compiles a kernel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.cpu_kernels.intrinsics import DOT

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
PANEL, MOST_ROWS, INPUT, WEIGHT_ZERO = DOT.panel, DOT.rows, DOT.input, DOT.zero
QUAD = np.int32 if np.int8 == INPUT else np.int64
"""Four inputs as one number."""
QUAD_BYTES = np.dtype(QUAD).itemsize
DEEP = np.dtype(INPUT).itemsize == 2
"""Inputs rounded to 15 bits go through whole; otherwise as two of 8 bits, one after the other."""
LARGEST_INPUT = 127 * 254 + 127 if DEEP else 127
LARGEST_QUADS = 64 if DEEP else 16384
"""Whose sums fit 32 bits: 4 * quads * 255 * LARGEST_INPUT < 2^31."""
EIGHT, IN_FOUR, IN_SIX = range(3)
"""Which function of `Workspace.multiply`."""
PHASES = 10
"""Of a layer: each has a counter of its own, and ends where all threads meet."""

config.CACHE_DIR = str(kernel_cache.folder())
compiled = njit(nogil=True, error_model="numpy")
compiled_and_kept = njit(nogil=True, error_model="numpy", cache=True)
"""Only whole steps are kept on disk: what they call is always compiled with them, to the same instructions."""
compiled_sums = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})
"""Sums may be taken in any order that the compiler finds quick: the same one each time."""


class Product(NamedTuple):
    """One matrix of every layer."""

    address: Integers
    """[layers, 2]: of the panels before `split` and from there on, one after another.

    8 bits: [panels, in / 4, PANEL, 4], and 128 stands for 0. In blocks: `k_quants`.
    """
    bits: Integers
    """[layers, 2]: 8, or 6 or 4 in blocks."""
    split: Integers
    """[layers]: a number of panels."""
    scale: Floats
    """[layers, out], of 8 bits; blocks have scales of their own."""
    bias: Floats


class Weights(NamedTuple):
    """All layers' weights; norms [layers, width], those of the heads [layers, size] or without a row."""

    query_key_value: Product
    output: Product
    gate_up: Product
    down: Product
    attention_norm: Floats
    feed_norm: Floats
    query_norm: Floats
    key_norm: Floats


class Shape(NamedTuple):
    """Of the model."""

    layers: int
    heads: int
    groups: int
    size: int
    epsilon: float


class KVBuffers(NamedTuple):
    """Keys and values: the addresses [layers, rows] of each row's buffers float32 [groups, capacity, size]."""

    keys: Integers
    values: Integers
    capacity: Integers
    """[rows]."""


class TokenBatch(NamedTuple):
    """The tokens of a step: which row each belongs to and at which place, and the tables of their rotation."""

    row: Integers
    place: Integers
    cosine: Floats
    sine: Floats


class Workspace(NamedTuple):
    """What a step works in; the tokens' states `x` [tokens, width] go in and come out."""

    multiply: Integers
    """The addresses of `tile_kernels`."""
    x: Floats
    joint: Floats
    """Queries, keys and values [tokens, (heads + 2 groups) * size]."""
    mixed: Floats
    wide: Floats
    """Gates and ups [tokens, 2 * inner]."""
    rounded: NDArray[Any]
    """Inputs of a product, in tiles [tiles, in / 4, rows] of quads."""
    input_scale: Floats
    shift: NDArray[np.int32]
    """What the products of each token are too high by [2, tokens]: `WEIGHT_ZERO` times the sum of its inputs.

    For inputs of 15 bits that go through whole it is the sum itself.
    """
    block_sums: NDArray[np.int32]
    """Of blocks of the rounded inputs, in the same tiles [tiles, in / 32, 3, rows]; empty where weights have none."""
    line: Floats
    """Of each thread [threads, longest row]."""
    bytes: NDArray[Any]
    scores: Floats
    """[threads, heads of a group, capacity]."""
    sums: NDArray[np.int32]
    """[threads, MOST_ROWS * PANEL], each thread's at a multiple of 64 bytes."""
    floats: Floats
    """Thrice the size, of blocks."""
    totals: Integers
    """The same size, of 15-bit inputs."""


class Barrier(NamedTuple):
    """How threads meet: addresses of int64s that stand 64 bytes apart and are zero when a step begins."""

    threads: int
    arrived: int
    met: int
    taken: int
    """The first of the counters, one a phase."""
