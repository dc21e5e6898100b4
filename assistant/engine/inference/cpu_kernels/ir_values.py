"""Short ways to write machine code as LLVM's intermediate representation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

LINE = 64
"""Bytes of a cache line."""
AHEAD = 4096
"""Bytes: how far in front weights are called from memory."""
BYTE, SHORT, INT, LONG, FLOAT = (
    ir.IntType(8),
    ir.IntType(16),
    ir.IntType(32),
    ir.IntType(64),
    ir.FloatType(),
)


def pointer(b: ir.IRBuilder, address: Any, offset: int, kind: Any) -> Any:
    """To a `kind` so many bytes from an address."""
    return b.inttoptr(b.add(address, LONG(offset)), kind.as_pointer())


def repeated(b: ir.IRBuilder, value: Any, times: int) -> Any:
    """A vector of the same value."""
    undefined = ir.Constant(ir.VectorType(value.type, times), ir.Undefined)
    return shuffled(b, b.insert_element(undefined, value, INT(0)), undefined, [0] * times)


def shuffled(b: ir.IRBuilder, low: Any, high: Any, order: Sequence[int]) -> Any:
    """The elements of two vectors, counted through, in an order."""
    return b.shuffle_vector(low, high, ir.Constant(ir.VectorType(INT, len(order)), list(order)))


def joined(b: ir.IRBuilder, vectors: Sequence[Any]) -> Any:
    """As many vectors of one length as a power of two, one after the other."""
    while len(vectors) > 1:
        order = range(2 * vectors[0].type.count)
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        vectors = [shuffled(b, low, high, order) for low, high in pairs]
    return vectors[0]


def function(b: ir.IRBuilder, name: str, result: Any, parameters: list[Any]) -> Any:
    """A function of that name: an instruction of the processor, or one of the C library."""
    return cgutils.get_or_insert_function(b.module, ir.FunctionType(result, parameters), name)


def prefetch(b: ir.IRBuilder, address: Any) -> None:
    """Call a cache line from memory."""
    fetch = function(b, "llvm.prefetch.p0", ir.VoidType(), [BYTE.as_pointer(), INT, INT, INT])
    b.call(fetch, [address, INT(0), INT(3), INT(1)])
