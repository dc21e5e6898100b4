"""Draws: right in distribution, and the same whatever surrounds them."""

from __future__ import annotations

import pytest
import torch

from assistant.core.generation import Sampling
from assistant.engine.inference.sampling import draw, uniform

DRAWS = 20_000


def _frequencies(logits: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    rows = logits.expand(DRAWS, -1)
    tokens = draw(rows, sampling, [3] * DRAWS, list(range(DRAWS)))
    return torch.bincount(torch.tensor(tokens), minlength=logits.shape[-1]) / DRAWS


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_the_probabilities(temperature: float) -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0, 1.5, -3.0]])
    expected = torch.softmax(logits[0] / temperature, -1)
    found = _frequencies(logits, Sampling(temperature=temperature))
    spread = (expected * (1 - expected) / DRAWS).sqrt()
    assert bool(((found - expected).abs() < 4.5 * spread + 1e-9).all())


def test_top_p_keeps_the_likeliest_that_reach_it_and_their_proportions() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    found = _frequencies(logits, Sampling(temperature=1.0, top_p=0.75))
    assert found[2:].sum() == 0
    assert found[0] == pytest.approx(0.5 / 0.8, abs=0.02)


def test_a_tiny_top_p_is_greedy() -> None:
    logits = torch.randn(50, 30)
    drawn = draw(logits, Sampling(temperature=1.0, top_p=1e-9), [1] * 50, list(range(50)))
    assert drawn == logits.argmax(-1).tolist()


def test_a_draw_depends_on_its_own_seed_and_position_only() -> None:
    logits = torch.randn(6, 1000)
    sampling = Sampling(temperature=1.0, top_p=0.95)
    together = draw(logits, sampling, [4, 5, 4, 6, 7, 5], [0, 1, 2, 3, 4, 5])
    backwards = draw(logits.flip(0), sampling, [5, 7, 6, 4, 5, 4], [5, 4, 3, 2, 1, 0])
    assert together == backwards[::-1]
    assert draw(logits[2:3], sampling, [4], [2]) == together[2:3]


def test_uniform_numbers_are_spread_evenly() -> None:
    numbers = torch.tensor([uniform(seed, at) for seed in range(40) for at in range(250)])
    counts = torch.histc(numbers, bins=20, min=0, max=1)
    assert float(((counts - 500) ** 2 / 500).sum()) < 50  # chi-square of 19 degrees: 50 is beyond 0.0001
