"""Attention in the kernels: rotated queries and keys, the caches, and causal grouped-query attention."""

from __future__ import annotations

import numpy as np
from numba import carray

from assistant.engine.inference.cpu_kernels.intrinsics import count_up, floats_at
from assistant.engine.inference.cpu_kernels.kernel_types import (
    Floats,
    KVBuffers,
    Shape,
    TokenBatch,
    Weights,
    Workspace,
    compiled,
    compiled_sums,
)
from assistant.engine.inference.cpu_kernels.product_kernels import exponential, root_mean_square_norm


@compiled
def place_keys_and_values(
    counter: int, layer: int, shape: Shape, weights: Weights, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """Turn queries and keys by their places, and remember keys and values."""
    heads, groups, size = shape.heads, shape.groups, shape.size
    while True:
        token = count_up(counter)
        if token >= len(s.x):
            return
        row, place = fed.row[token], fed.place[token]
        keys = _buffer(past.keys[layer, row], past.capacity[row], shape)
        values = _buffer(past.values[layer, row], past.capacity[row], shape)
        joint = s.joint[token]
        for h in range(heads + groups):
            one = joint[h * size : (h + 1) * size]
            if len(weights.query_norm):
                norm = weights.query_norm[layer] if h < heads else weights.key_norm[layer]
                root_mean_square_norm(one, norm, shape.epsilon, one)
            _rotate(one, fed.cosine[place], fed.sine[place])
        for group in range(groups):
            key, value = (heads + group) * size, (heads + groups + group) * size
            keys[group, place, :] = joint[key : key + size]
            values[group, place, :] = joint[value : value + size]


@compiled
def _rotate(x: Floats, cosine: Floats, sine: Floats) -> None:
    """Rotary position embedding (Su et al. 2021), halves paired as Llama does; `sine` has their signs."""
    half = len(x) // 2
    for k in range(half):
        low, high = x[k], x[half + k]
        x[k] = low * cosine[k] + high * sine[k]
        x[half + k] = high * cosine[half + k] + low * sine[half + k]


@compiled
def _buffer(address: int, capacity: int, shape: Shape) -> Floats:
    return carray(floats_at(address), (shape.groups, capacity, shape.size))


@compiled
def attend(
    counter: int, thread: int, layer: int, shape: Shape, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """Causal grouped-query attention: each token to its row's past and itself."""
    size, groups = shape.size, shape.groups
    heads = shape.heads // groups
    scores = s.scores[thread]
    while True:
        unit = count_up(counter)
        if unit >= len(s.x) * groups:
            return
        token, group = unit // groups, unit % groups
        row, length = fed.row[token], fed.place[token] + 1
        keys = _buffer(past.keys[layer, row], past.capacity[row], shape)
        values = _buffer(past.values[layer, row], past.capacity[row], shape)
        begin, end = group * heads * size, (group + 1) * heads * size
        queries = s.joint[token, begin:end].reshape(heads, size)
        mixed = s.mixed[token, begin:end].reshape(heads, size)
        _score(queries, keys[group, :length], scores)
        for h in range(heads):
            _softmax(scores[h, :length])
        _mix(scores, values[group, :length], mixed)


@compiled_sums
def _score(queries: Floats, keys: Floats, scores: Floats) -> None:
    heads, size = queries.shape
    factor = np.float32(1) / np.sqrt(np.float32(size))
    for j in range(len(keys)):
        for h in range(heads):
            dot = np.float32(0)
            for d in range(size):
                dot += queries[h, d] * keys[j, d]
            scores[h, j] = dot * factor


@compiled_sums
def _softmax(x: Floats) -> None:
    most = x[0]
    for j in range(len(x)):
        most = max(most, x[j])
    total = np.float32(0)
    for j in range(len(x)):
        x[j] = exponential(x[j] - most)
        total += x[j]
    for j in range(len(x)):
        x[j] = x[j] / total


@compiled_sums
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
