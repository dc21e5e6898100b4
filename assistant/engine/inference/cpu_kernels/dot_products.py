"""How a processor multiplies 8-bit integers and adds the products up: `Dot`, and the kinds of x86-64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from assistant.engine.inference.cpu_kernels.ir_values import (
    BYTE,
    INT,
    LONG,
    SHORT,
    function,
    joined,
    pointer,
    repeated,
    shuffled,
)

Registers = list[Any]
Quad = tuple[Callable[[int], Any], Any]
"""What reads a register of weights of four k, as `Dot.add` takes them, and the address of the rows' inputs."""


class Dot:
    """How a processor takes the sums of a tile: rows of inputs times a panel of weights, both in quads of four k."""

    input: Any = np.int8
    """The integers that inputs are rounded to."""
    unrolled = 1
    """Quads in one turn of the loop."""
    zero = 128
    """What weights of 8 bits are too high by in the sums; in memory 128 stands for 0."""

    def __init__(self, panel: int, rows: int, sums: ir.VectorType, read: ir.VectorType, lanes: int) -> None:
        self.panel = panel
        """Output channels that are computed together."""
        self.rows = rows
        """Rows of inputs that are multiplied at once: with their sums, all registers are in use."""
        self.sums = sums
        """Of one register."""
        self.bytes = read
        """Weights as they lie in memory for one register."""
        self.lanes = lanes
        """Sums that are scaled together."""

    @property
    def registers(self) -> int:
        """Of a quad's weights."""
        return 4 * self.panel // int(self.bytes.count)

    def from_weights(self, b: ir.IRBuilder, read: Any) -> Any:
        """Weights of 8 bits as `add` takes them."""
        return self.from_codes(b, read)

    def from_codes(self, b: ir.IRBuilder, read: Any) -> Any:
        """Bytes below 128 as `add` takes them."""
        raise NotImplementedError

    def begin(self, b: ir.IRBuilder, starts: Sequence[Any]) -> list[Registers]:
        """Sums that begin at a number for each row, or at 0 where that is None: those of one row or of some."""
        return [[self._started(b, start)] * self.registers for start in starts]

    def _started(self, b: ir.IRBuilder, start: Any) -> Any:
        if start is None:
            return ir.Constant(self.sums, None)
        return repeated(b, start, self.sums.count)

    def add(
        self, b: ir.IRBuilder, found: Sequence[Registers], quads: Iterable[Quad], count: int
    ) -> list[Registers]:
        """The sums that were `found`, and the products of so many rows; a multiple of `unrolled` quads."""
        found = list(found)
        for weight, inputs in quads:
            weights = [weight(part) for part in range(self.registers)]
            for row, spread in enumerate(self._rows(b, inputs, count)):
                found[row] = [
                    self._products(b, sums, part, spread)
                    for sums, part in zip(found[row], weights, strict=True)
                ]
        return found

    def _rows(self, b: ir.IRBuilder, inputs: Any, count: int) -> Iterator[Any]:
        """Each row's quad of inputs, again and again in one register."""
        size = 4 * np.dtype(self.input).itemsize
        for row in range(count):
            yield self._spread(b, b.add(inputs, LONG(row * size)))

    def _spread(self, b: ir.IRBuilder, at: Any) -> Any:
        raise NotImplementedError

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        """`sums` and the products."""
        raise NotImplementedError

    def finish(self, b: ir.IRBuilder, found: Sequence[Registers], row: int) -> Any:
        """A row's sums as one vector of a sum per channel."""
        return joined(b, found[row])


class Vnni(Dot):
    """Instructions that add four products to the sum of each of `channels`; none saturates."""

    def __init__(self, channels: int, rows: int) -> None:
        super().__init__(
            2 * channels, rows, ir.VectorType(INT, channels), ir.VectorType(BYTE, 4 * channels), channels
        )

    def from_codes(self, b: ir.IRBuilder, read: Any) -> Any:
        return b.bitcast(read, self.sums)

    def _spread(self, b: ir.IRBuilder, at: Any) -> Any:
        return repeated(b, b.load(pointer(b, at, 0, INT), align=4), self.sums.count)

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        name = f"llvm.x86.avx512.vpdpbusd.{self.sums.count * 32}"
        return b.call(function(b, name, self.sums, [self.sums] * 3), [sums, weights, inputs])


class Avx2(Dot):
    """16 products an instruction, of 16-bit integers, as those of 8 bits would saturate."""

    input = np.int16
    unrolled = 2

    def __init__(self) -> None:
        super().__init__(8, 6, ir.VectorType(INT, 8), ir.VectorType(BYTE, 16), 8)
        self._factors = ir.VectorType(SHORT, 16)

    def from_codes(self, b: ir.IRBuilder, read: Any) -> Any:
        return b.zext(read, self._factors)

    def _started(self, b: ir.IRBuilder, start: Any) -> Any:
        """A channel has a pair of sums: one begins at the number."""
        if start is None:
            return super()._started(b, None)
        return b.mul(repeated(b, start, 8), ir.Constant(self.sums, [1, 0] * 4))

    def _spread(self, b: ir.IRBuilder, at: Any) -> Any:
        return b.bitcast(repeated(b, b.load(pointer(b, at, 0, LONG), align=8), 4), self._factors)

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        multiply_add = function(b, "llvm.x86.avx2.pmadd.wd", self.sums, [self._factors] * 2)
        return b.add(sums, b.call(multiply_add, [weights, inputs]))

    def finish(self, b: ir.IRBuilder, found: Sequence[Registers], row: int) -> Any:
        """The even and the odd two of each quad."""
        low, high = found[row]
        return b.add(shuffled(b, low, high, range(0, 16, 2)), shuffled(b, low, high, range(1, 16, 2)))


def avx512_vnni() -> Dot:
    """64 products an instruction."""
    return Vnni(channels=16, rows=12)


def avx_vnni() -> Dot:
    """32 products an instruction, as processors without AVX-512 have it."""
    return Vnni(channels=8, rows=6)
