"""The compiled 8-bit step: exact products, the same bits in every process, compiled once and given up cleanly."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from decoding_kit import prompt_of, tiny_model

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.forward import forward_for
from assistant.engine.inference.linear import Int8Linear
from assistant.engine.inference.llama_forward import RaggedForward
from assistant.engine.inference.llama_weights import build

IDS = prompt_of("def add(a, b):\n    return a + b\n" * 4)
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not kernel_cache.instructions(), reason="no kernels of our own for this processor"
)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    assert kernel_cache.compile_once()


def compiled_multiply() -> Any:
    """`multiply` as a function of addresses."""
    from numba import njit

    from assistant.engine.inference.cpu_kernels.intrinsics import multiply

    @njit
    def call(weights: int, inputs: int, quads: int, sums: int, rows: int) -> None:
        multiply(weights, inputs, quads, sums, rows)

    return call


@pytest.fixture(scope="module")
def multiplied() -> Any:
    return compiled_multiply()


@pytest.mark.slow
@pytest.mark.parametrize("extreme", [False, True])
def test_products_are_exact(multiplied: Any, extreme: bool) -> None:
    from assistant.engine.inference.cpu_kernels.intrinsics import DOT
    from assistant.engine.inference.cpu_kernels.kernel_types import LARGEST_INPUT, LARGEST_QUADS
    from assistant.engine.inference.cpu_kernels.weight_layout import aligned

    random, quads = np.random.default_rng(0), LARGEST_QUADS if extreme else 256
    for rows in range(1, DOT.rows + 1):
        weights, inputs = aligned((quads, DOT.panel, 4), np.uint8), aligned((quads, rows, 4), DOT.input)
        sums = aligned((DOT.rows, DOT.panel), np.int32)
        weights[:] = 255 if extreme else random.integers(1, 256, weights.shape)
        inputs[:] = -LARGEST_INPUT if extreme else random.integers(-127, 128, inputs.shape)
        multiplied(weights.ctypes.data, inputs.ctypes.data, quads, sums.ctypes.data, rows)
        meant = weights.astype(np.int64) - 128 + DOT.zero
        expected = np.einsum("qrk,qpk->rp", inputs.astype(np.int64), meant)
        assert np.array_equal(sums[:rows], expected) and not sums[rows:].any(), rows


class WrittenOut:
    """What `Int8Linear` says it does, in float64 and with exact sums."""

    def __init__(self, product: Int8Linear) -> None:
        self._tensors = product.tensors()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        weight, scale = (self._tensors[name].double() for name in ("weight", "scale"))
        step = x.double().abs().amax(dim=-1, keepdim=True) / 127
        scaled = x.double() / step
        inputs = scaled.round()
        if "fine" in self._tensors:
            inputs += ((scaled - inputs) * 254).round() / 254
        return (inputs @ weight.t() * scale * step + self._tensors.get("bias", 0.0)).float()

    def prepare(self) -> None:
        pass

    def tensors(self) -> dict[str, torch.Tensor]:
        return self._tensors


def difference_from_float64(kind: str, inner: int, open_forward: Callable[[Any], Any]) -> float:
    """Median difference of the logits from those of `WrittenOut` products, over their spread."""
    model, plain = (build(tiny_model(kind, inner=inner), "int8") for _ in range(2))
    for block in plain.blocks:
        for name in ("query_key_value", "output", "gate_up", "down"):
            setattr(block, name, WrittenOut(getattr(block, name)))
    plain.head = WrittenOut(plain.head)  # type: ignore[arg-type]
    ways = open_forward(model), RaggedForward(plain)
    [ours], [expected] = (way([IDS], way.new_cache(1, 64), [len(IDS)]) for way in ways)
    return float((ours - expected).abs().median() / expected.std())


# Here and there a number falls on the other side of a half, which moves all after it by a step; not most.
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "inner"), [("qwen2", 128), ("llama", 128), ("qwen3", 128), ("qwen2", 1056)])
def test_a_step_does_what_is_written_out_in_float64(kind: str, inner: int) -> None:
    assert difference_from_float64(kind, inner, forward_for) < 1e-4


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_kernels_of_the_other_kind_of_processor_do_the_same(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "other_kernels.py"), str(tmp_path)]
    assert float(subprocess.check_output(command, text=True)) < 1e-4


@pytest.mark.slow
def test_the_tiles_of_processors_with_avx_vnni_are_exact(tmp_path: Path) -> None:
    from llvmlite import binding

    if not binding.get_host_cpu_features().get("avxvnni"):
        pytest.skip("this processor has no AVX-VNNI")
    subprocess.check_call([sys.executable, str(HERE / "other_kernels.py"), str(tmp_path), "avx-vnni"])


def _digest(threads: int = 1) -> str:
    torch.set_num_threads(threads)
    forward = forward_for(build(tiny_model("qwen2"), "int8"))
    [logits] = forward([IDS], forward.new_cache(1, 64), [len(IDS)])
    return hashlib.sha256(logits.numpy().tobytes()).hexdigest()


@pytest.mark.slow
def test_every_process_says_the_same_bits_and_none_compiles_again() -> None:
    from tests.thoroughness import THOROUGH

    program = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[2])!r}]
from test_cpu_kernels import _digest
from assistant.engine.inference.cpu_kernels import kernels
kept = kernels.step, kernels.head, kernels.interleave
for threads in sys.argv[1:]:
    print(_digest(int(threads)), sum(sum(one.stats.cache_misses.values()) for one in kept))
"""
    command = [sys.executable, "-c", program]
    processes = [["1"], ["2"], ["3"]] if THOROUGH else [["2", "1", "3"]]
    said = "".join(subprocess.check_output([*command, *threads], text=True) for threads in processes)
    assert said.splitlines() == [f"{_digest()} 0"] * 3


def test_compiling_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Exception):
        pass

    started: list[Any] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> Any:
        started.append(popen(*arguments, **options))
        return started[-1]

    def stop() -> None:
        raise Stop

    monkeypatch.setattr(kernel_cache, "is_compiled", lambda: False)
    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(Stop):
        kernel_cache.compile_once(stop)
    assert started[0].returncode is not None


def test_where_compiling_fails_torch_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "is_compiled", lambda: False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert not kernel_cache.compile_once()
    assert isinstance(forward_for(build(tiny_model("qwen2"), "int8")), RaggedForward)
