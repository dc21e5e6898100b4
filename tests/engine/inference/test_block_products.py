"""Weights of 4 and 6 bits in blocks: the numbers of the GGUF formats, and exact sums of them in the kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from decoding_kit import ask, finishes, prompt_of, tiny_model
from numpy.typing import NDArray

from assistant.engine.inference import k_quants
from assistant.engine.inference.block_linear import BlockLinear
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.decoder import Decoder
from assistant.engine.inference.k_quants import BLOCK, FORMATS, HALF_BLOCK, SUPER_BLOCK, ZERO, BlockWeights
from assistant.engine.inference.llama_forward import RaggedForward
from assistant.engine.inference.llama_weights import build

IDS = prompt_of("def add(a, b):\n    return a + b\n" * 4)
KINDS = {4: gguf.GGMLQuantizationType.Q4_K, 6: gguf.GGMLQuantizationType.Q6_K}


def random_rows(bits: int, out: int, width: int, seed: int = 0) -> k_quants.Bytes:
    """Any codes, scales and minima; steps that make weights as large as a model's."""
    random = np.random.default_rng(seed)
    size = k_quants.STORED[bits]
    rows = random.integers(0, 256, (out, width // SUPER_BLOCK, size), np.uint8)
    steps = (random.uniform(0.5, 1, (out, width // SUPER_BLOCK, 2)) * 1e-3).astype(np.float16)
    if bits == 4:
        rows[..., :4] = steps.view(np.uint8)
    else:
        rows[..., 208:] = steps.view(np.uint8)[..., :2]
    return rows.reshape(out, -1)


@pytest.mark.parametrize("bits", FORMATS)
def test_the_numbers_are_those_of_the_format(bits: int) -> None:
    rows = random_rows(bits, 5, 3 * SUPER_BLOCK)
    assert np.array_equal(k_quants.read(rows, bits).floats(), gguf.dequantize(rows, KINDS[bits]))


@pytest.mark.parametrize("bits", FORMATS)
@pytest.mark.parametrize("panel", [8, 16, 32])
def test_panels_hold_the_same_numbers_and_take_no_more_room(bits: int, panel: int) -> None:
    weights = k_quants.read(random_rows(bits, 40, 2 * SUPER_BLOCK), bits)
    panels = k_quants.as_panels(weights, panel)
    again = k_quants.from_panels(panels, weights.format, weights.codes.shape, panel)
    for field in ("codes", "scales", "minima", "steps", "lowest"):
        assert np.array_equal(getattr(again, field), getattr(weights, field)), field
    padded = -(-40 // panel) * panel
    assert len(panels) <= 1.03 * padded * 2 * k_quants.STORED[bits]


def written_out(weights: BlockWeights, inputs: NDArray[np.int64]) -> NDArray[np.float32]:
    """[rows, out] in the order of the kernels: each block summed exactly, then added in float32 with one rounding."""

    def plus(sums: NDArray[np.float32], factor: Any, number: Any) -> NDArray[np.float32]:
        exact: NDArray[np.float32] = (number.astype(np.longdouble) * factor + sums).astype(np.float32)
        return exact

    four = weights.format.bits == 4
    length = BLOCK if four else HALF_BLOCK
    scales, steps, lowest = (
        array.astype(np.float32) for array in (weights.scales, weights.steps, weights.lowest)
    )
    codes = weights.codes.astype(np.int64) - (0 if four else ZERO)
    sums = np.zeros((len(inputs), len(codes)), np.float32)
    for start in range(0, codes.shape[1], SUPER_BLOCK):
        scaled, lowered = np.zeros_like(sums), np.zeros_like(sums)
        for first in range(start, start + SUPER_BLOCK, length):
            part = inputs[:, first : first + length]
            scaled = plus(scaled, scales[:, first // length], part @ codes[:, first : first + length].T)
            if four:
                lowered = plus(lowered, weights.minima[:, first // length], part.sum(1, keepdims=True))
        sums = plus(sums, steps[:, start // SUPER_BLOCK], scaled)
        if four:
            sums = plus(sums, -lowest[:, start // SUPER_BLOCK], lowered)
    return sums


def compiled_multiply() -> Callable[..., None]:
    """The kernels as functions of addresses."""
    from numba import njit

    from assistant.engine.inference.cpu_kernels.block_intrinsics import multiply_four, multiply_six

    @njit
    def call(bits: int, weights: int, inputs: int, halves: int, blocks: int, sums: int, rows: int) -> None:
        if bits == 4:
            multiply_four(weights, inputs, halves, blocks, sums, rows)
        else:
            multiply_six(weights, inputs, halves, blocks, sums, rows)

    return call


@pytest.fixture(scope="module")
def multiplied() -> Callable[..., None]:
    if not kernel_cache.instructions():
        pytest.skip("no kernels of our own for this processor")
    return compiled_multiply()


@pytest.mark.slow
@pytest.mark.parametrize("extreme", [False, True])
def test_products_are_exact(multiplied: Callable[..., None], extreme: bool) -> None:
    from assistant.engine.inference.cpu_kernels.intrinsics import DOT
    from assistant.engine.inference.cpu_kernels.kernel_types import LARGEST_INPUT
    from assistant.engine.inference.cpu_kernels.weight_layout import aligned

    random, width = np.random.default_rng(0), 2 * SUPER_BLOCK
    for bits in FORMATS:
        weights = k_quants.read(random_rows(bits, DOT.panel, width), bits)
        if extreme:
            weights.codes[:] = 2**bits - 1
        panels = BlockLinear.arrange([weights], DOT.panel).parts[0].panels
        for rows in range(1, DOT.rows + 1):
            chosen = (
                np.full((rows, width), LARGEST_INPUT)
                if extreme
                else random.integers(-127, 128, (rows, width))
            )
            inputs = aligned((width // 4, rows, 4), DOT.input)
            inputs[:] = chosen.reshape(rows, -1, 4).swapaxes(0, 1)
            sums_of_inputs = aligned((width // BLOCK, 3, rows), np.int32)
            halves = chosen.reshape(rows, -1, 2, HALF_BLOCK).sum(-1)
            sums_of_inputs[:, :2] = -ZERO * halves.transpose(1, 2, 0)
            sums_of_inputs.view(np.float32)[:, 2] = halves.sum(-1).T
            sums = aligned((3 * DOT.rows, DOT.panel), np.float32)
            addresses = (array.ctypes.data for array in (panels, inputs, sums_of_inputs))
            multiplied(bits, *addresses, width // BLOCK, sums.ctypes.data, rows)
            assert np.array_equal(sums[:rows], written_out(weights, chosen)), (bits, rows)
            assert not sums[rows : DOT.rows].any()


def in_blocks(product: Any, bits: tuple[int, ...], panel: int, seed: int) -> BlockLinear:
    """Random weights in blocks in the place of an `Int8Linear`, with its bias; as large as a model's."""
    parts = product.tensors()
    out, width = parts["weight"].shape
    first = out // panel // len(bits) * panel
    sizes = [out] if len(bits) == 1 else [first, out - first]
    found = []
    for at, (size, each) in enumerate(zip(sizes, bits, strict=True)):
        weights = k_quants.read(random_rows(each, size, width, seed + at), each)
        spread = 0.03 / weights.floats().std()
        found.append(replace(weights, steps=(weights.steps * spread).astype(np.float16)))
        if each == 4:
            found[-1] = replace(found[-1], lowest=(weights.lowest * spread).astype(np.float16))
    return BlockLinear.arrange(found, panel, parts.get("bias"), fine="fine" in parts)


def block_model(kind: str = "qwen2") -> Any:
    """A tiny model whose matrices are of 4 bits, of 6, of both and of 8."""
    from assistant.engine.inference.cpu_kernels.kernel_types import PANEL

    model = build(tiny_model(kind, width=SUPER_BLOCK, inner=2 * SUPER_BLOCK), "int8")
    model.precision = "q4"
    for layer, block in enumerate(model.blocks):
        block.query_key_value = in_blocks(block.query_key_value, (4, 6)[: 1 + layer % 2], PANEL, 10 * layer)
        block.gate_up = in_blocks(block.gate_up, (4,), PANEL, 10 * layer + 3)
        block.down = in_blocks(block.down, (4 + 2 * (layer % 2),), PANEL, 10 * layer + 5)
    model.head = in_blocks(model.head, (6,), PANEL, 7)
    return model


def difference_from_written_out(kind: str) -> float:
    """Median difference of the kernels' logits from those of the products as written out, over their spread."""
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    [ours], [expected] = (
        way([IDS], way.new_cache(1, 64), [len(IDS)])
        for way in (NativeForward(block_model(kind)), RaggedForward(block_model(kind)))
    )
    return float((ours - expected).abs().median() / expected.std())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_a_step_does_what_is_written_out(kind: str) -> None:
    assert kernel_cache.compile_once()
    assert difference_from_written_out(kind) < 1e-4


@pytest.mark.slow
def test_a_token_gets_the_same_bits_whatever_else_is_in_the_step() -> None:
    """Alone, one after the other, beside other rows, and all at once."""
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    assert kernel_cache.compile_once()
    forward, ids = NativeForward(block_model()), IDS[:30]
    [whole] = forward([ids], forward.new_cache(1, 64), [len(ids)])
    cache = forward.new_cache(1, 64)
    steps = [forward([[token]], cache, [1])[0] for token in ids]
    assert torch.equal(torch.cat(steps), whole)
    rows = forward([ids[:7], ids, ids[:1]], forward.new_cache(3, 64), [7, len(ids), 1])
    for row, length in zip(rows, (7, len(ids), 1), strict=True):
        assert torch.equal(row, whole[:length])


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 0.1])
def test_lookup_equals_plain_and_a_batch_its_samples_alone(tokenizer: Any, temperature: float) -> None:
    assert kernel_cache.compile_once()
    model, prompt = block_model(), prompt_of("def add(a, b):\n    return a + b\n# again, please: " * 8)
    request = ask(tokens=120, temperature=temperature)
    [plain] = finishes(Decoder(model, tokenizer, lookup=False), request, prompt)
    [drafted] = finishes(Decoder(model, tokenizer), request, prompt)
    assert drafted.output_ids == plain.output_ids
    assert drafted.drafted_tokens > 0
    warm = Decoder(model, tokenizer)
    finishes(warm, ask(conversation="s", tokens=20), prompt[:200])
    several = finishes(warm, ask(samples=3, tokens=120, temperature=temperature, conversation="s"), prompt)
    assert several[0].reused_tokens > 100
    assert several[0].output_ids == plain.output_ids
