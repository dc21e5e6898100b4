"""The clustered bootstrap against scipy's, and whether it covers as it claims."""

from __future__ import annotations

import pytest

from assistant.core.stats.bootstrap import cluster_bootstrap

numpy = pytest.importorskip("numpy")
stats = pytest.importorskip("scipy.stats")


def test_equal_clusters_are_a_mean_as_scipy_bootstraps_it() -> None:
    values = numpy.random.default_rng(3).normal(0.2, 0.5, 300)
    theirs = stats.bootstrap(
        (values,), numpy.mean, n_resamples=20_000, method="percentile", rng=numpy.random.default_rng(4)
    ).confidence_interval
    ours = cluster_bootstrap([(value, 1.0) for value in values], draws=20_000)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_the_same_data_give_the_same_interval() -> None:
    clusters = [(float(n % 3 - 1), 1.0 + n % 2) for n in range(40)]
    assert cluster_bootstrap(clusters) == cluster_bootstrap(clusters)


def test_one_cluster_says_nothing_of_others() -> None:
    with pytest.raises(ValueError, match="at least two"):
        cluster_bootstrap([(3.0, 5.0)])


@pytest.mark.slow
@pytest.mark.parametrize("problems", [12, 40])
def test_covers_a_paired_lift_clustered_by_problem(problems: int) -> None:
    """Pairs of one problem share what words do to it; the true lift of 0.2 is inside in 95% of studies."""
    random = numpy.random.default_rng(11)
    runs, inside, naive = 600, 0, 0
    for run in range(runs):
        clusters, everything = [], []
        for lift in random.uniform(-0.3, 0.7, problems):
            size = int(random.integers(1, 9))
            human, control = random.random(size) < 0.5 + lift / 2, random.random(size) < 0.5 - lift / 2
            differences = human.astype(int) - control.astype(int)
            clusters.append((float(differences.sum()), float(size)))
            everything += differences.tolist()
        low, high = cluster_bootstrap(clusters, draws=600, seed=run)
        inside += low <= 0.2 <= high
        half = 1.96 * float(numpy.std(everything, ddof=1)) / len(everything) ** 0.5
        naive += abs(float(numpy.mean(everything)) - 0.2) <= half
    assert inside / runs == pytest.approx(0.95, abs=0.03)
    assert naive / runs < 0.93
