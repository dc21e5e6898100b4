"""The step as numba compiles it. Every thread runs `step` from start to end; they meet between the phases.

A phase's work is cut into pieces that threads take as they get on, so that one which the machine holds up does
not hold up the others. What a token gets does not depend on what else is in a step: each token's sums are taken
in the order of its own past, whoever takes them, and the products are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.engine.inference.cpu_kernels.attention_kernels import attend, place_keys_and_values
from assistant.engine.inference.cpu_kernels.intrinsics import (
    atomic_load,
    atomic_store,
    count_up,
    cpu_yield,
    pause,
)
from assistant.engine.inference.cpu_kernels.kernel_types import (
    PANEL,
    Barrier,
    Floats,
    KVBuffers,
    Product,
    Shape,
    TokenBatch,
    Weights,
    Workspace,
    compiled,
    compiled_and_kept,
)
from assistant.engine.inference.cpu_kernels.product_kernels import (
    product,
    round_gated,
    round_normed,
    round_plain,
)


@compiled_and_kept
def step(
    thread: int, team: Barrier, shape: Shape, weights: Weights, past: KVBuffers, fed: TokenBatch, s: Workspace
) -> None:
    """All layers, in place on `s.x`."""
    counter = team.taken
    for layer in range(shape.layers):
        round_normed(counter, thread, s.x, weights.attention_norm[layer], shape.epsilon, s)
        _meet(team)
        product(counter + 64, thread, weights.query_key_value, layer, s.x.shape[1], s.joint, False, False, s)
        _meet(team)
        place_keys_and_values(counter + 128, layer, shape, weights, past, fed, s)
        _meet(team)
        attend(counter + 192, thread, layer, shape, past, fed, s)
        _meet(team)
        round_plain(counter + 256, thread, s.mixed, s)
        _meet(team)
        product(counter + 320, thread, weights.output, layer, s.mixed.shape[1], s.x, True, False, s)
        _meet(team)
        round_normed(counter + 384, thread, s.x, weights.feed_norm[layer], shape.epsilon, s)
        _meet(team)
        product(counter + 448, thread, weights.gate_up, layer, s.x.shape[1], s.wide, False, False, s)
        _meet(team)
        round_gated(counter + 512, thread, s.wide, s)
        _meet(team)
        product(counter + 576, thread, weights.down, layer, s.wide.shape[1] // 2, s.x, True, True, s)
        _meet(team)
        counter += 640


@compiled_and_kept
def head(
    thread: int, team: Barrier, weights: Product, norm: Floats, epsilon: float, logits: Floats, s: Workspace
) -> None:
    """`logits` [tokens, channels] of the states in `s.x`."""
    round_normed(team.taken, thread, s.x, norm, epsilon, s)
    _meet(team)
    product(team.taken + 64, thread, weights, 0, s.x.shape[1], logits, False, False, s)
    _meet(team)


@compiled_and_kept
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


@compiled
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
