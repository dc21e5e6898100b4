"""Products with weights of 4 or 6 bits in the blocks of `k_quants`: a block's sums are exact, then scaled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from assistant.engine.inference.cpu_kernels.dot_products import Quad, Registers
from assistant.engine.inference.cpu_kernels.intrinsics import DOT, for_each_count, part_of
from assistant.engine.inference.cpu_kernels.ir_values import (
    AHEAD,
    BYTE,
    FLOAT,
    INT,
    LINE,
    LONG,
    function,
    pointer,
    prefetch,
    repeated,
)
from assistant.engine.inference.k_quants import BLOCK, BLOCKS, FOUR, SIX, BlockFormat

_QUADS = BLOCK // 4
SUMS_OF_A_BLOCK = 3
_WRITTEN_OUT = 2
"""Rows."""
FOUR_BYTES, SIX_BYTES = FOUR.nbytes, SIX.nbytes


@intrinsic
def multiply_four(
    context: Any, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any, rows: Any
) -> Any:
    """`sums` float32 [rows, panel] = inputs [quads, rows, 4] times weights of 4 bits, a panel of `k_quants`.

    `sums_of_inputs` [blocks, 3, rows]: of both halves of a block, times -32, int32, and of the whole, float32. `sums`
    has room for thrice as many rows as a tile may have. All are addresses. What a row gets depends on nothing else: a
    block's sum is an exact integer, and blocks are scaled and added in float32, one after the other.
    """

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return for_each_count(b, arguments, lambda b, count: _Tile(b, FOUR, count).loop)

    return types.void(*[types.intp] * 6), generate


@intrinsic
def multiply_six(
    context: Any, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any, rows: Any
) -> Any:
    """The same with weights of 6 bits."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return for_each_count(b, arguments, lambda b, count: _Tile(b, SIX, count).loop)

    return types.void(*[types.intp] * 6), generate


class _Tile:
    """A loop over the blocks for a fixed number of rows; sums in float32 stay in memory, a cache line away."""

    def __init__(self, b: ir.IRBuilder, format_: BlockFormat, count: int) -> None:
        self._b, self._format, self._count = b, format_, count
        self._lanes = DOT.lanes
        self._parts = DOT.panel // self._lanes
        self._row_bytes = 4 * np.dtype(DOT.input).itemsize
        self._floats = ir.VectorType(FLOAT, self._lanes)
        self._integers = ir.VectorType(INT, self._lanes)

    def loop(self, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any) -> None:
        b, form = self._b, self._format
        self._clear([sums])
        last, start = self._loop_begins()
        size = LONG(form.nbytes * DOT.panel)
        here = b.add(weights, b.mul(start, size))
        scaled, lowered = (b.add(sums, LONG(4 * DOT.panel * DOT.rows * at)) for at in (1, 2))
        self._clear([scaled, lowered])
        inner, block = self._loop_begins()
        whole = b.add(b.mul(start, LONG(BLOCKS)), block)
        self._block(
            here,
            block,
            b.add(inputs, b.mul(whole, LONG(_QUADS * self._row_bytes * self._count))),
            b.add(sums_of_inputs, b.mul(whole, LONG(4 * SUMS_OF_A_BLOCK * self._count))),
            scaled,
            lowered,
        )
        self._loop_ends(inner, block, LONG(BLOCKS))
        steps = b.add(here, LONG((BLOCKS * form.codes + form.scales) * DOT.panel))
        for part, step in enumerate(self._steps(steps)):
            for row in range(self._count):
                self._multiply_add(step, self._sum(scaled, row, part), sums, row, part)
        if form is FOUR:
            for part, step in enumerate(self._steps(b.add(steps, LONG(2 * DOT.panel)))):
                for row in range(self._count):
                    self._multiply_add(b.fneg(step), self._sum(lowered, row, part), sums, row, part)
        self._loop_ends(last, start, b.sdiv(blocks, LONG(BLOCKS)))

    def _loop_begins(self) -> tuple[Any, Any]:
        """Where it turns, and what counts its turns."""
        b = self._b
        before, body = b.block, b.append_basic_block("turn")
        b.branch(body)
        b.position_at_end(body)
        turn = b.phi(LONG)
        turn.add_incoming(LONG(0), before)
        return body, turn

    def _loop_ends(self, body: Any, turn: Any, turns: Any) -> None:
        b, after = self._b, self._b.append_basic_block("after")
        following = b.add(turn, LONG(1))
        turn.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, turns), body, after)
        b.position_at_end(after)

    def _clear(self, places: list[Any]) -> None:
        for place in places:
            for at in range(self._parts * self._count):
                self._b.store(ir.Constant(self._floats, None), self._sums_at(place, at), align=4)

    def _block(
        self, weights: Any, block: Any, inputs: Any, sums_of_inputs: Any, scaled: Any, lowered: Any
    ) -> None:
        """One block of `weights`, which is a whole super-block: sums times scales, and of inputs times minima."""
        b, panel, form = self._b, DOT.panel, self._format
        codes = b.add(weights, b.mul(block, LONG(form.codes * panel)))
        each = form.nbytes * panel // BLOCKS
        ahead = b.add(weights, b.add(b.mul(block, LONG(each)), LONG(AHEAD)))
        self._ahead = [ahead, b.add(ahead, LONG(each // 2))]
        scales = b.add(weights, LONG(BLOCKS * form.codes * panel))
        if form is FOUR:
            scaling = self._eights(b.add(scales, b.mul(block, LONG(panel))), signed=False)
            minima = self._eights(
                b.add(scales, b.add(LONG(BLOCKS * panel), b.mul(block, LONG(panel)))), signed=False
            )
            self._add(self._dots(codes, inputs, (0, 1), [None] * self._count), scaling, scaled)
            for row in range(self._count):
                at = pointer(b, sums_of_inputs, 4 * (2 * self._count + row), FLOAT)
                whole = repeated(b, b.load(at, align=4), self._lanes)
                for part in range(self._parts):
                    self._multiply_add(minima[part], whole, lowered, row, part)
            return
        for high in range(2):
            place = b.add(scales, b.add(b.mul(block, LONG(2 * panel)), LONG(high * panel)))
            shifts = [
                b.load(pointer(b, sums_of_inputs, 4 * (high * self._count + row), INT), align=4)
                for row in range(self._count)
            ]
            found = self._dots(codes, inputs, (high,), shifts)
            self._add(found, self._eights(place, signed=True), scaled)

    def _eights(self, scales: Any, *, signed: bool) -> list[Any]:
        """8-bit scales as float32, of the parts of the panel."""
        b, found, lanes = self._b, [], self._lanes
        for part in range(self._parts):
            eight = b.load(pointer(b, scales, part * lanes, ir.VectorType(BYTE, lanes)), align=1)
            whole = b.sext(eight, self._integers) if signed else b.zext(eight, self._integers)
            found.append(b.sitofp(whole, self._floats))
        return found

    def _steps(self, steps: Any) -> list[Any]:
        """Float16 as float32."""
        b, lanes = self._b, self._lanes
        kind = ir.VectorType(ir.HalfType(), lanes)
        places = [pointer(b, steps, 2 * part * lanes, kind) for part in range(self._parts)]
        return [b.fpext(b.load(place, align=1), self._floats) for place in places]

    def _sum(self, sums: Any, row: int, part: int) -> Any:
        return self._b.load(self._sums_at(sums, self._parts * row + part), align=4)

    def _dots(self, codes: Any, inputs: Any, parts: tuple[int, ...], starts: list[Any]) -> list[Registers]:
        """Integer sums, as `Dot.add` has them, over the low and the high quads of a block, or one of them.

        Written out for few rows, a loop for many: the machine code of these is long, and takes long to compile.
        """
        b = self._b
        begun = DOT.begin(b, starts)
        together = 1 if self._format is FOUR else 2
        if self._count <= _WRITTEN_OUT:
            for turn in range(0, 4, together):
                begun = self._turns(codes, inputs, parts, LONG(turn), begun)
            return begun
        before, body, after = b.block, b.append_basic_block("turn"), b.append_basic_block("summed")
        b.branch(body)
        b.position_at_end(body)
        turn = b.phi(LONG)
        turn.add_incoming(LONG(0), before)
        kept = [[b.phi(DOT.sums) for _ in registers] for registers in begun]
        found = self._turns(codes, inputs, parts, turn, kept)
        for registers in zip(begun, kept, found, strict=True):
            for start, old, new in zip(*registers, strict=True):
                old.add_incoming(start, before)
                old.add_incoming(new, b.block)
        following = b.add(turn, LONG(together))
        turn.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, LONG(4)), body, after)
        b.position_at_end(after)
        return found

    def _turns(
        self, codes: Any, inputs: Any, parts: tuple[int, ...], turn: Any, found: list[Registers]
    ) -> list[Registers]:
        """One quad, or two for 6 bits, of each of the `parts`, added to what was `found`."""
        b = self._b
        quads = 1 if self._format is FOUR else 2
        lines = -(-self._format.nbytes * DOT.panel // BLOCKS // LINE // (4 // quads * 2 // len(parts)))
        for line in range(lines):
            at = b.add(b.mul(turn, LONG(lines * LINE // quads)), LONG(line * LINE))
            prefetch(b, pointer(b, b.add(self._ahead[parts[0]], at), 0, BYTE))

        def each() -> Iterator[Quad]:
            for more in range(quads):
                for high in parts:
                    first = b.add(turn, LONG(4 * high + more))
                    row = b.add(inputs, b.mul(first, LONG(self._count * self._row_bytes)))
                    yield partial(self._codes, codes, turn, more, high), row

        return DOT.add(b, found, each(), self._count)

    def _codes(self, codes: Any, turn: Any, more: int, high: int, part: int) -> Any:
        """A register of a quad's codes, a byte each."""
        b, size = self._b, 4 * DOT.panel
        four = part_of(b, b.add(codes, b.mul(b.add(turn, LONG(more)), LONG(size))), part)
        four = b.lshr(four, _bytes(4)) if high else b.and_(four, _bytes(15))
        if self._format is FOUR:
            return DOT.from_codes(b, four)
        two = part_of(b, b.add(codes, b.mul(b.add(LONG(8), turn), LONG(size // 2))), part)
        place = 2 * (2 * more + high)
        if place < 4:
            two = b.shl(two, _bytes(4 - place))
        elif place > 4:
            two = b.lshr(two, _bytes(place - 4))
        return DOT.from_codes(b, b.or_(four, b.and_(two, _bytes(0x30))))

    def _add(self, found: list[Registers], scaling: list[Any], sums: Any) -> None:
        """Integer sums, scaled, to those in memory."""
        b = self._b
        for row in range(self._count):
            whole = DOT.finish(b, found, row)
            for part in range(self._parts):
                order = list(range(part * self._lanes, (part + 1) * self._lanes))
                integers = b.shuffle_vector(whole, whole, ir.Constant(self._integers, order))
                self._multiply_add(scaling[part], b.sitofp(integers, self._floats), sums, row, part)

    def _multiply_add(self, a: Any, x: Any, sums: Any, row: int, part: int) -> None:
        b, at = self._b, self._sums_at(sums, self._parts * row + part)
        fused = function(b, f"llvm.fma.v{self._lanes}f32", self._floats, [self._floats] * 3)
        b.store(b.call(fused, [a, x, b.load(at, align=4)]), at, align=4)

    def _sums_at(self, sums: Any, at: int) -> Any:
        return pointer(self._b, sums, 4 * self._lanes * at, self._floats)


def _bytes(value: int) -> Any:
    return ir.Constant(DOT.bytes, [value] * DOT.bytes.count)
