"""Exact tests, tries without a person, agreement and spread, against their published or packaged twins."""

from __future__ import annotations

from itertools import combinations, permutations, product
from statistics import fmean

import pytest

from assistant.core.stats.agreement import cohen_kappa, krippendorff_alpha, masi
from assistant.core.stats.exact_tests import holm, mcnemar_exact, sign_test
from assistant.core.stats.pass_at_k import expected_tries, unsolved_after
from assistant.core.stats.random_effects import spread_between

pytest.importorskip("scipy")
statsmodels = pytest.importorskip("statsmodels")


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (15, 13), (30, 8), (0, 12)])
def test_mcnemar_is_that_of_statsmodels(first: int, second: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    expected = mcnemar([[40, first], [second, 30]], exact=True).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected)


def test_sign_test_leaves_ties_out() -> None:
    assert sign_test([1, 2, 0, 0, 3, 0.5, -1]) == pytest.approx(mcnemar_exact(4, 1))


@pytest.mark.slow
def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    for values in ([0.01], [0.04, 0.01, 0.03, 0.5], [0.2, 0.2, 0.001, 0.9, 0.02]):
        assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])
    assert holm([]) == []


def test_unsolved_tries_by_drawing_them_all() -> None:
    for made, solved, tries in product(range(1, 6), range(6), range(6)):
        if solved > made or tries > made:
            continue
        drawn = list(combinations([True] * solved + [False] * (made - solved), tries))
        assert unsolved_after(tries, solved, made) == pytest.approx(fmean(not any(d) for d in drawn))
    with pytest.raises(ValueError, match="cannot be drawn"):
        unsolved_after(3, 1, 2)


def test_expected_tries_by_drawing_them_all() -> None:
    answers = [True, False, False, True, False]
    for most in range(1, 6):
        orders = list(permutations(answers, most))
        spent = [next((i + 1 for i, right in enumerate(order) if right), most) for order in orders]
        assert expected_tries(most, 2, 5) == pytest.approx(fmean(spent))


def test_alpha_of_the_published_example() -> None:
    """Four observers, twelve units (Krippendorff 2011, example C): nominal alpha is 0.743."""
    rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [[row[i] for row in rows if row[i] is not None] for i in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha([[1, 1], [2, 2], [3]]) == 1.0
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None


def test_kappa_is_that_of_statsmodels() -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert cohen_kappa(pairs) == pytest.approx(cohens_kappa([[20, 5], [10, 15]]).kappa)
    assert cohen_kappa([]) is None
    assert cohen_kappa([("a", "a")]) is None


def test_masi_distances_of_known_answer() -> None:
    ab, a, c, bc = (frozenset(letters) for letters in ("ab", "a", "c", "bc"))
    assert masi(ab, ab) == 0
    assert masi(a, c) == 1
    assert masi(ab, a) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert masi(ab, bc) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi(frozenset(), a) == 1


def test_spread_is_that_of_statsmodels() -> None:
    import numpy as np
    from statsmodels.stats.meta_analysis import combine_effects

    effects, variances = [0.1, 0.35, -0.05, 0.4, 0.22], [0.01, 0.02, 0.015, 0.01, 0.03]
    theirs = combine_effects(np.array(effects), np.array(variances), method_re="dl")
    ours = spread_between(effects, variances)
    assert ours.sd**2 == pytest.approx(theirs.tau2)
    assert ours.mean == pytest.approx(theirs.mean_effect_re)
    assert ours.q == pytest.approx(theirs.q)
