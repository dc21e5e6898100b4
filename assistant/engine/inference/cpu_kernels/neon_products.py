"""The 8-bit products of aarch64: SDOT (FEAT_DotProd), and USMMLA where there is one (FEAT_I8MM).

Panels in memory are those of x86-64. Tried under emulation only (`assistant guide performance`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from llvmlite import ir

from assistant.engine.inference.cpu_kernels.dot_products import Dot, Quad, Registers
from assistant.engine.inference.cpu_kernels.ir_values import (
    BYTE,
    INT,
    function,
    joined,
    pointer,
    shuffled,
)

_BYTES, _SUMS = ir.VectorType(BYTE, 16), ir.VectorType(INT, 4)


class NeonDot(Dot):
    """SDOT: 16 products an instruction, four for the sum of each of four channels. Weights are made signed."""

    zero = 0

    def __init__(self) -> None:
        super().__init__(16, 6, _SUMS, _BYTES, 16)

    def from_weights(self, b: ir.IRBuilder, read: Any) -> Any:
        return b.xor(read, ir.Constant(_BYTES, [128] * 16))

    def from_codes(self, b: ir.IRBuilder, read: Any) -> Any:
        return read

    def _rows(self, b: ir.IRBuilder, inputs: Any, count: int) -> Iterator[Any]:
        """Each row's quad four times; rows are read together, and the instruction takes one out of a register."""
        start = 0
        while start < count:
            size = next(size for size in (4, 2, 1) if size <= count - start)
            read = b.load(pointer(b, inputs, 4 * start, ir.VectorType(INT, size)), align=4)
            for at in range(size):
                yield b.bitcast(shuffled(b, read, read, [at] * 4), _BYTES)
            start += size

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        name = "llvm.aarch64.neon.sdot.v4i32.v16i8"
        return b.call(function(b, name, _SUMS, [_SUMS, _BYTES, _BYTES]), [sums, weights, inputs])


class NeonMatrix(NeonDot):
    """USMMLA: 32 products an instruction, of two channels and two rows with eight k each.

    A register has the sums of a pair of channels and a pair of rows. A row that is left over pairs with zeros, which
    takes as long as SDOT would. Weights are read as unsigned.
    """

    unrolled = 2
    zero = 128

    def from_weights(self, b: ir.IRBuilder, read: Any) -> Any:
        return read

    def begin(self, b: ir.IRBuilder, starts: Sequence[Any]) -> list[Registers]:
        pairs = [starts[at : at + 2] for at in range(0, len(starts), 2)]
        return [[self._started(b, pair)] * (2 * self.registers) for pair in pairs]

    def _started(self, b: ir.IRBuilder, start: Any) -> Any:
        whole = ir.Constant(_SUMS, None)
        for row, number in enumerate(start):
            for at in (row, row + 2):
                whole = whole if number is None else b.insert_element(whole, number, INT(at))
        return whole

    def add(
        self, b: ir.IRBuilder, found: Sequence[Registers], quads: Iterable[Quad], count: int
    ) -> list[Registers]:
        """A register of weights after the other, as all of them find no room beside the sums."""
        found, each = [list(pair) for pair in found], iter(quads)
        for (low, inputs), (high, further) in zip(each, each, strict=True):
            rows = [self._pair(b, inputs, further, row, row + 1 < count) for row in range(0, count, 2)]
            for part in range(self.registers):
                read = low(part), high(part)
                for half, order in enumerate(((0, 4, 1, 5), (2, 6, 3, 7))):
                    weights, at = self._interleaved(b, *read, order), 2 * part + half
                    for sums, pair in zip(found, rows, strict=True):
                        sums[at] = self._products(b, sums[at], weights, pair)
        return found

    def _interleaved(self, b: ir.IRBuilder, low: Any, high: Any, order: Sequence[int]) -> Any:
        """Eight k of each of two channels."""
        return b.bitcast(shuffled(b, b.bitcast(low, _SUMS), b.bitcast(high, _SUMS), order), _BYTES)

    def _pair(self, b: ir.IRBuilder, inputs: Any, further: Any, row: int, both: bool) -> Any:
        """Eight k of each of two rows."""
        if both:
            low, high = (
                b.load(pointer(b, at, 4 * row, ir.VectorType(INT, 2)), align=4) for at in (inputs, further)
            )
            return b.bitcast(shuffled(b, low, high, (0, 2, 1, 3)), _BYTES)
        alone = ir.Constant(_SUMS, None)
        for place, at in enumerate((inputs, further)):
            alone = b.insert_element(alone, b.load(pointer(b, at, 4 * row, INT), align=4), INT(place))
        return b.bitcast(alone, _BYTES)

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        name = "llvm.aarch64.neon.usmmla.v4i32.v16i8"
        return b.call(function(b, name, _SUMS, [_SUMS, _BYTES, _BYTES]), [sums, weights, inputs])

    def finish(self, b: ir.IRBuilder, found: Sequence[Registers], row: int) -> Any:
        pair, order = found[row // 2], range(row % 2, 8, 2)
        quads = zip(pair[::2], pair[1::2], strict=True)
        return joined(b, [shuffled(b, low, high, order) for low, high in quads])
