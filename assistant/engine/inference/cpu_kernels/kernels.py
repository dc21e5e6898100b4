"""The step as numba compiles it. Every thread runs `step` from start to end; they meet between the phases.

A phase's work is cut into pieces that threads take as they get on, so that one which the machine holds up does
not hold up the others. What a token gets does not depend on what else is in a step: each token's sums are taken
in the order of its own past, whoever takes them, and the products are exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import carray, config, njit
from numpy.typing import NDArray

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.cpu_kernels.intrinsics import (
    DOT,
    atomic_load,
    atomic_store,
    count_up,
    cpu_yield,
    floats_at,
    from_bits,
    multiply,
    nearest,
    pause,
)

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
PANEL, MOST_ROWS, INPUT = DOT.panel, DOT.rows, DOT.input
QUAD = np.int32 if np.int8 == INPUT else np.int64
"""Four inputs as one number."""
_QUAD_BYTES = np.dtype(QUAD).itemsize
_DEEP = np.dtype(INPUT).itemsize == 2
"""Inputs rounded to 15 bits go through whole; otherwise as two of 8 bits, one after the other."""
LARGEST_INPUT = 127 * 254 + 127 if _DEEP else 127
LARGEST_QUADS = 64 if _DEEP else 16384
"""Whose sums fit 32 bits: 4 * quads * 255 * LARGEST_INPUT < 2^31."""
config.CACHE_DIR = str(kernel_cache.folder())
_compiled = njit(nogil=True, error_model="numpy")
# Only whole steps are kept on disk: what they call is always compiled with them, to the same instructions.
_kept = njit(nogil=True, error_model="numpy", cache=True)
# Sums may be taken in any order that the compiler finds quick: the same one each time.
_sums = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nnan", "nsz"})


class Product(NamedTuple):
    """One matrix of every layer."""

    panels: NDArray[np.uint8]
    """[layers, out / PANEL, in / 4, PANEL, 4], flat in a layer; 128 stands for 0."""
    scale: Floats
    """[layers, out]."""
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
    """Keys and values: the addresses of each layer's buffers float32 [rows, groups, capacity, size]."""

    keys: Integers
    values: Integers
    rows: int
    capacity: int


class TokenBatch(NamedTuple):
    """The tokens of a step: which row each belongs to and at which place, and the tables of their rotation."""

    row: Integers
    place: Integers
    cosine: Floats
    sine: Floats


class Workspace(NamedTuple):
    """What a step works in; the tokens' states `x` [tokens, width] go in and come out."""

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
    """128 times the sum of each token's rounded inputs [2, tokens]: weights are stored 128 too high.

    For inputs of 15 bits that go through whole it is the sum itself.
    """
    line: Floats
    """Of each thread [threads, longest row]."""
    bytes: NDArray[Any]
    scores: Floats
    """[threads, heads of a group, capacity]."""
    sums: NDArray[np.int32]
    """[threads, MOST_ROWS * PANEL], each thread's at a multiple of 64 bytes."""
    totals: Integers
    """The same size, of 15-bit inputs."""


class Barrier(NamedTuple):
    """How threads meet: addresses of int64s that stand 64 bytes apart and are zero when a step begins."""

    threads: int
    arrived: int
    met: int
    taken: int
    """The first of the counters, one a phase."""


PHASES = 10
"""Of a layer."""


@_kept
def step(
    thread: int, team: Barrier, shape: Shape, weights: Weights, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """All layers, in place on `s.x`."""
    counter = team.taken
    for layer in range(shape.layers):
        _round_normed(counter, thread, s.x, weights.attention_norm[layer], shape.epsilon, s)
        _meet(team)
        _product(counter + 64, thread, weights.query_key_value, layer, s.x.shape[1], s.joint, False, False, s)
        _meet(team)
        _place(counter + 128, layer, shape, weights, past, fed, s)
        _meet(team)
        _attend(counter + 192, thread, layer, shape, past, fed, s)
        _meet(team)
        _round_plain(counter + 256, thread, s.mixed, s)
        _meet(team)
        _product(counter + 320, thread, weights.output, layer, s.mixed.shape[1], s.x, True, False, s)
        _meet(team)
        _round_normed(counter + 384, thread, s.x, weights.feed_norm[layer], shape.epsilon, s)
        _meet(team)
        _product(counter + 448, thread, weights.gate_up, layer, s.x.shape[1], s.wide, False, False, s)
        _meet(team)
        _round_gated(counter + 512, thread, s.wide, s)
        _meet(team)
        _product(counter + 576, thread, weights.down, layer, s.wide.shape[1] // 2, s.x, True, True, s)
        _meet(team)
        counter += 640


@_kept
def head(
    thread: int, team: Barrier, weights: Product, norm: Floats, epsilon: float, logits: Floats, s: Workspace
) -> None:
    """`logits` [tokens, channels] of the states in `s.x`."""
    _round_normed(team.taken, thread, s.x, norm, epsilon, s)
    _meet(team)
    _product(team.taken + 64, thread, weights, 0, s.x.shape[1], logits, False, False, s)
    _meet(team)


@_kept
def interleave(weight: NDArray[np.int32], panels: NDArray[np.int32]) -> None:
    """Quads of int8 [out, width / 4], made unsigned, as panels [out / PANEL, width / 4, PANEL], flat."""
    out, quads = weight.shape
    zero = np.int32(-0x7F7F7F80)  # 128 in each byte
    for begin in range(0, out, PANEL):
        channels = min(PANEL, out - begin)
        for quad in range(quads):
            at = begin * quads + quad * PANEL
            for channel in range(PANEL):
                panels[at + channel] = zero
            for channel in range(channels):
                panels[at + channel] = weight[begin + channel, quad] ^ zero


@_compiled
def _meet(team: Barrier) -> None:
    """Wait until every thread is here."""
    before = atomic_load(team.met)
    if count_up(team.arrived) == team.threads - 1:
        atomic_store(team.arrived, 0)
        atomic_store(team.met, before + 1)
        return
    waited = 0
    while atomic_load(team.met) == before:
        pause()
        waited += 1
        if waited > 2000:  # the other thread has lost its core: perhaps to this one
            cpu_yield()


@_compiled
def _tokens_of_a_tile(tokens: int, most: int) -> int:
    """Tiles are as equal as can be."""
    tiles = -(-tokens // most)
    return -(-tokens // tiles)


@_compiled
def _passes(fine: bool) -> int:
    """How often a token's inputs go through the weights."""
    return 2 if fine and not _DEEP else 1


@_compiled
def _round(x: Floats, token: int, fine: bool, thread: int, s: Workspace) -> None:
    """Put a token's inputs, which are overwritten, into its place of a tile rounded as `Int8Linear` does."""
    tokens, quads, passes = len(s.x), len(x) // 4, _passes(fine)
    each = _tokens_of_a_tile(tokens, MOST_ROWS // passes)
    tile, at = token // each, token % each
    rows = min(each, tokens - tile * each)
    scale = max(_largest(x), np.float32(1e-12)) / np.float32(127)
    s.input_scale[token] = scale
    base = tile * each * passes * quads
    line = s.bytes[thread]
    for turn in range(passes):
        total = _to_bytes(x, scale, line)
        s.shift[turn, token] = 128 * total
        if fine and _DEEP:
            s.shift[0, token] = _refine(x, line)
        whole = line.view(QUAD)
        for quad in range(quads):
            s.rounded[base + quad * rows * passes + turn * rows + at] = whole[quad]
        scale = np.float32(1)


@_sums
def _largest(x: Floats) -> np.float32:
    most = np.float32(0)
    for k in range(len(x)):
        most = max(most, abs(x[k]))
    return most


@_compiled
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


@_compiled
def _refine(rest: Floats, line: NDArray[Any]) -> np.int32:
    """Make 254ths of the rounded numbers and add what the rounding left. Returns the sum."""
    total = np.int32(0)
    for k in range(len(rest)):
        whole = np.int32(254) * np.int32(line[k]) + np.int32(nearest(rest[k]))
        line[k] = INPUT(whole)
        total += whole
    return total


@_compiled
def _round_normed(counter: int, thread: int, x: Floats, norm: Floats, epsilon: float, s: Workspace) -> None:
    while True:
        token = count_up(counter)
        if token >= len(x):
            return
        line = s.line[thread, : x.shape[1]]
        _norm(x[token], norm, epsilon, line)
        _round(line, token, False, thread, s)


@_compiled
def _round_plain(counter: int, thread: int, x: Floats, s: Workspace) -> None:
    while True:
        token = count_up(counter)
        if token >= len(x):
            return
        line = s.line[thread, : x.shape[1]]
        line[:] = x[token]
        _round(line, token, False, thread, s)


@_compiled
def _round_gated(counter: int, thread: int, wide: Floats, s: Workspace) -> None:
    """SwiGLU (Shazeer 2020): silu(gate) * up."""
    inner = wide.shape[1] // 2
    while True:
        token = count_up(counter)
        if token >= len(wide):
            return
        line, gate, up = s.line[thread, :inner], wide[token, :inner], wide[token, inner:]
        for k in range(inner):
            line[k] = gate[k] / (np.float32(1) + _exp(-gate[k])) * up[k]
        _round(line, token, True, thread, s)


@_sums
def _norm(x: Floats, weight: Floats, epsilon: float, out: Floats) -> None:
    """Root mean square norm (Zhang and Sennrich 2019)."""
    squares = np.float32(0)
    for k in range(len(x)):
        squares += x[k] * x[k]
    factor = np.float32(1) / np.sqrt(squares / np.float32(len(x)) + np.float32(epsilon))
    for k in range(len(x)):
        out[k] = x[k] * factor * weight[k]


@_compiled
def _exp(x: np.float32) -> np.float32:
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


@_compiled
def _product(
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
    first = w.panels[layer].ctypes.data
    inputs = s.rounded.ctypes.data
    scale, bias = w.scale[layer], w.bias[layer]
    piece = max(1, panels // 24)
    while True:
        start = count_up(counter) * piece
        if start >= panels:
            return
        for panel in range(start, min(start + piece, panels)):
            weights = first + panel * quads * PANEL * 4
            channels = slice(panel * PANEL, (panel + 1) * PANEL)
            for begin in range(0, tokens, each):
                rows = min(each, tokens - begin)
                at = inputs + begin * passes * quads * _QUAD_BYTES
                out = y[begin : begin + rows, channels]
                if fine and _DEEP:
                    _deep_tile(
                        weights, at, quads, thread, begin, scale[channels], bias[channels], out, add, s
                    )
                else:
                    _tile(
                        weights, at, quads, thread, begin, scale[channels], bias[channels], out, add, fine, s
                    )


@_compiled
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
    multiply(weights, inputs, quads, sums.ctypes.data, rows * _passes(fine))
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


@_compiled
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
        multiply(
            weights + quad * PANEL * 4, inputs + quad * rows * _QUAD_BYTES, depth, sums.ctypes.data, rows
        )
        for n in range(rows * PANEL):
            totals[n] += sums[n]
    for at in range(rows):
        by, low = s.input_scale[begin + at], 128 * np.int64(s.shift[0, begin + at])
        for n in range(PANEL):
            value = np.float32(totals[at * PANEL + n] - low) * np.float32(1 / 254) * scale[n]
            value = value * by + bias[n]
            out[at, n] = out[at, n] + value if add else value


@_compiled
def _place(
    counter: int, layer: int, shape: Shape, weights: Weights, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """Turn queries and keys by their places, and remember keys and values."""
    heads, groups, size = shape.heads, shape.groups, shape.size
    keys, values = _buffer(past.keys[layer], past, shape), _buffer(past.values[layer], past, shape)
    while True:
        token = count_up(counter)
        if token >= len(s.x):
            return
        row, place = fed.row[token], fed.place[token]
        joint = s.joint[token]
        for h in range(heads + groups):
            one = joint[h * size : (h + 1) * size]
            if len(weights.query_norm):
                norm = weights.query_norm[layer] if h < heads else weights.key_norm[layer]
                _norm(one, norm, shape.epsilon, one)
            _rotate(one, fed.cosine[place], fed.sine[place])
        for group in range(groups):
            key, value = (heads + group) * size, (heads + groups + group) * size
            keys[row, group, place, :] = joint[key : key + size]
            values[row, group, place, :] = joint[value : value + size]


@_compiled
def _rotate(x: Floats, cosine: Floats, sine: Floats) -> None:
    """Rotary position embedding (Su et al. 2021), halves paired as Llama does; `sine` has their signs."""
    half = len(x) // 2
    for k in range(half):
        low, high = x[k], x[half + k]
        x[k] = low * cosine[k] + high * sine[k]
        x[half + k] = high * cosine[half + k] + low * sine[half + k]


@_compiled
def _buffer(address: int, past: KVBuffers, shape: Shape) -> Floats:
    return carray(floats_at(address), (past.rows, shape.groups, past.capacity, shape.size))


@_compiled
def _attend(
    counter: int, thread: int, layer: int, shape: Shape, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """Causal grouped-query attention: each token to its row's past and itself."""
    size, groups = shape.size, shape.groups
    heads = shape.heads // groups
    keys, values = _buffer(past.keys[layer], past, shape), _buffer(past.values[layer], past, shape)
    scores = s.scores[thread]
    while True:
        unit = count_up(counter)
        if unit >= len(s.x) * groups:
            return
        token, group = unit // groups, unit % groups
        row, length = fed.row[token], fed.place[token] + 1
        begin, end = group * heads * size, (group + 1) * heads * size
        queries = s.joint[token, begin:end].reshape(heads, size)
        mixed = s.mixed[token, begin:end].reshape(heads, size)
        _score(queries, keys[row, group, :length], scores)
        for h in range(heads):
            _softmax(scores[h, :length])
        _mix(scores, values[row, group, :length], mixed)


@_sums
def _score(queries: Floats, keys: Floats, scores: Floats) -> None:
    heads, size = queries.shape
    factor = np.float32(1) / np.sqrt(np.float32(size))
    for j in range(len(keys)):
        for h in range(heads):
            dot = np.float32(0)
            for d in range(size):
                dot += queries[h, d] * keys[j, d]
            scores[h, j] = dot * factor


@_sums
def _softmax(x: Floats) -> None:
    most = x[0]
    for j in range(len(x)):
        most = max(most, x[j])
    total = np.float32(0)
    for j in range(len(x)):
        x[j] = _exp(x[j] - most)
        total += x[j]
    for j in range(len(x)):
        x[j] = x[j] / total


@_sums
def _mix(weights: Floats, values: Floats, mixed: Floats) -> None:
    heads, size = mixed.shape
    mixed[:] = 0
    whole = len(values) // 4 * 4
    for j in range(0, whole, 4):
        for h in range(heads):
            a, b, c, e = weights[h, j], weights[h, j + 1], weights[h, j + 2], weights[h, j + 3]
            for d in range(size):
                more = a * values[j, d] + b * values[j + 1, d]
                mixed[h, d] += more + (c * values[j + 2, d] + e * values[j + 3, d])
    for j in range(whole, len(values)):
        for h in range(heads):
            for d in range(size):
                mixed[h, d] += weights[h, j] * values[j, d]
