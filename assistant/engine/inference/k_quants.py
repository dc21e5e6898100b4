"""Weights of 4 or 6 bits in blocks, as GGUF files hold them (Q4_K, Q6_K), and the panels that the kernels read.

A super-block holds 256 weights of an output channel (https://github.com/ggml-org/ggml). Their numbers are kept as
they are and only put into another order, with the super-blocks of all channels of a panel together:

    codes   8 blocks of 32 k: [4, panel, 4] bytes with quad t in the low and quad t + 4 in the high four bits;
            6 bits: then [2, panel, 4] bytes with the upper two bits, byte u of quads 2u, 2u + 4, 2u + 1, 2u + 5
    scales  4 bits: [8, panel] uint8, and [8, panel] minima; 6 bits: [16, panel] int8, one a half block
    steps   [panel] float16; 4 bits: then [panel] of the minima

A weight of 4 bits is step * scale * code - step of the minima * minimum, one of 6 is step * scale * (code - 32).
Imports numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUPER_BLOCK, BLOCK, HALF_BLOCK = 256, 32, 16
BLOCKS = SUPER_BLOCK // BLOCK
ZERO = 32
"""The code of 6 bits that stands for 0."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class BlockFormat:
    """How the bytes of one channel's super-block are spent, in panels."""

    bits: int
    codes: int
    """Bytes of a block of 32."""
    scales: int
    steps: int

    @property
    def nbytes(self) -> int:
        """Of a super-block."""
        return BLOCKS * self.codes + self.scales + self.steps


FOUR, SIX = BlockFormat(4, 16, 16, 4), BlockFormat(6, 24, 16, 2)
FORMATS = {4: FOUR, 6: SIX}
STORED = {4: 144, 6: 210}
"""Bytes of a super-block in a GGUF file."""


@dataclass(frozen=True)
class BlockWeights:
    """The numbers of a matrix [out, in]."""

    format: BlockFormat
    codes: Bytes
    """[out, in]."""
    scales: NDArray[Any]
    """4 bits: uint8 [out, in / 32]; 6 bits: int8 [out, in / 16]."""
    minima: Bytes
    """uint8 [out, in / 32]; of 6 bits none, [out, 0]."""
    steps: NDArray[np.float16]
    """[out, in / 256]."""
    lowest: NDArray[np.float16]
    """The minima's steps, likewise."""

    def floats(self) -> NDArray[np.float32]:
        """The weights [out, in], in the arithmetic of the formats' own definition."""
        steps = self.steps.astype(np.float32)
        if self.format is SIX:
            scales = steps.repeat(BLOCKS * 2, 1) * self.scales.astype(np.float32)
            return scales.repeat(HALF_BLOCK, 1) * (self.codes.astype(np.float32) - ZERO)
        scales = steps.repeat(BLOCKS, 1) * self.scales.astype(np.float32)
        minima = self.lowest.astype(np.float32).repeat(BLOCKS, 1) * self.minima.astype(np.float32)
        return scales.repeat(BLOCK, 1) * self.codes.astype(np.float32) - minima.repeat(BLOCK, 1)


def read(rows: Bytes, bits: int) -> BlockWeights:
    """The numbers in a tensor's bytes [out, bytes of a row], of Q4_K where `bits` is 4 and of Q6_K where it is 6."""
    blocks = rows.reshape(len(rows), -1, STORED[bits])
    return _four(blocks) if bits == 4 else _six(blocks)


def _four(blocks: Bytes) -> BlockWeights:
    """Two steps, 12 bytes with eight scales and minima of 6 bits, then codes: 32 low, 32 high of each 64."""
    out = len(blocks)
    steps = np.ascontiguousarray(blocks[..., :4]).view(np.float16)
    packed = blocks[..., 4:16].reshape(*blocks.shape[:2], 3, 4)
    first, second, third = packed[..., 0, :], packed[..., 1, :], packed[..., 2, :]
    scales = np.concatenate([first & 63, third & 15 | first >> 6 << 4], -1)
    minima = np.concatenate([second & 63, third >> 4 | second >> 6 << 4], -1)
    pairs = blocks[..., 16:].reshape(*blocks.shape[:2], 4, 1, 32)
    codes = np.concatenate([pairs & 15, pairs >> 4], -2)
    return BlockWeights(
        FOUR,
        codes.reshape(out, -1),
        scales.reshape(out, -1),
        minima.reshape(out, -1),
        np.ascontiguousarray(steps[..., 0]),
        np.ascontiguousarray(steps[..., 1]),
    )


def _six(blocks: Bytes) -> BlockWeights:
    """For each 128: 64 bytes of low four bits and 32 of upper two; then 16 scales and the step."""
    out, count = blocks.shape[:2]
    low = blocks[..., :128].reshape(out, count, 2, 2, 32)
    low = np.concatenate([low & 15, low >> 4], -2)
    upper = blocks[..., 128:192].reshape(out, count, 2, 1, 32)
    upper = np.concatenate([upper >> shift & 3 for shift in (0, 2, 4, 6)], -2)
    return BlockWeights(
        SIX,
        (low | upper << 4).astype(np.uint8).reshape(out, -1),
        np.ascontiguousarray(blocks[..., 192:208]).view(np.int8).reshape(out, -1),
        np.zeros((out, 0), np.uint8),
        np.ascontiguousarray(blocks[..., 208:]).view(np.float16).reshape(out, -1),
        np.zeros((out, 0), np.float16),
    )


def panel_bytes(bits: int, channels: int, width: int, panel: int) -> int:
    """The size of what `as_panels` makes."""
    return -(-channels // panel) * panel * (width // SUPER_BLOCK) * FORMATS[bits].nbytes


def as_panels(weights: BlockWeights, panel: int) -> Bytes:
    """In the order of the kernels, flat; channels are filled up to whole panels of zeros."""
    form, out = weights.format, len(weights.codes)
    count = weights.codes.shape[1] // SUPER_BLOCK
    panels = -(-out // panel)
    whole = np.zeros((panels, count, form.nbytes * panel), np.uint8)

    def placed(array: NDArray[Any], *inner: int) -> Any:
        """[out, in super-blocks * inner] as [panels, super-blocks, inner …, panel]."""
        if panels * panel != out:
            array = np.concatenate([array, np.zeros((panels * panel - out, array.shape[1]), array.dtype)])
        shaped = array.reshape(panels, panel, count, *inner)
        return np.moveaxis(shaped, 1, 2 + len(inner))

    # [panels, super-blocks, 8 blocks, high or low, 4 turns, 4 k, panel] -> k last
    quads = np.moveaxis(placed(weights.codes, BLOCKS, 2, 4, 4), -2, -1)
    codes = [(quads[:, :, :, 0] & 15) | (quads[:, :, :, 1] & 15) << 4]
    if form is SIX:
        two = quads >> 4
        codes.append(
            two[:, :, :, 0, 0::2]
            | two[:, :, :, 1, 0::2] << 2
            | two[:, :, :, 0, 1::2] << 4
            | two[:, :, :, 1, 1::2] << 6
        )
    together = np.concatenate([part.reshape(panels, count, BLOCKS, -1) for part in codes], -1)
    end = BLOCKS * form.codes * panel
    whole[..., :end] = together.reshape(panels, count, -1)
    rest = [placed(weights.scales.view(np.uint8), -1), placed(weights.steps)]
    if form is FOUR:
        rest = [rest[0], placed(weights.minima, BLOCKS), rest[1], placed(weights.lowest)]
    for part in rest:
        flat = np.ascontiguousarray(part).reshape(panels, count, -1).view(np.uint8)
        whole[..., end : end + flat.shape[-1]] = flat
        end += flat.shape[-1]
    return whole.reshape(-1)


def from_panels(panels: Bytes, form: BlockFormat, shape: tuple[int, int], panel: int) -> BlockWeights:
    """The inverse, for `shape` [out, in]."""
    out, width = shape
    count = width // SUPER_BLOCK
    whole = panels.reshape(-1, count, form.nbytes * panel)

    def back(array: NDArray[Any]) -> NDArray[Any]:
        """[panels, super-blocks, inner, panel] as [out, in super-blocks * inner]."""
        return np.ascontiguousarray(np.moveaxis(array, -1, 1)).reshape(len(whole) * panel, -1)[:out]

    end = BLOCKS * form.codes * panel
    blocks = whole[..., :end].reshape(len(whole), count, BLOCKS, form.codes // 4, panel, 4)
    quads = np.stack([blocks[:, :, :, :4] & 15, blocks[:, :, :, :4] >> 4], 3)
    if form is SIX:
        two = blocks[:, :, :, 4:]
        for high in range(2):
            for odd in range(2):
                quads[:, :, :, high, odd::2] |= (two >> 2 * (2 * odd + high) & 3) << 4
    parts = [whole[..., end + at * panel : end + (at + 1) * panel] for at in range(form.scales + form.steps)]
    scales = np.stack(parts[: form.scales], 2)
    steps = [
        back(np.concatenate(parts[at : at + 2], -1).view(np.float16)[:, :, None])
        for at in range(form.scales, form.scales + form.steps, 2)
    ]
    codes = back(np.moveaxis(quads, -1, -2).reshape(len(whole), count, SUPER_BLOCK, panel))
    if form is SIX:
        empty = np.zeros((out, 0), np.uint8)
        return BlockWeights(SIX, codes, back(scales).view(np.int8), empty, steps[0], empty.view(np.float16))
    return BlockWeights(FOUR, codes, back(scales[:, :, :8]), back(scales[:, :, 8:]), *steps)
