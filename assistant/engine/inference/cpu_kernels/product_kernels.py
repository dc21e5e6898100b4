"""Products with 8-bit weights: inputs rounded into tiles, then tiles times panels of weights.

What a token gets does not depend on what else is in a step: the sums are of integers, and exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.engine.inference.cpu_kernels.block_intrinsics import FOUR_BYTES, SIX_BYTES, SUMS_OF_A_BLOCK
from assistant.engine.inference.cpu_kernels.intrinsics import call_at, count_up, from_bits, nearest
from assistant.engine.inference.cpu_kernels.kernel_types import (
    DEEP,
    EIGHT,
    IN_FOUR,
    IN_SIX,
    INPUT,
    LARGEST_QUADS,
    MOST_ROWS,
    PANEL,
    QUAD,
    QUAD_BYTES,
    WEIGHT_ZERO,
    Floats,
    Product,
    Workspace,
    compiled,
    compiled_sums,
)
from assistant.engine.inference.k_quants import BLOCK, HALF_BLOCK, SUPER_BLOCK, ZERO


@compiled_sums
def largest(x: Floats) -> np.float32:
    most = np.float32(0)
    for k in range(len(x)):
        most = max(most, abs(x[k]))
    return most


@compiled_sums
def root_mean_square_norm(x: Floats, weight: Floats, epsilon: float, out: Floats) -> None:
    """Root mean square norm (Zhang and Sennrich 2019)."""
    squares = np.float32(0)
    for k in range(len(x)):
        squares += x[k] * x[k]
    factor = np.float32(1) / np.sqrt(squares / np.float32(len(x)) + np.float32(epsilon))
    for k in range(len(x)):
        out[k] = x[k] * factor * weight[k]


@compiled
def exponential(x: np.float32) -> np.float32:
    """e to the x, relative error below 2e-7; written so that it is computed for 16 numbers at once."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    power = nearest(x * np.float32(1.44269504))
    rest = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * rest + np.float32(1.3981999507e-3)
    y = y * rest + np.float32(8.3334519073e-3)
    y = y * rest + np.float32(4.1665795894e-2)
    y = y * rest + np.float32(1.6666665459e-1)
    y = y * rest + np.float32(5.0000001201e-1)
    y = y * rest * rest + rest + np.float32(1)
    return y * from_bits((np.int32(power) + np.int32(127)) << np.int32(23))


@compiled
def _tokens_of_a_tile(tokens: int, most: int) -> int:
    """Tiles are as equal as can be."""
    tiles = -(-tokens // most)
    return -(-tokens // tiles)


@compiled
def _passes(fine: bool) -> int:
    """How often a token's inputs go through the weights."""
    return 2 if fine and not DEEP else 1


@compiled
def _round(x: Floats, token: int, fine: bool, thread: int, s: Workspace) -> None:
    """Put a token's inputs, which are overwritten, into its place of a tile rounded as `Int8Linear` does."""
    tokens, quads, passes = len(s.x), len(x) // 4, _passes(fine)
    each = _tokens_of_a_tile(tokens, MOST_ROWS // passes)
    tile, at = token // each, token % each
    rows = min(each, tokens - tile * each)
    scale = max(largest(x), np.float32(1e-12)) / np.float32(127)
    s.input_scale[token] = scale
    base = tile * each * passes * quads
    line = s.bytes[thread]
    for turn in range(passes):
        total = _to_bytes(x, scale, line)
        s.shift[turn, token] = WEIGHT_ZERO * total
        if fine and DEEP:
            s.shift[0, token] = _refine(x, line)
        if len(s.block_sums):
            _sum_blocks(
                line[: len(x)], base // 8 * SUMS_OF_A_BLOCK + turn * rows + at, rows * passes, s.block_sums
            )
        whole = line.view(QUAD)
        for quad in range(quads):
            s.rounded[base + quad * rows * passes + turn * rows + at] = whole[quad]
        scale = np.float32(1)


@compiled_sums
def _sum_blocks(line: NDArray[Any], first: int, stride: int, sums: NDArray[np.int32]) -> None:
    """What `multiply_four` and `multiply_six` want to know of a row."""
    whole_sums = sums.view(np.float32)
    for block in range(len(line) // BLOCK):
        place, whole = first + SUMS_OF_A_BLOCK * block * stride, np.int32(0)
        for half in range(2):
            total = np.int32(0)
            for k in range(block * BLOCK + half * HALF_BLOCK, block * BLOCK + (half + 1) * HALF_BLOCK):
                total += np.int32(line[k])
            sums[place + half * stride] = -ZERO * total
            whole += total
        whole_sums[place + 2 * stride] = np.float32(whole)


@compiled
def _to_bytes(x: Floats, scale: np.float32, line: NDArray[Any]) -> np.int32:
    """Round x / scale; leaves 254 times the rest in `x`. Returns the sum."""
    total = np.int32(0)
    for k in range(len(x)):
        scaled = x[k] / scale
        near = nearest(scaled)
        x[k] = (scaled - near) * np.float32(254)
        line[k] = INPUT(np.int32(near))
        total += np.int32(near)
    return total


@compiled
def _refine(rest: Floats, line: NDArray[Any]) -> np.int32:
    """Make 254ths of the rounded numbers and add what the rounding left. Returns the sum."""
    total = np.int32(0)
    for k in range(len(rest)):
        whole = np.int32(254) * np.int32(line[k]) + np.int32(nearest(rest[k]))
        line[k] = INPUT(whole)
        total += whole
    return total


@compiled
def round_normed(counter: int, thread: int, x: Floats, norm: Floats, epsilon: float, s: Workspace) -> None:
    while True:
        token = count_up(counter)
        if token >= len(x):
            return
        line = s.line[thread, : x.shape[1]]
        root_mean_square_norm(x[token], norm, epsilon, line)
        _round(line, token, False, thread, s)


@compiled
def round_plain(counter: int, thread: int, x: Floats, s: Workspace) -> None:
    while True:
        token = count_up(counter)
        if token >= len(x):
            return
        line = s.line[thread, : x.shape[1]]
        line[:] = x[token]
        _round(line, token, False, thread, s)


@compiled
def round_gated(counter: int, thread: int, wide: Floats, s: Workspace) -> None:
    """SwiGLU (Shazeer 2020): silu(gate) * up."""
    inner = wide.shape[1] // 2
    while True:
        token = count_up(counter)
        if token >= len(wide):
            return
        line, gate, up = s.line[thread, :inner], wide[token, :inner], wide[token, inner:]
        for k in range(inner):
            line[k] = gate[k] / (np.float32(1) + exponential(-gate[k])) * up[k]
        _round(line, token, True, thread, s)


@compiled
def _panel_bytes(bits: int, width: int) -> int:
    if bits == 8:
        return width * PANEL
    return width // SUPER_BLOCK * PANEL * (FOUR_BYTES if bits == 4 else SIX_BYTES)


@compiled
def product(
    counter: int,
    thread: int,
    w: Product,
    layer: int,
    width: int,
    y: Floats,
    add: bool,
    fine: bool,
    s: Workspace,
) -> None:
    """y [tokens, out] = (or, to add, +=) the rounded inputs times the weights of a layer."""
    tokens, quads, panels, passes = len(y), width // 4, w.scale.shape[1] // PANEL, _passes(fine)
    each = _tokens_of_a_tile(tokens, MOST_ROWS // passes)
    split = w.split[layer]
    inputs, block_sums = s.rounded.ctypes.data, s.block_sums.ctypes.data
    scale, bias = w.scale[layer], w.bias[layer]
    piece = max(1, panels // 24)
    while True:
        start = count_up(counter) * piece
        if start >= panels:
            return
        for panel in range(start, min(start + piece, panels)):
            part = int(panel >= split)
            bits = w.bits[layer, part]
            weights = w.address[layer, part] + (panel - split * part) * _panel_bytes(bits, width)
            channels = slice(panel * PANEL, (panel + 1) * PANEL)
            for begin in range(0, tokens, each):
                rows = min(each, tokens - begin)
                at = inputs + begin * passes * quads * QUAD_BYTES
                out = y[begin : begin + rows, channels]
                if bits != 8:
                    sums = block_sums + begin * passes * (width // BLOCK) * SUMS_OF_A_BLOCK * 4
                    _block_tile(
                        weights, at, sums, width, bits, thread, begin, bias[channels], out, add, fine, s
                    )
                elif fine and DEEP:
                    _deep_tile(
                        weights, at, quads, thread, begin, scale[channels], bias[channels], out, add, s
                    )
                else:
                    _tile(
                        weights, at, quads, thread, begin, scale[channels], bias[channels], out, add, fine, s
                    )


@compiled
def _tile(
    weights: int,
    inputs: int,
    quads: int,
    thread: int,
    begin: int,
    scale: Floats,
    bias: Floats,
    out: Floats,
    add: bool,
    fine: bool,
    s: Workspace,
) -> None:
    """`out` [rows, PANEL] of the tokens from `begin` on."""
    sums, rows = s.sums[thread], len(out)
    given = (weights, inputs, quads, sums.ctypes.data, rows * _passes(fine))
    call_at(s.multiply[EIGHT], given)
    for at in range(rows):
        token = begin + at
        by, low = s.input_scale[token], s.shift[0, token]
        for n in range(PANEL):
            value = np.float32(sums[at * PANEL + n] - low) * scale[n]
            if fine:
                rest = sums[(rows + at) * PANEL + n] - s.shift[1, token]
                value += np.float32(rest) * scale[n] * np.float32(1 / 254)
            value = value * by + bias[n]
            out[at, n] = out[at, n] + value if add else value


@compiled
def _deep_tile(
    weights: int,
    inputs: int,
    quads: int,
    thread: int,
    begin: int,
    scale: Floats,
    bias: Floats,
    out: Floats,
    add: bool,
    s: Workspace,
) -> None:
    """The same for inputs of 15 bits that go through whole."""
    sums, totals, rows = s.sums[thread], s.totals[thread], len(out)
    totals[: rows * PANEL] = 0
    for quad in range(0, quads, LARGEST_QUADS):
        depth = min(LARGEST_QUADS, quads - quad)
        here, of = weights + quad * PANEL * 4, inputs + quad * rows * QUAD_BYTES
        call_at(s.multiply[EIGHT], (here, of, depth, sums.ctypes.data, rows))
        for n in range(rows * PANEL):
            totals[n] += sums[n]
    for at in range(rows):
        by, low = s.input_scale[begin + at], WEIGHT_ZERO * np.int64(s.shift[0, begin + at])
        for n in range(PANEL):
            value = np.float32(totals[at * PANEL + n] - low) * np.float32(1 / 254) * scale[n]
            value = value * by + bias[n]
            out[at, n] = out[at, n] + value if add else value


@compiled
def _block_tile(
    weights: int,
    inputs: int,
    block_sums: int,
    width: int,
    bits: int,
    thread: int,
    begin: int,
    bias: Floats,
    out: Floats,
    add: bool,
    fine: bool,
    s: Workspace,
) -> None:
    """The same for weights in blocks."""
    sums, rows, blocks = s.floats[thread], len(out), width // BLOCK
    given = (weights, inputs, block_sums, blocks, sums.ctypes.data, rows * _passes(fine))
    call_at(s.multiply[IN_FOUR if bits == 4 else IN_SIX], given)
    for at in range(rows):
        by = s.input_scale[begin + at]
        for n in range(PANEL):
            value = sums[at * PANEL + n]
            if fine:
                value = value * np.float32(1 / 254) if DEEP else value
                if not DEEP:
                    value += sums[(rows + at) * PANEL + n] * np.float32(1 / 254)
            value = value * by + bias[n]
            out[at, n] = out[at, n] + value if add else value
