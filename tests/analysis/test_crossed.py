"""Trials that share persons and problems: known answers, statsmodels' covariance, and coverage."""

from __future__ import annotations

import random
from math import exp

import pytest

from assistant.core.stats.crossed import crossed_difference, crossed_variance, crossed_wilson
from assistant.core.stats.proportion import clustered_wilson, wilson

numpy = pytest.importorskip("numpy")
sandwich = pytest.importorskip("statsmodels.stats.sandwich_covariance")
regression = pytest.importorskip("statsmodels.regression.linear_model")


def test_the_variance_is_that_of_statsmodels() -> None:
    """The mean of crossed values is a regression on a constant, clustered two ways."""
    chance = numpy.random.default_rng(4)
    problems, persons = chance.integers(0, 9, 70), chance.integers(0, 6, 70)
    values = chance.normal(size=9)[problems] + chance.normal(size=6)[persons] + chance.normal(size=70)
    fitted = regression.OLS(values, numpy.ones(70)).fit()
    _, first, second = sandwich.cov_cluster_2groups(fitted, problems, persons, use_correction=False)
    cells = sandwich.cov_cluster(fitted, problems * 10 + persons, use_correction=False)
    found = crossed_variance((values - values.mean()) / 70, list(problems), list(persons))
    expected = first.item() * 9 / 8 + second.item() * 6 / 5 - cells.item()
    assert found.value == pytest.approx(max(expected, first.item() * 9 / 8, second.item() * 6 / 5))
    assert 1 <= found.freedom <= 8


def test_one_person_is_clustered_by_problem_and_single_trials_are_plain() -> None:
    cells = {(f"p{n}", "a"): (float(n % 3), 2) for n in range(12)}
    assert crossed_wilson(cells) == pytest.approx(clustered_wilson(list(cells.values())))
    single = {(f"p{n}", f"a{n}"): (float(n < 17), 1) for n in range(50)}
    assert crossed_wilson(single) == wilson(17, 50)
    assert crossed_wilson({}) == (0.0, 1.0)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (12, 0), (0, 12), (3, 2)])
def test_a_difference_has_a_width_also_where_all_pairs_are_alike(better: int, worse: int) -> None:
    signs = [1] * better + [-1] * worse + [0] * (12 - better - worse)
    cells = {(f"p{n}", "a"): (float(sign), 1) for n, sign in enumerate(signs)}
    interval = crossed_difference(cells, better, worse)
    assert interval is not None
    low, high = interval
    assert high - low > 0.1
    assert -1 <= low <= (better - worse) / 12 <= high <= 1
    assert crossed_difference({("p", "a"): (1.0, 3)}, 1, 0) is None


@pytest.mark.slow
def test_intervals_cover_people_who_differ_where_those_by_problem_do_not() -> None:
    """300 studies of 8 persons and 20 problems; the words of each person solve at a rate of their own."""
    chance = random.Random("crossed")
    by_both = by_problem = lifts = 0
    for _ in range(300):
        skill = [chance.gauss(0, 1.0) for _ in range(8)]
        ease = [chance.gauss(0, 0.5) for _ in range(20)]
        cells, pairs = {}, {}
        for n, easy in enumerate(ease):
            control = chance.random() < _logistic(easy)
            for who, good in enumerate(skill):
                solved = chance.random() < _logistic(easy + good)
                cells[f"p{n}", f"a{who}"] = (float(solved), 1)
                pairs[f"p{n}", f"a{who}"] = (float(solved) - control, 1)
        clusters = [(sum(cells[f"p{n}", f"a{who}"][0] for who in range(8)), 8) for n in range(20)]
        low, high = crossed_wilson(cells)
        by_both += low <= 0.5 <= high
        low, high = clustered_wilson(clusters)
        by_problem += low <= 0.5 <= high
        differences = [difference for difference, _ in pairs.values()]
        interval = crossed_difference(pairs, differences.count(1), differences.count(-1))
        assert interval is not None
        lifts += interval[0] <= 0 <= interval[1]
    assert 0.92 <= by_both / 300 <= 0.985
    assert 0.92 <= lifts / 300 <= 0.985
    assert by_problem / 300 < 0.88


def _logistic(value: float) -> float:
    return 1 / (1 + exp(-value))
