"""Wilson's interval against statsmodels, and whether intervals cover as they claim."""

from __future__ import annotations

from math import comb

import pytest

from assistant.core.stats.proportion import clustered_wilson, effective_trials, wilson

numpy = pytest.importorskip("numpy")
proportion = pytest.importorskip("statsmodels.stats.proportion")


@pytest.mark.parametrize(
    ("solved", "trials"), [(0, 1), (0, 20), (1, 3), (17, 50), (33, 50), (50, 50), (312, 974)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(solved: int, trials: int, confidence: float) -> None:
    expected = proportion.proportion_confint(solved, trials, alpha=1 - confidence, method="wilson")
    assert wilson(solved, trials, confidence) == pytest.approx(expected, abs=1e-12)


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == clustered_wilson([]) == (0.0, 1.0)


def test_wilson_covers_as_it_claims() -> None:
    """Exactly, by summing over every outcome of 50 trials: near 95% on average over true rates."""
    coverages = []
    for rate in numpy.linspace(0.05, 0.95, 46):
        inside = 0.0
        for solved in range(51):
            low, high = wilson(solved, 50)
            if low <= rate <= high:
                inside += comb(50, solved) * rate**solved * (1 - rate) ** (50 - solved)
        coverages.append(inside)
    assert numpy.mean(coverages) == pytest.approx(0.95, abs=0.01)
    assert min(coverages) > 0.90


def test_single_trials_are_plain_wilson() -> None:
    clusters = [(float(n < 17), 1) for n in range(50)]
    assert effective_trials(clusters) == 50
    assert clustered_wilson(clusters) == wilson(17, 50)


def test_effective_trials_of_known_answer() -> None:
    """Clusters that agree within themselves are worth one trial each; evenly mixed ones lose nothing."""
    agreeing = [(4.0, 4)] * 10 + [(0.0, 4)] * 10
    assert effective_trials(agreeing) == pytest.approx(19)
    assert effective_trials([(2.0, 4)] * 20) == 80
    assert effective_trials([(4.0, 4)] * 7) == 7


@pytest.mark.parametrize(
    ("problems", "annotators", "correlation"), [(12, 6, 0.3), (40, 5, 0.3), (40, 3, 0.6)]
)
def test_clustered_interval_covers_where_the_plain_one_does_not(
    problems: int, annotators: int, correlation: float
) -> None:
    random = numpy.random.default_rng(7)
    rate, runs = 0.4, 700
    scale = (1 - correlation) / correlation
    plain = clustered = 0
    for _ in range(runs):
        chances = random.beta(rate * scale, (1 - rate) * scale, problems)
        tries = random.integers(1, 2 * annotators, problems)
        pairs = list(zip(random.binomial(tries, chances).tolist(), tries.tolist(), strict=True))
        low, high = wilson(sum(x for x, _ in pairs), sum(n for _, n in pairs))
        plain += low <= rate <= high
        low, high = clustered_wilson(pairs)
        clustered += low <= rate <= high
    assert clustered / runs == pytest.approx(0.95, abs=0.025)
    assert plain / runs < 0.87
