"""What numba's Python cannot say: the processor's 8-bit dot products, atomic counters, a thread's pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from assistant.engine.inference.cpu_kernels import kernel_cache

_LINE = 64  # bytes of a cache line
_AHEAD = 4096  # bytes: how far in front weights are called from memory
_BYTE, _SHORT, _INT, _LONG, _FLOAT = (
    ir.IntType(8),
    ir.IntType(16),
    ir.IntType(32),
    ir.IntType(64),
    ir.FloatType(),
)
_Values = list[Any]


@dataclass(frozen=True)
class Dot:
    """How a processor takes the sums of a tile: rows of inputs times a panel of weights, both in quads of four k."""

    panel: int
    """Output channels that are computed together: two registers of sums."""
    rows: int
    """Rows of inputs that are multiplied at once: with their sums, all registers are in use."""
    input: Any
    """The integers that inputs are rounded to."""
    unrolled: int
    """Quads in one turn of the loop: a cache line of weights or two."""
    sums: ir.VectorType
    """Of one register."""
    bytes: ir.VectorType
    """Weights as they lie in memory for one register."""
    widened: Callable[[ir.IRBuilder, Any], Any]
    """Such bytes as `add` takes them."""
    spread: Callable[[ir.IRBuilder, Any], Any]
    """A row's quad of inputs at an address, again and again in one register."""
    add: Callable[[ir.IRBuilder, Any, Any, Any], Any]
    """(sums, weights, inputs) -> sums."""
    finish: Callable[[ir.IRBuilder, Any, Any], Any]
    """A row's two registers of sums, as one vector of a sum per channel."""


def _wide() -> Dot:
    """AVX-512 VNNI: 64 products an instruction; none saturates."""
    return _four_products(channels=16, rows=12)


def _half_wide() -> Dot:
    """AVX-VNNI: 32 products an instruction, as processors without AVX-512 have it."""
    return _four_products(channels=8, rows=6)


def _four_products(channels: int, rows: int) -> Dot:
    """Instructions that add four products to the sum of each of `channels`; none saturates."""
    sums = ir.VectorType(_INT, channels)
    name = f"llvm.x86.avx512.vpdpbusd.{channels * 32}"

    def widened(b: ir.IRBuilder, weights: Any) -> Any:
        return b.bitcast(weights, sums)

    def spread(b: ir.IRBuilder, at: Any) -> Any:
        return _repeated(b, b.load(_at(b, at, 0, _INT), align=4), channels)

    def add(b: ir.IRBuilder, found: Any, weights: Any, inputs: Any) -> Any:
        return b.call(_function(b, name, sums, [sums] * 3), [found, weights, inputs])

    def finish(b: ir.IRBuilder, low: Any, high: Any) -> Any:
        return _shuffled(b, low, high, range(2 * channels))

    bytes_read = ir.VectorType(_BYTE, 4 * channels)
    return Dot(2 * channels, rows, np.int8, 1, sums, bytes_read, widened, spread, add, finish)


def _narrow() -> Dot:
    """AVX2: 16 products an instruction, of 16-bit integers, as those of 8 bits would saturate."""
    sums, factors = ir.VectorType(_INT, 8), ir.VectorType(_SHORT, 16)

    def widened(b: ir.IRBuilder, weights: Any) -> Any:
        return b.zext(weights, factors)

    def spread(b: ir.IRBuilder, at: Any) -> Any:
        return b.bitcast(_repeated(b, b.load(_at(b, at, 0, _LONG), align=8), 4), factors)

    def add(b: ir.IRBuilder, found: Any, weights: Any, inputs: Any) -> Any:
        pairs = b.call(_function(b, "llvm.x86.avx2.pmadd.wd", sums, [factors] * 2), [weights, inputs])
        return b.add(found, pairs)

    def finish(b: ir.IRBuilder, low: Any, high: Any) -> Any:
        """A channel's sums are in pairs: the even and the odd two of each quad."""
        return b.add(_shuffled(b, low, high, range(0, 16, 2)), _shuffled(b, low, high, range(1, 16, 2)))

    return Dot(8, 6, np.int16, 2, sums, ir.VectorType(_BYTE, 16), widened, spread, add, finish)


KINDS = {"avx512-vnni": _wide, "avx-vnni": _half_wide, "avx2": _narrow}
DOT = KINDS.get(kernel_cache.instructions(), _narrow)()
"""Of the processor at hand."""


@intrinsic
def multiply(context: Any, weights: Any, inputs: Any, quads: Any, sums: Any, rows: Any) -> Any:
    """`sums` int32 [rows, panel] = over all k of inputs [k, rows] times weights uint8 [k, panel], exactly.

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
        choice.add_case(_LONG(count), block)
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
        kind = ir.FunctionType(ir.VoidType(), [_LONG] * len(given))
        b.call(b.inttoptr(values[0], kind.as_pointer()), given)
        return _NOTHING

    return types.void(types.intp, arguments), generate


def _tile(b: ir.IRBuilder, count: int, weights: Any, inputs: Any, quads: Any, sums: Any) -> None:
    """A loop over the quads, with all sums in registers."""
    bytes_of_panel, bytes_of_row = 4 * DOT.panel, 4 * np.dtype(DOT.input).itemsize
    before, body, after = b.block, b.append_basic_block("quad"), b.append_basic_block("sums")
    b.branch(body)
    b.position_at_end(body)
    quad, weight, row = b.phi(_LONG), b.phi(_LONG), b.phi(_LONG)
    started = [b.phi(DOT.sums) for _ in range(2 * count)]
    found: _Values = list(started)
    for offset in range(0, DOT.unrolled * bytes_of_panel, _LINE):
        _call_from_memory(b, _at(b, weight, _AHEAD + offset, _BYTE))
    for turn in range(DOT.unrolled):
        panel = [DOT.widened(b, half) for half in _panel_of(b, b.add(weight, _LONG(turn * bytes_of_panel)))]
        for index in range(count):
            spread = DOT.spread(b, b.add(row, _LONG((turn * count + index) * bytes_of_row)))
            for half in range(2):
                found[2 * index + half] = DOT.add(b, found[2 * index + half], panel[half], spread)
    strides = (1, bytes_of_panel, bytes_of_row * count)
    for variable, start, stride in zip(
        (quad, weight, row), (_LONG(0), weights, inputs), strides, strict=True
    ):
        variable.add_incoming(start, before)
        variable.add_incoming(b.add(variable, _LONG(DOT.unrolled * stride)), body)
    for old, new in zip(started, found, strict=True):
        old.add_incoming(ir.Constant(DOT.sums, [0] * DOT.sums.count), before)
        old.add_incoming(new, body)
    b.cbranch(b.icmp_signed("<", b.add(quad, _LONG(DOT.unrolled)), quads), body, after)
    b.position_at_end(after)
    for index in range(count):
        whole = DOT.finish(b, found[2 * index], found[2 * index + 1])
        b.store(whole, _at(b, sums, bytes_of_panel * index, whole.type), align=min(bytes_of_panel, _LINE))


def _panel_of(b: ir.IRBuilder, at: Any) -> _Values:
    """The bytes of a quad's weights at an address, for two registers."""
    size = DOT.bytes.count
    return [b.load(_at(b, at, size * half, DOT.bytes), align=size) for half in range(2)]


@intrinsic
def count_up(context: Any, address: Any) -> Any:
    """Add one to the int64 there, as no other thread does at the same time; returns what it was."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.atomic_rmw("add", _at(b, arguments[0], 0, _LONG), _LONG(1), "seq_cst")

    return types.intp(types.intp), generate


@intrinsic
def atomic_load(context: Any, address: Any) -> Any:
    """The int64 there, as other threads have written it."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.load_atomic(_at(b, arguments[0], 0, _LONG), "seq_cst", 8)

    return types.intp(types.intp), generate


@intrinsic
def atomic_store(context: Any, address: Any, value: Any) -> Any:
    """Write an int64 for other threads to see."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        b.store_atomic(arguments[1], _at(b, arguments[0], 0, _LONG), "seq_cst", 8)
        return _NOTHING

    return types.void(types.intp, types.intp), generate


@intrinsic
def pause(context: Any) -> Any:
    """A pause instruction, for a loop that waits for another thread."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, ___: Any) -> Any:
        b.call(_function(b, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return _NOTHING

    return types.void(), generate


@intrinsic
def cpu_yield(context: Any) -> Any:
    """Let another process have the core, when one waits for it (sched_yield)."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, ___: Any) -> Any:
        b.call(_function(b, "sched_yield", _INT, []), [])
        return _NOTHING

    return types.void(), generate


@intrinsic
def floats_at(context: Any, address: Any) -> Any:
    """A pointer to float32, for `numba.carray`."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return _at(b, arguments[0], 0, _FLOAT)

    return types.CPointer(types.float32)(types.intp), generate  # type: ignore[attr-defined]


@intrinsic
def nearest(context: Any, value: Any) -> Any:
    """A float32 rounded to a whole number, halves to the even one."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.call(_function(b, "llvm.rint.f32", _FLOAT, [_FLOAT]), arguments)

    return types.float32(types.float32), generate


@intrinsic
def from_bits(context: Any, bits: Any) -> Any:
    """The float32 with these bits."""

    def generate(_: Any, b: ir.IRBuilder, __: Any, arguments: Any) -> Any:
        return b.bitcast(arguments[0], _FLOAT)

    return types.float32(types.int32), generate


_NOTHING = ir.Constant(ir.IntType(8).as_pointer(), None)


def _at(b: ir.IRBuilder, address: Any, offset: int, kind: Any) -> Any:
    return b.inttoptr(b.add(address, _LONG(offset)), kind.as_pointer())


def _repeated(b: ir.IRBuilder, value: Any, times: int) -> Any:
    undefined = ir.Constant(ir.VectorType(value.type, times), ir.Undefined)
    return _shuffled(b, b.insert_element(undefined, value, _INT(0)), undefined, [0] * times)


def _shuffled(b: ir.IRBuilder, low: Any, high: Any, order: Sequence[int]) -> Any:
    return b.shuffle_vector(low, high, ir.Constant(ir.VectorType(_INT, len(order)), list(order)))


def _function(b: ir.IRBuilder, name: str, result: Any, parameters: list[Any]) -> Any:
    return cgutils.get_or_insert_function(b.module, ir.FunctionType(result, parameters), name)


def _call_from_memory(b: ir.IRBuilder, address: Any) -> None:
    fetch = _function(b, "llvm.prefetch.p0", ir.VoidType(), [_BYTE.as_pointer(), _INT, _INT, _INT])
    b.call(fetch, [address, _INT(0), _INT(3), _INT(1)])
