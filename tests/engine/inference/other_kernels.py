"""The kernels that another kind of processor would take, run on this one: `python other_kernels.py FOLDER [KIND]`.

Prints how far a step is from the same written out in float64. Where the processor has AVX-512 VNNI these are the
kernels for AVX2. Otherwise they are those for VNNI, with its one instruction said in operations that any has.
With a KIND of `intrinsics.KINDS` only its products are compared with exact sums: one that this processor has, or one
of aarch64, whose instruction is said in plain operations on another.
`test_cpu_kernels` and `test_neon_products` run this in a process of its own, which compiles into FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from llvmlite import ir

from assistant.engine.inference.cpu_kernels import intrinsics, kernel_cache
from assistant.engine.inference.cpu_kernels.dot_products import Avx2, Vnni
from assistant.engine.inference.cpu_kernels.ir_values import BYTE, INT, shuffled
from assistant.engine.inference.cpu_kernels.neon_products import NeonDot, NeonMatrix


def _fours(b: ir.IRBuilder, sums: Any, products: Any) -> Any:
    """To each sum, its four products."""
    for k in range(4):
        sums = b.add(sums, shuffled(b, products, products, range(k, products.type.count, 4)))
    return sums


class PlainVnni(Vnni):
    """VPDPBUSD: to each 32-bit sum, four products of unsigned and signed bytes.

    Fewer rows in a tile, as compiling them all in plain operations takes a minute.
    """

    def __init__(self) -> None:
        super().__init__(channels=16, rows=4)

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        bytes_, wide = ir.VectorType(BYTE, 64), ir.VectorType(INT, 64)
        products = b.mul(b.zext(b.bitcast(weights, bytes_), wide), b.sext(b.bitcast(inputs, bytes_), wide))
        return _fours(b, sums, products)


class PlainNeonDot(NeonDot):
    """SDOT: the same of signed bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 3

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        wide = ir.VectorType(INT, 16)
        return _fours(b, sums, b.mul(b.sext(weights, wide), b.sext(inputs, wide)))


class PlainNeonMatrix(NeonMatrix):
    """USMMLA: sums[2 i + j] += the eight of unsigned row i times the eight of signed row j."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 3

    def _products(self, b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
        wide = ir.VectorType(INT, 4)
        for k in range(8):
            first = shuffled(b, weights, weights, (k, k, 8 + k, 8 + k))
            second = shuffled(b, inputs, inputs, (k, 8 + k, k, 8 + k))
            sums = b.add(sums, b.mul(b.zext(first, wide), b.sext(second, wide)))
        return sums


PLAIN = {"neon-dotprod": PlainNeonDot, "neon-i8mm": PlainNeonMatrix}


def _check_products(kind: str) -> None:
    intrinsics.DOT = (intrinsics.KINDS if kernel_cache.is_arm() else intrinsics.KINDS | PLAIN)[kind]()
    import test_block_products
    import test_cpu_kernels

    for tests in (test_cpu_kernels, test_block_products):
        multiplied = tests.compiled_multiply()
        for extreme in (False, True):
            tests.test_products_are_exact(multiplied, extreme)


def main() -> None:
    here = kernel_cache.instructions() == "avx512-vnni"
    kernel_cache.folder = lambda: Path(sys.argv[1])  # type: ignore[assignment]
    if len(sys.argv) > 2:
        _check_products(sys.argv[2])
        return
    intrinsics.DOT = Avx2() if here else PlainVnni()
    from test_block_products import difference_from_written_out
    from test_cpu_kernels import difference_from_float64

    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    far = [
        difference_from_float64(kind, inner, NativeForward)
        for kind, inner in (("qwen2", 1056), ("qwen3", 128))
    ]
    print(max(*far, difference_from_written_out("qwen2")))


if __name__ == "__main__":
    main()
