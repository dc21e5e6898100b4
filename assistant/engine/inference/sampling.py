"""Drawing tokens so that a sample depends on its seed and position only, never on the batch it shared.

Each position has one uniform number, a hash of (seed, position); the token is found by inverting the
cumulative distribution at it. A drafted token is then right exactly when it equals the token drawn, which
accepts it with its own probability and otherwise redraws from the rest: speculative sampling
(Leviathan et al. 2023) for a draft that is certain, and the same tokens with a draft as without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.core.generation import Sampling

if TYPE_CHECKING:
    from torch import Tensor


def uniform(seed: int, position: int) -> float:
    """The number in (0, 1) that decides the token at `position` (counted from the first generated token)."""
    digest = hashlib.blake2b(f"{seed}:{position}".encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "little") >> 11) + 0.5) / (1 << 53)


def draw(logits: Tensor, sampling: Sampling, seeds: Sequence[int], positions: Sequence[int]) -> list[int]:
    """One token for each row of `logits` [rows, vocabulary], each with its own seed and position."""
    import torch

    if sampling.temperature <= 0:
        return [int(token) for token in logits.argmax(dim=-1).tolist()]
    probabilities = torch.softmax(logits.float() / sampling.temperature, dim=-1)
    if sampling.top_p < 1:
        probabilities = _nucleus(probabilities, sampling.top_p)
    # Doubles: 150,000 float32 additions would err by more than the smallest probabilities.
    cumulative = probabilities.cumsum(dim=-1, dtype=torch.float64)
    numbers = [uniform(seed, position) for seed, position in zip(seeds, positions, strict=True)]
    at = torch.tensor(numbers, dtype=torch.float64, device=logits.device).unsqueeze(1) * cumulative[:, -1:]
    tokens = torch.searchsorted(cumulative, at, right=True).squeeze(1)
    return [int(token) for token in tokens.tolist()]


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Zero all but the likeliest tokens whose probabilities together reach `top_p` (Holtzman et al. 2020)."""
    ordered, order = probabilities.sort(dim=-1, descending=True)
    outside = ordered.cumsum(dim=-1) - ordered >= max(top_p, 0.0)
    outside[..., 0] = False
    return probabilities.masked_fill(outside.scatter(-1, order, outside), 0.0)
