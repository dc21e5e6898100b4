"""The tensors of a GGUF file one at a time, as transformers would load them; the file may lie in several parts.

Imports torch and gguf; runs in the worker process only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from numpy.typing import NDArray

from assistant.engine.models.gguf_header import GgufHeader, GgufTensor

_CHUNK = 262_144
"""Weights that are held in 32 bits at once: they stay in the cache of a core."""
_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_BITS = {gguf.GGMLQuantizationType.Q4_K: 4, gguf.GGMLQuantizationType.Q6_K: 6}
_TURNED = "llama"
"""The architecture whose queries and keys llama.cpp stores in another order of rows."""


def gguf_name(name: str) -> str:
    """`model.layers.3.self_attn.q_proj.weight` is `blk.3.attn_q.weight`; an unknown name stays as it is."""
    stem, _, kind = name.rpartition(".")
    if stem.startswith("model.layers."):
        layer, _, part = stem.removeprefix("model.layers.").partition(".")
        return f"blk.{layer}.{_NAMES.get(part, part)}.{kind}"
    return f"{_NAMES.get(stem, stem)}.{kind}"


class JoinedFiles:
    """Files one after another as if they were one, mapped and not copied."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._parts: list[NDArray[np.uint8]] = [np.memmap(file, np.uint8, mode="r") for file in files]
        self._starts = np.cumsum([0, *(len(part) for part in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, start: int, size: int) -> NDArray[np.uint8]:
        """Bytes from `start` on; a copy only where they lie in several parts. Raises ValueError beyond the end."""
        if start + size > len(self):
            raise ValueError("the file ends before its tensors do")
        found = []
        while size:
            at = int(np.searchsorted(self._starts, start, side="right")) - 1
            piece = self._parts[at][start - int(self._starts[at]) :][:size]
            found.append(piece)
            start, size = start + len(piece), size - len(piece)
        return found[0] if len(found) == 1 else np.concatenate([*found, np.empty(0, np.uint8)])


class GgufTensors:
    """By transformers' names, in bfloat16."""

    def __init__(self, header: GgufHeader, data: JoinedFiles, config: Any) -> None:
        """`config` is transformers' own: the order of queries and keys depends on how many heads there are."""
        self._data, self._start = data, header.data_start
        self._tensors = {tensor.name: tensor for tensor in header.tensors}
        self._heads: dict[str, int] = {}
        if header.architecture == _TURNED:
            self._heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}

    def __contains__(self, name: str) -> bool:
        return gguf_name(name) in self._tensors

    def tensor(self, name: str) -> torch.Tensor:
        """Raises KeyError where there is none, ValueError for a kind of block that is unknown."""
        stored = self._tensors[gguf_name(name)]
        rows = self._rows(stored)
        width = stored.shape[-1]
        whole = torch.empty(len(rows), width, dtype=torch.bfloat16)
        step = max(1, _CHUNK // width)
        kind = gguf.GGMLQuantizationType(stored.kind)
        for at in range(0, len(rows), step):
            values = gguf.dequantize(rows[at : at + step], kind)
            whole[at : at + step] = torch.from_numpy(values if values.flags.writeable else values.copy())
        part = stored.name.split(".")[-2]
        if (heads := self._heads.get(part)) is not None:
            turned = whole.view(heads, -1, 2, width) if len(stored.shape) > 1 else whole.view(heads, -1, 2, 1)
            whole = turned.transpose(1, 2).contiguous()
        return whole.view(stored.shape)

    def block_bits(self, name: str) -> tuple[int, int]:
        """The bits of a weight, 0 where it is not in blocks of 4 or 6 bits, and the output channels."""
        stored = self._tensors[gguf_name(name)]
        kind = gguf.GGMLQuantizationType(stored.kind)
        return _BITS.get(kind, 0), stored.parameters // stored.shape[-1]

    def block_rows(self, name: str) -> NDArray[np.uint8]:
        """The bytes of the blocks [out, …]."""
        stored = self._tensors[gguf_name(name)]
        rows: NDArray[np.uint8] = self._rows(stored)
        if (heads := self._heads.get(stored.name.split(".")[-2])) is not None:
            rows = rows.reshape(heads, -1, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
        return rows

    def _rows(self, stored: GgufTensor) -> NDArray[Any]:
        """[rows, bytes of a row], or the numbers themselves where they are stored so."""
        kind = gguf.GGMLQuantizationType(stored.kind)
        block, size = gguf.GGML_QUANT_SIZES[kind]
        count = stored.parameters // stored.shape[-1]
        width = stored.shape[-1] // block * size
        found = self._data.read(self._start + stored.start, count * width).reshape(count, width)
        if kind == gguf.GGMLQuantizationType.F32:
            return found.view(np.float32)
        return found.view(np.float16) if kind == gguf.GGMLQuantizationType.F16 else found
