"""The kernels of the processor that runs this, real or emulated: `python emulated_kernels.py KERNELS LOGITS`.

Compiles into the folder KERNELS, compares products with exact sums, and writes into the file LOGITS (npz) what steps
of small models come to, whose weights are the same on every machine. Prints the kind of the kernels; without any,
what is said to whoever asks for 8 bits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from assistant.core.errors import EngineError
from assistant.engine.inference import precision
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.linear import Int8Linear
from assistant.engine.inference.llama import Llama, LlamaBlock

WIDTH, HEADS, GROUPS, VOCABULARY = 256, 8, 2, 200
SIZE = WIDTH // HEADS
PROMPT = [(7 * place) % VOCABULARY for place in range(13)]
FOLLOWING = (5, 60, 199)


def model() -> Llama:
    """Two layers in 8 bits, of the shape of Qwen 2."""
    random = np.random.default_rng(0)

    def product(out: int, width: int, *, bias: bool = False, fine: bool = False) -> Int8Linear:
        weight = torch.from_numpy(random.integers(-127, 128, (out, width)).astype(np.int8))
        scale = torch.from_numpy(random.uniform(0.5, 1.5, out).astype(np.float32) * 0.03 / 64)
        kept = torch.from_numpy(random.normal(0, 0.5, out).astype(np.float32)) if bias else None
        return Int8Linear(weight, scale, kept, fine=fine)

    def block() -> LlamaBlock:
        return LlamaBlock(
            attention_norm=torch.ones(WIDTH),
            query_key_value=product(WIDTH + 2 * GROUPS * SIZE, WIDTH, bias=True),
            query_norm=None,
            key_norm=None,
            output=product(WIDTH, WIDTH),
            feed_norm=torch.ones(WIDTH),
            gate_up=product(4 * WIDTH, WIDTH),
            down=product(WIDTH, 2 * WIDTH, fine=True),
        )

    return Llama(
        config=SimpleNamespace(num_attention_heads=HEADS, num_key_value_heads=GROUPS, rms_norm_eps=1e-6),  # type: ignore[arg-type]
        generation_config=None,
        embedding=torch.from_numpy(random.normal(0, 1, (VOCABULARY, WIDTH)).astype(np.float32)),
        blocks=[block(), block()],
        norm=torch.ones(WIDTH),
        head=product(VOCABULARY, WIDTH),
        frequencies=torch.from_numpy((10_000.0 ** -np.arange(0, 1, 2 / SIZE)).astype(np.float32)),
        rotary_scale=1.0,
        precision="int8",
        dtype=torch.float32,
    )


def in_blocks(found: Llama) -> Llama:
    """The same with weights of 4 bits, of 6, and of both."""
    from test_block_products import in_blocks as arranged

    from assistant.engine.inference.cpu_kernels.kernel_types import PANEL

    found.precision = "q4"
    for layer, block in enumerate(found.blocks):
        block.query_key_value = arranged(block.query_key_value, (4, 6), PANEL, 10 * layer)
        block.gate_up = arranged(block.gate_up, (4,), PANEL, 10 * layer + 3)
        block.down = arranged(block.down, (4 + 2 * layer,), PANEL, 10 * layer + 5)
    found.head = arranged(found.head, (6,), PANEL, 7)
    return found


def logits(found: Llama) -> Any:
    """[steps' tokens, vocabulary]: of a prompt at once, then of some tokens one by one, in two threads."""
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    forward = NativeForward(found)
    cache = forward.new_cache(1, 32)
    steps = [PROMPT, *([token] for token in FOLLOWING)]
    return np.concatenate([forward([ids], cache, [len(ids)])[0].numpy() for ids in steps])


def check_products() -> None:
    import test_block_products
    import test_cpu_kernels

    for tests in (test_cpu_kernels, test_block_products):
        multiplied = tests.compiled_multiply()
        for extreme in (False, True):
            tests.test_products_are_exact(multiplied, extreme)


def refusal() -> str:
    """What is said to whoever asks for 8 bits; automatically it is bfloat16."""
    config = SimpleNamespace(
        model_type="qwen2", hidden_act="silu", hidden_size=64, intermediate_size=64, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    assert precision.choose(config, "cpu") == "bfloat16"
    try:
        return precision.choose(config, "cpu", "int8")
    except EngineError as error:
        return str(error)


def main() -> None:
    kind = kernel_cache.instructions()
    print(kind or "none", flush=True)
    if not kind:
        print(refusal())
        return
    kernel_cache.folder = lambda: Path(sys.argv[1])  # type: ignore[assignment]
    torch.set_num_threads(2)
    check_products()
    print("products are exact", flush=True)
    np.savez(sys.argv[2], int8=logits(model()), q4=logits(in_blocks(model())))
    print("stepped")


if __name__ == "__main__":
    main()
