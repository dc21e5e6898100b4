"""Products with weights of 4 or 6 bits in the blocks of `k_quants`: a block's sums are exact, then scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from assistant.engine.inference.cpu_kernels.intrinsics import (
    _AHEAD,
    _BYTE,
    _FLOAT,
    _INT,
    _LINE,
    _LONG,
    DOT,
    _at,
    _call_from_memory,
    _function,
    _panel_of,
    _repeated,
    for_each_count,
)
from assistant.engine.inference.k_quants import BLOCK, BLOCKS, FOUR, SIX, ZERO, BlockFormat

_QUADS = BLOCK // 4
_WRITTEN_OUT = 2
"""Rows."""
FOUR_BYTES, SIX_BYTES = FOUR.nbytes, SIX.nbytes


@intrinsic
def multiply_four(
    context: Any, weights: Any, inputs: Any, sums_of_inputs: Any, blocks: Any, sums: Any, rows: Any
) -> Any:
    """`sums` float32 [rows, panel] = inputs [quads, rows, 4] times weights of 4 bits, a panel of `k_quants`.

    `sums_of_inputs` int32 [2 * blocks, rows] are of half blocks. All are addresses. What a row gets depends on
    nothing else: integer sums of each block, then scaled and added in float32, block after block.
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
        block.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, blocks), body, after)
        b.position_at_end(after)

    def _block(self, weights: Any, block: Any, inputs: Any, sums_of_inputs: Any, sums: Any) -> None:
        """One block of `weights`, which is a whole super-block."""
        b, panel, form = self._b, DOT.panel, self._format
        codes = b.add(weights, b.mul(block, _LONG(form.codes * panel)))
        each = form.nbytes * panel // BLOCKS
        ahead = b.add(weights, b.add(b.mul(block, _LONG(each)), _LONG(_AHEAD)))
        self._ahead = [ahead, b.add(ahead, _LONG(each // 2))]
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
        """Integer sums [rows][halves] over the low and the high quads of a block, or one of them.

        Written out for few rows, a loop for many: the machine code of these is long, and takes long to compile.
        """
        b = self._b
        begun = [[self._started(start)] * 2 for start in starts]
        together = 1 if self._format is FOUR else 2
        if self._count <= _WRITTEN_OUT:
            for turn in range(0, 4, together):
                begun = self._turns(codes, inputs, parts, _LONG(turn), begun)
            return begun
        before, body, after = b.block, b.append_basic_block("turn"), b.append_basic_block("summed")
        b.branch(body)
        b.position_at_end(body)
        turn = b.phi(_LONG)
        turn.add_incoming(_LONG(0), before)
        kept = [[b.phi(DOT.sums) for _ in range(2)] for _ in starts]
        found = self._turns(codes, inputs, parts, turn, kept)
        for row, old, new in zip(begun, kept, found, strict=True):
            for half in range(2):
                old[half].add_incoming(row[half], before)
                old[half].add_incoming(new[half], b.block)
        following = b.add(turn, _LONG(together))
        turn.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, _LONG(4)), body, after)
        b.position_at_end(after)
        return found

    def _turns(
        self, codes: Any, inputs: Any, parts: tuple[int, ...], turn: Any, found: list[list[Any]]
    ) -> list[list[Any]]:
        """One quad, or two for 6 bits, of each of the `parts`, added to what was `found`."""
        b = self._b
        found = list(found)
        quads = 1 if self._format is FOUR else 2
        lines = -(-self._format.nbytes * DOT.panel // BLOCKS // _LINE // (4 // quads * 2 // len(parts)))
        for line in range(lines):
            at = b.add(b.mul(turn, _LONG(lines * _LINE // quads)), _LONG(line * _LINE))
            _call_from_memory(b, _at(b, b.add(self._ahead[parts[0]], at), 0, _BYTE))
        for more in range(quads):
            for high in parts:
                panel = [DOT.widened(b, half) for half in self._codes(codes, turn, more, high)]
                first = b.add(turn, _LONG(4 * high + more))
                row_of = b.add(inputs, b.mul(first, _LONG(self._count * self._row_bytes)))
                for row in range(self._count):
                    spread = DOT.spread(b, b.add(row_of, _LONG(row * self._row_bytes)))
                    found[row] = [
                        DOT.add(b, total, half, spread) for total, half in zip(found[row], panel, strict=True)
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

    def _codes(self, codes: Any, turn: Any, more: int, high: int) -> list[Any]:
        """A quad's codes of both halves, a byte each."""
        b, size = self._b, 4 * DOT.panel
        low = _panel_of(b, b.add(codes, b.mul(b.add(turn, _LONG(more)), _LONG(size))))
        low = [b.lshr(half, _bytes(4)) if high else b.and_(half, _bytes(15)) for half in low]
        if self._format is FOUR:
            return low
        upper = _panel_of(b, b.add(codes, b.mul(b.add(_LONG(8), turn), _LONG(size // 2))))
        place = 2 * (2 * more + high)
        if place < 4:
            upper = [b.shl(half, _bytes(4 - place)) for half in upper]
        elif place > 4:
            upper = [b.lshr(half, _bytes(place - 4)) for half in upper]
        return [b.or_(half, b.and_(two, _bytes(0x30))) for half, two in zip(low, upper, strict=True)]

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
