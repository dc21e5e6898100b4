"""The kernels for aarch64: exact sums in plain operations here, the instructions themselves, and all under emulation.

`ASSISTANT_AARCH64` is a command that starts an aarch64 Python with numba, torch and transformers on the emulated
processor whose name follows, like `qemu-aarch64 -L ROOT -cpu`, a script of that; `assistant guide performance` says
what is needed. Without it these tests are skipped.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assistant.core.errors import EngineError
from assistant.engine.inference import precision
from assistant.engine.inference.cpu_kernels import kernel_cache

pytest.importorskip("numba", reason="no numba for this processor")

HERE = Path(__file__).parent
EMULATOR = os.environ.get("ASSISTANT_AARCH64", "")
BLOCK_QUADS = 8
KINDS = tuple(kernel_cache.ARM_FEATURES)


def in_place(monkeypatch: pytest.MonkeyPatch, dot: Any) -> None:
    """`dot` is how the processor at hand multiplies."""
    from assistant.engine.inference.cpu_kernels import block_intrinsics, intrinsics, kernel_types

    for module in (intrinsics, block_intrinsics):
        monkeypatch.setattr(module, "DOT", dot)
    monkeypatch.setattr(kernel_types, "LARGEST_INPUT", 127)
    monkeypatch.setattr(kernel_types, "LARGEST_QUADS", 16384)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_products_are_exact_in_plain_operations(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    import test_block_products
    import test_cpu_kernels
    from other_kernels import PLAIN

    in_place(monkeypatch, PLAIN[kind]())
    for tests in (test_cpu_kernels, test_block_products):
        multiplied = tests.compiled_multiply()
        for extreme in (False, True):
            tests.test_products_are_exact(multiplied, extreme)


def assembly(bits: int, features: str, rows: int) -> str:
    """Of the tiles of 1 to so many rows, for an aarch64 with these features."""
    from llvmlite import binding, ir

    from assistant.engine.inference.cpu_kernels import block_intrinsics, intrinsics
    from assistant.engine.inference.k_quants import FORMATS

    intrinsics.DOT.rows = rows
    triple = "aarch64-unknown-linux-gnu"
    module = ir.Module()
    module.triple = triple
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * (5 if bits == 8 else 6))
    function = ir.Function(module, kind, "tiles")
    b = ir.IRBuilder(function.append_basic_block())

    def code_for(b: Any, count: int) -> Any:
        if bits == 8:
            return partial(intrinsics._tile, b, count)
        return block_intrinsics._Tile(b, FORMATS[bits], count).loop

    intrinsics.for_each_count(b, function.args, code_for)
    b.ret_void()
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(triple).create_target_machine(features=features, opt=3)
    made = binding.parse_assembly(str(module))
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(made, passes)
    return str(machine.emit_assembly(made))


@pytest.mark.parametrize("kind", KINDS)
def test_the_instructions_are_those_of_the_processor(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """As many as the products take, hardly anything on the stack, and without a call."""
    from assistant.engine.inference.cpu_kernels import intrinsics

    in_place(monkeypatch, intrinsics.KINDS[kind]())
    rows, features = intrinsics.DOT.rows, ",".join(f"+{name}" for name in kernel_cache.ARM_FEATURES[kind])
    name, a_turn = ("usmmla", 8) if kind == "neon-i8mm" else ("sdot", 4)
    each = [-(-count // 2) if kind == "neon-i8mm" else count for count in range(1, rows + 1)]
    eight = assembly(8, features, rows)
    assert eight.count(f"\t{name}\t") == a_turn * sum(each)
    # LLVM reads a register or two ahead of need where 24 hold sums of USMMLA.
    assert len(re.findall(r"\b(?:str|ldr|stp|ldp)\tq.*\[sp", eight)) <= 8
    for bits in (4, 6):
        blocks = assembly(bits, features, 1)
        assert blocks.count(f"\t{name}\t") == BLOCK_QUADS * 4, "each of a block's quads, written out"
        assert "\tbl\t" not in blocks and "\tfmla" in blocks


@pytest.mark.parametrize(
    ("found", "kind"),
    [((), ""), (("dotprod",), "neon-dotprod"), (("dotprod", "i8mm"), "neon-i8mm"), (("i8mm",), "")],
)
def test_the_kind_is_what_the_system_says(
    monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...], kind: str
) -> None:
    """Chosen by `auto`; where there is none, bfloat16, and a line for those who ask for 8 bits."""
    monkeypatch.setattr(kernel_cache.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(kernel_cache, "arm_features", lambda: frozenset(found))
    monkeypatch.setattr(kernel_cache, "instructions", kernel_cache.instructions.__wrapped__)
    monkeypatch.setattr(precision, "torch_is_exact", lambda: False)
    assert kernel_cache.instructions() == kind
    assert kernel_cache.panel() == (16 if kind else 0)
    config = SimpleNamespace(
        model_type="qwen2", hidden_act="silu", hidden_size=64, intermediate_size=64, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    assert precision.choose(config, "cpu") == ("int8" if kind else "bfloat16")
    if not kind:
        with pytest.raises(EngineError, match="FEAT_DotProd"):
            precision.choose(config, "cpu", "int8")


def run_script(command: list[str], folder: Path) -> tuple[list[str], Any]:
    """What `emulated_kernels` says, and the logits, if any."""
    kept = folder / "logits.npz"
    words = [*command, str(HERE / "emulated_kernels.py"), str(folder / "kernels"), str(kept)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr[-2000:]
    return said.stdout.splitlines(), np.load(kept) if kept.exists() else None


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Logits of this processor's kernels."""
    return run_script([sys.executable], tmp_path_factory.mktemp("native"))[1]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not EMULATOR, reason="ASSISTANT_AARCH64 names no emulator")
@pytest.mark.parametrize(
    ("processor", "kind"), [("max", "neon-i8mm"), ("cortex-a76", "neon-dotprod"), ("cortex-a72", "none")]
)
def test_an_emulated_processor_computes_the_same(
    native: Any, tmp_path: Path, processor: str, kind: str
) -> None:
    """Exact products, and steps as far from this processor's as the order of float sums takes them."""
    said, logits = run_script([*shlex.split(EMULATOR), processor], tmp_path)
    assert said[0] == kind
    if kind == "none":
        assert kernel_cache.NEEDED in said[1]
        return
    for format_ in ("int8", "q4"):
        ours, theirs = logits[format_], native[format_]
        assert np.median(abs(ours - theirs)) < 1e-4 * theirs.std()
        assert np.array_equal(ours.argmax(1), theirs.argmax(1))
