"""Products with weights of 4 or 6 bits in the blocks of `k_quants`: a block's sums are exact, then scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from assistant.engine.inference.cpu_kernels.intrinsics import (
        _BYTE,
    _FLOAT,
    _INT,
    _LINE,
    _LONG,
    _NOTHING,
    DOT,
    _at,
    _call_from_memory,
    _function,
    _panel_of,
    _repeated,
)
from assistant.engine.inference.k_quants import BLOCK, BLOCKS, FOUR, SIX, ZERO, BlockFormat

import os
_AHEAD=int(os.environ.get("AHEAD","4096"))
_QUADS = BLOCK // 4
FOUR_BYTES, SIX_BYTES = FOUR.nbytes, SIX.nbytes


@intrinsic
def multiply_four(
    context: Any, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any, rows: Any
) -> Any:
    """`sums` float32 [rows, panel] = inputs [quads, rows, 4] times weights of 4 bits [super-blocks, …, panel, …].

    `sums_of_inputs` int32 [2 * blocks, rows] are of half blocks. All are addresses. What a row gets depends on nothing
    else: integer sums of each block, then scaled and added in float32, block after block.
    """

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return _for_each_count(b, arguments, FOUR)

    return types.void(*[types.intp] * 6), generate


@intrinsic
def multiply_six(
    context: Any, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any, rows: Any
) -> Any:
    """The same with weights of 6 bits."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return _for_each_count(b, arguments, SIX)

    return types.void(*[types.intp] * 6), generate


def _for_each_count(b: ir.IRBuilder, arguments: Any, format_: BlockFormat) -> Any:
    *addresses, rows = arguments
    done = b.append_basic_block("done")
    choice = b.switch(rows, done)
    for count in range(1, DOT.rows + 1):
        block = b.append_basic_block(f"rows{count}")
        choice.add_case(_LONG(count), block)
        b.position_at_end(block)
        _Tile(b, format_, count).loop(*addresses)
        b.branch(done)
    b.position_at_end(done)
    return _NOTHING


class _Tile:
    """A loop over the blocks for a fixed number of rows; sums in float32 stay in memory, a cache line away."""

    def __init__(self, b: ir.IRBuilder, format_: BlockFormat, count: int) -> None:
        self._b, self._format, self._count = b, format_, count
        self._lanes = DOT.sums.count
        self._parts = DOT.panel // self._lanes
        self._row_bytes = 4 * np.dtype(DOT.input).itemsize
        self._floats = ir.VectorType(_FLOAT, self._lanes)
        self._integers = ir.VectorType(_INT, self._lanes)

    def loop(self, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any) -> None:
        b = self._b
        for at in range(self._parts * self._count):
            b.store(ir.Constant(self._floats, None), self._sums_at(sums, at), align=4)
        before, body, after = b.block, b.append_basic_block("block"), b.append_basic_block("after")
        b.branch(body)
        b.position_at_end(body)
        block = b.phi(_LONG)
        block.add_incoming(_LONG(0), before)
        first = b.mul(b.lshr(block, _LONG(3)), _LONG(self._format.nbytes * DOT.panel))
        self._block(
            b.add(weights, first),
            b.and_(block, _LONG(7)),
            b.add(inputs, b.mul(block, _LONG(_QUADS * self._row_bytes * self._count))),
            b.add(sums_of_inputs, b.mul(block, _LONG(8 * self._count))),
            sums,
        )
        following = b.add(block, _LONG(1))
        block.add_incoming(following, body)
        b.cbranch(b.icmp_signed("<", following, blocks), body, after)
        b.position_at_end(after)

    def _block(self, weights: Any, block: Any, inputs: Any, sums_of_inputs: Any, sums: Any) -> None:
        """One block of `weights`, which is a whole super-block."""
        b, panel, form = self._b, DOT.panel, self._format
        codes = b.add(weights, b.mul(block, _LONG(form.codes * panel)))
        ahead = b.add(weights, b.mul(block, _LONG(form.nbytes * panel // BLOCKS)))
        self._ahead = [_at(b, ahead, _AHEAD + at, _BYTE) for at in range(0, form.nbytes * panel // BLOCKS, _LINE)]
        scales = b.add(weights, _LONG(BLOCKS * form.codes * panel))
        steps = b.add(scales, _LONG(form.scales * panel))
        if form is FOUR:
            scaling = self._scaled(b.add(scales, b.mul(block, _LONG(panel))), steps, signed=False)
            lowest = b.add(scales, b.add(_LONG(BLOCKS * panel), b.mul(block, _LONG(panel))))
            minima = self._scaled(lowest, b.add(steps, _LONG(2 * panel)), signed=False)
            found = self._dots(codes, inputs, (0, 1), [None] * self._count)
            self._add(found, scaling, sums)
            for row in range(self._count):
                both = b.add(
                    self._integer(sums_of_inputs, row), self._integer(sums_of_inputs, self._count + row)
                )
                whole = _repeated(b, b.fneg(b.sitofp(both, _FLOAT)), self._lanes)
                for part in range(self._parts):
                    self._multiply_add(minima[part], whole, sums, row, part)
            return
        for high in range(2):
            at = b.add(scales, b.add(b.mul(block, _LONG(2 * panel)), _LONG(high * panel)))
            scaling = self._scaled(at, steps, signed=True)
            shifts = [
                b.mul(self._integer(sums_of_inputs, high * self._count + row), _INT(-ZERO))
                for row in range(self._count)
            ]
            self._add(self._dots(codes, inputs, (high,), shifts), scaling, sums)

    def _scaled(self, scales: Any, steps: Any, *, signed: bool) -> list[Any]:
        """Steps times the 8-bit scales, of the parts of the panel."""
        b, found, lanes = self._b, [], self._lanes
        eights, halves = ir.VectorType(_BYTE, lanes), ir.VectorType(ir.HalfType(), lanes)
        for part in range(self._parts):
            eight = b.load(_at(b, scales, part * lanes, eights), align=1)
            whole = b.sext(eight, self._integers) if signed else b.zext(eight, self._integers)
            step = b.load(_at(b, steps, 2 * part * lanes, halves), align=1)
            found.append(b.fmul(b.sitofp(whole, self._floats), b.fpext(step, self._floats)))
        return found

    def _dots(self, codes: Any, inputs: Any, parts: tuple[int, ...], starts: list[Any]) -> list[list[Any]]:
        """Integer sums [rows][halves] over the low and the high quads of a block, or one of them."""
        b = self._b
        found = [[self._started(start)] * 2 for start in starts]
        for turn in range(4):
            for high in parts:
                for _ in range(2 if len(self._ahead) > 1 else 0):
                    if self._ahead: _call_from_memory(b, self._ahead.pop())
                panel = [DOT.widened(b, half) for half in self._codes(codes, turn, high)]
                for row in range(self._count):
                    offset = ((4 * high + turn) * self._count + row) * self._row_bytes
                    spread = DOT.spread(b, b.add(inputs, _LONG(offset)))
                    found[row] = [
                        DOT.add(b, total, half, spread)
                        for total, half in zip(found[row], panel, strict=True)
                    ]
        return found

    def _started(self, start: Any) -> Any:
        """Sums that begin at `start`, or 0. A channel may have several: they are added up in the end."""
        b = self._b
        zeros = ir.Constant(DOT.sums, None)
        if start is None:
            return zeros
        several = 2 * self._lanes // DOT.panel
        mask = [int(at % several == 0) for at in range(self._lanes)]
        return b.mul(_repeated(b, start, self._lanes), ir.Constant(DOT.sums, mask))

    def _codes(self, codes: Any, turn: int, high: int) -> list[Any]:
        """A quad's codes of both halves, a byte each."""
        b, size = self._b, 4 * DOT.panel
        low = _panel_of(b, b.add(codes, _LONG(turn * size)))
        if high:
            low = [b.lshr(half, _bytes(4)) for half in low]
        else:
            low = [b.and_(half, _bytes(15)) for half in low]
        if self._format is FOUR:
            return low
        upper = _panel_of(b, b.add(codes, _LONG((4 + turn // 2) * size)))
        place = 2 * (2 * (turn % 2) + high)
        if place < 4:
            upper = [b.shl(half, _bytes(4 - place)) for half in upper]
        elif place > 4:
            upper = [b.lshr(half, _bytes(place - 4)) for half in upper]
        return [
            b.or_(half, b.and_(two, _bytes(0x30))) for half, two in zip(low, upper, strict=True)
        ]

    def _add(self, found: list[list[Any]], scaling: list[Any], sums: Any) -> None:
        """Integer sums, scaled, to those in memory."""
        b = self._b
        for row, halves in enumerate(found):
            whole = DOT.finish(b, *halves)
            for part in range(self._parts):
                order = list(range(part * self._lanes, (part + 1) * self._lanes))
                integers = b.shuffle_vector(whole, whole, ir.Constant(self._integers, order))
                self._multiply_add(scaling[part], b.sitofp(integers, self._floats), sums, row, part)

    def _multiply_add(self, a: Any, x: Any, sums: Any, row: int, part: int) -> None:
        b, at = self._b, self._sums_at(sums, self._parts * row + part)
        fused = _function(b, f"llvm.fma.v{self._lanes}f32", self._floats, [self._floats] * 3)
        b.store(b.call(fused, [a, x, b.load(at, align=4)]), at, align=4)

    def _sums_at(self, sums: Any, at: int) -> Any:
        return _at(self._b, sums, 4 * self._lanes * at, self._floats)

    def _integer(self, address: Any, at: int) -> Any:
        return self._b.load(_at(self._b, address, 4 * at, _INT), align=4)


def _bytes(value: int) -> Any:
    return ir.Constant(DOT.bytes, [value] * DOT.bytes.count)
