"""The kernels that another kind of processor would take, run on this one: `python other_kernels.py FOLDER [KIND]`.

Prints how far a step is from the same written out in float64. Where the processor has AVX-512 VNNI these are the
kernels for AVX2. Otherwise they are those for VNNI, with its one instruction said in operations that any has.
With a KIND of `intrinsics.KINDS`, which this processor must know, only its products are compared with exact sums.
`test_cpu_kernels` runs this in a process of its own, which compiles into FOLDER.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from llvmlite import ir

from assistant.engine.inference.cpu_kernels import intrinsics, kernel_cache


def _add(b: ir.IRBuilder, sums: Any, weights: Any, inputs: Any) -> Any:
    """VPDPBUSD: to each 32-bit sum, four products of unsigned and signed bytes."""
    bytes_, wide = ir.VectorType(ir.IntType(8), 64), ir.VectorType(ir.IntType(32), 64)
    products = b.mul(b.zext(b.bitcast(weights, bytes_), wide), b.sext(b.bitcast(inputs, bytes_), wide))
    for k in range(4):
        sums = b.add(sums, intrinsics._shuffled(b, products, products, range(k, 64, 4)))
    return sums


def _check_products(kind: str) -> None:
    intrinsics.DOT = intrinsics.KINDS[kind]()
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
    # Fewer rows in a tile, as compiling them all in plain operations takes a minute.
    intrinsics.DOT = intrinsics._narrow() if here else replace(intrinsics._wide(), rows=4, add=_add)
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
