"""What numba's Python cannot say: the processor's 8-bit dot products, atomic counters, a thread's pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.cpu_kernels.dot_products import Avx2, Dot, Quad, avx512_vnni, avx_vnni
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
)
from assistant.engine.inference.cpu_kernels.neon_products import NeonDot, NeonMatrix

KINDS: dict[str, Callable[[], Dot]] = {
    "avx512-vnni": avx512_vnni,
    "avx-vnni": avx_vnni,
    "avx2": Avx2,
    "neon-i8mm": NeonMatrix,
    "neon-dotprod": NeonDot,
}
DOT = KINDS.get(kernel_cache.instructions(), Avx2)()
"""Of the processor at hand."""
if kernel_cache.is_arm():  # here, as numba asks once, before it compiles its first function
    config.CPU_FEATURES = kernel_cache.arm_target_features()


@intrinsic
def multiply(context: Any, weights: Any, inputs: Any, quads: Any, sums: Any, rows: Any) -> Any:
    """`sums` int32 [rows, panel] = over all k of inputs [k, rows] times weights uint8 [k, panel], exactly.

    The weights count as so much too high as `DOT.zero` says: 128 as they are stored, or nothing.
    Both stand in quads of four k: weights [quads, panel, 4], inputs [quads, rows, 4]. All are addresses; weights
    and sums at multiples of 64. `rows` goes up to `DOT.rows`; `quads` is a multiple of `DOT.unrolled`.
    """

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return for_each_count(b, arguments, lambda b, count: partial(_tile, b, count))

    return types.void(types.intp, types.intp, types.intp, types.intp, types.intp), generate


def for_each_count(
    b: ir.IRBuilder, arguments: Any, code_for: Callable[[ir.IRBuilder, int], Callable[..., None]]
) -> Any:
    """Machine code of its own for each number of rows, which is the last argument."""
    *addresses, rows = arguments
    done = b.append_basic_block("done")
    choice = b.switch(rows, done)
    for count in range(1, DOT.rows + 1):
        block = b.append_basic_block(f"rows{count}")
        choice.add_case(LONG(count), block)
        b.position_at_end(block)
        code_for(b, count)(*addresses)
        b.branch(done)
    b.position_at_end(done)
    return _NOTHING


@intrinsic
def call_at(context: Any, address: Any, arguments: Any) -> Any:
    """Call the function of int64s at an address; put in where it is called, it would be compiled in each place."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, values: Any) -> Any:
        given = cgutils.unpack_tuple(b, values[1])
        kind = ir.FunctionType(ir.VoidType(), [LONG] * len(given))
        b.call(b.inttoptr(values[0], kind.as_pointer()), given)
        return _NOTHING

    return types.void(types.intp, arguments), generate


def _tile(b: ir.IRBuilder, count: int, weights: Any, inputs: Any, quads: Any, sums: Any) -> None:
    """A loop over the quads, with all sums in registers."""
    bytes_of_panel, bytes_of_row = 4 * DOT.panel, 4 * np.dtype(DOT.input).itemsize
    zeros = DOT.begin(b, [None] * count)
    before, body, after = b.block, b.append_basic_block("quad"), b.append_basic_block("sums")
    b.branch(body)
    b.position_at_end(body)
    quad, weight, row = b.phi(LONG), b.phi(LONG), b.phi(LONG)
    started = [[b.phi(DOT.sums) for _ in registers] for registers in zeros]
    for offset in range(0, DOT.unrolled * bytes_of_panel, LINE):
        prefetch(b, pointer(b, weight, AHEAD + offset, BYTE))

    def weights_of(at: Any, part: int) -> Any:
        return DOT.from_weights(b, part_of(b, at, part))

    def turns() -> Iterator[Quad]:
        for turn in range(DOT.unrolled):
            at = b.add(weight, LONG(turn * bytes_of_panel))
            yield partial(weights_of, at), b.add(row, LONG(turn * count * bytes_of_row))

    found = DOT.add(b, started, turns(), count)
    strides = (1, bytes_of_panel, bytes_of_row * count)
    for variable, start, stride in zip((quad, weight, row), (LONG(0), weights, inputs), strides, strict=True):
        variable.add_incoming(start, before)
        variable.add_incoming(b.add(variable, LONG(DOT.unrolled * stride)), body)
    for registers in zip(zeros, started, found, strict=True):
        for zero, old, new in zip(*registers, strict=True):
            old.add_incoming(zero, before)
            old.add_incoming(new, body)
    b.cbranch(b.icmp_signed("<", b.add(quad, LONG(DOT.unrolled)), quads), body, after)
    b.position_at_end(after)
    for index in range(count):
        whole = DOT.finish(b, found, index)
        b.store(whole, pointer(b, sums, bytes_of_panel * index, whole.type), align=min(bytes_of_panel, LINE))


def part_of(b: ir.IRBuilder, at: Any, part: int) -> Any:
    """The bytes of a register of a quad's weights, which begin at an address."""
    size = DOT.bytes.count
    return b.load(pointer(b, at, size * part, DOT.bytes), align=size)


@intrinsic
def count_up(context: Any, address: Any) -> Any:
    """Add one to the int64 there, as no other thread does at the same time; returns what it was."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.atomic_rmw("add", pointer(b, arguments[0], 0, LONG), LONG(1), "seq_cst")

    return types.intp(types.intp), generate


@intrinsic
def atomic_load(context: Any, address: Any) -> Any:
    """The int64 there, as other threads have written it."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.load_atomic(pointer(b, arguments[0], 0, LONG), "seq_cst", 8)

    return types.intp(types.intp), generate


@intrinsic
def atomic_store(context: Any, address: Any, value: Any) -> Any:
    """Write an int64 for other threads to see."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        b.store_atomic(arguments[1], pointer(b, arguments[0], 0, LONG), "seq_cst", 8)
        return _NOTHING

    return types.void(types.intp, types.intp), generate


@intrinsic
def pause(context: Any) -> Any:
    """A pause instruction, for a loop that waits for another thread."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, ___: Any) -> Any:
        if kernel_cache.is_arm():  # its `yield` takes no time at all; this takes about as long as x86's pause
            b.call(function(b, "llvm.aarch64.isb", ir.VoidType(), [INT]), [INT(15)])
        else:
            b.call(function(b, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return _NOTHING

    return types.void(), generate


@intrinsic
def cpu_yield(context: Any) -> Any:
    """Let another process have the core, when one waits for it (sched_yield)."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, ___: Any) -> Any:
        b.call(function(b, "sched_yield", INT, []), [])
        return _NOTHING

    return types.void(), generate


@intrinsic
def floats_at(context: Any, address: Any) -> Any:
    """A pointer to float32, for `numba.carray`."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return pointer(b, arguments[0], 0, FLOAT)

    return types.CPointer(types.float32)(types.intp), generate  # type: ignore[attr-defined]


@intrinsic
def nearest(context: Any, value: Any) -> Any:
    """A float32 rounded to a whole number, halves to the even one."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.call(function(b, "llvm.rint.f32", FLOAT, [FLOAT]), arguments)

    return types.float32(types.float32), generate


@intrinsic
def from_bits(context: Any, bits: Any) -> Any:
    """The float32 with these bits."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.bitcast(arguments[0], FLOAT)

    return types.float32(types.int32), generate


_NOTHING = ir.Constant(ir.IntType(8).as_pointer(), None)
