"""Attention of a few new tokens to a cached past, the same to the last bit however they are grouped."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from assistant.engine.inference.kv_cache import BLOCK

_FEWEST = 6  # query rows; with fewer, matrix products take another path, which sums in another order


def attend(queries: Tensor, keys: Tensor, values: Tensor, start: int) -> Tensor:
    """Causal grouped-query attention of one sequence.

    queries [new, heads, size] stand at positions start, start + 1, …; keys and values are the whole buffers
    [key heads, capacity, size] and hold what those may see. Returns [new, heads * size].

    Keys are taken in whole blocks, so that a token's sums run over the same partial sums whether it came
    alone, after a draft or within a long prompt: what is masked adds exact zeros.
    """
    new, heads, size = queries.shape
    groups, end = keys.shape[0], start + new
    length = min(-(-end // BLOCK) * BLOCK, keys.shape[1])
    rows = new * heads // groups
    grouped = queries.view(new, groups, -1, size).transpose(0, 1).reshape(groups, rows, size)
    if rows < _FEWEST:
        grouped = torch.cat([grouped, grouped.new_zeros(groups, _FEWEST - rows, size)], dim=1)
    scores = torch.bmm(grouped * size**-0.5, keys[:, :length].transpose(1, 2))
    recent = scores[:, :rows].view(groups, new, -1, length)[..., start:]
    recent.masked_fill_(_hidden(new, length - start), -torch.inf)
    weights = torch.softmax(scores, dim=-1)
    mixed = torch.bmm(weights[:, :, :BLOCK], values[:, :BLOCK])
    for at in range(BLOCK, length, BLOCK):
        mixed.baddbmm_(weights[:, :, at : at + BLOCK], values[:, at : at + BLOCK])
    return mixed[:, :rows].reshape(groups, new, -1, size).transpose(0, 1).reshape(new, heads * size)


@lru_cache(maxsize=64)  # all layers of a step ask for the same
def _hidden(new: int, length: int) -> Tensor:
    """[new, 1, length]: which of `length` keys come after the i-th of them."""
    return (torch.arange(length) > torch.arange(new).unsqueeze(1)).unsqueeze(1)


def attend_padded(queries: Tensor, keys: Tensor, values: Tensor, places: Tensor) -> Tensor:
    """The same for all rows of a batch at once; a query sees the keys up to its own place.

    queries [rows, new, heads, size], keys and values [rows, key heads, length, size], places [rows, new].
    Returns [rows, new, heads * size].
    """
    rows, new, heads, size = queries.shape
    groups, length = keys.shape[1], keys.shape[2]
    grouped = queries.view(rows, new, groups, -1, size).transpose(1, 2).reshape(rows, groups, -1, size)
    scores = torch.matmul(grouped * size**-0.5, keys.transpose(2, 3)).float()
    hidden = torch.arange(length, device=places.device) > places.unsqueeze(-1)
    scores.view(rows, groups, new, -1, length).masked_fill_(hidden[:, None, :, None], -torch.inf)
    mixed = torch.matmul(torch.softmax(scores, dim=-1).to(values.dtype), values)
    return mixed.view(rows, groups, new, -1, size).transpose(1, 2).reshape(rows, new, heads * size)
