"""The process that compiles the kernels: it takes one step with a tiny model, whose types are those of any."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.cpu_kernels.forward import NativeForward
from assistant.engine.inference.linear import Int8Linear
from assistant.engine.inference.llama import Llama, LlamaBlock

_WIDTH, _HEADS = 64, 2


def main() -> None:
    """Compile into `kernel_cache.folder()`."""
    torch.set_num_threads(1)
    forward = NativeForward(_tiny())
    forward([[1, 2]], forward.new_cache(1, 2), [1])
    kernel_cache.mark_compiled()


def _tiny() -> Llama:
    size = _WIDTH // _HEADS
    config = SimpleNamespace(num_attention_heads=_HEADS, num_key_value_heads=1, rms_norm_eps=1e-6)
    norm = torch.ones(_WIDTH)
    block = LlamaBlock(
        attention_norm=norm,
        query_key_value=_product(_WIDTH + 2 * size, _WIDTH),
        query_norm=torch.ones(size),
        key_norm=torch.ones(size),
        output=_product(_WIDTH, _WIDTH),
        feed_norm=norm,
        gate_up=_product(2 * _WIDTH, _WIDTH),
        down=_product(_WIDTH, _WIDTH, fine=True),
    )
    return Llama(
        config=config,
        generation_config=None,
        embedding=torch.zeros(8, _WIDTH),
        blocks=[block],
        norm=norm,
        head=_product(8, _WIDTH),
        frequencies=torch.ones(size // 2),
        rotary_scale=1.0,
        precision="int8",
        dtype=torch.float32,
    )


def _product(out: int, width: int, *, fine: bool = False) -> Int8Linear:
    return Int8Linear(torch.zeros(out, width, dtype=torch.int8), torch.ones(out), fine=fine)


if __name__ == "__main__":
    main()
