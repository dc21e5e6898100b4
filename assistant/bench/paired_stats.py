"""Paired differences: the same row under two groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.bench.aggregates import Group, RowTally
from assistant.core.problem import FrozenModel
from assistant.core.stats.bootstrap import cluster_bootstrap
from assistant.core.stats.exact_tests import mcnemar_exact, sign_test

Measured = Callable[[RowTally], float]


class Difference(FrozenModel):
    """First minus second over the rows that both have; the interval is a bootstrap over problems (None where no
    row differs: resampling without differing rows has no meaning).

    `p` is exact: McNemar's where each row is solved or not, else the sign test over rows.
    """

    rows: int
    problems: int
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    only_first: int
    """Rows on which the first is better."""
    only_second: int
    p: float


def solved_share(row: RowTally) -> float:
    """Share of the row's samples that pass the visible tests."""
    return row.solved / row.samples


def honest_share(row: RowTally) -> float:
    """Share of the row's samples that pass every test."""
    return row.honest / row.samples


def any_solved(row: RowTally) -> float:
    """1 where some sample passes the visible tests."""
    return float(row.solved > 0)


def any_honest(row: RowTally) -> float:
    """1 where some sample passes every test."""
    return float(row.honest > 0)


def difference_of(first: Group, second: Group, measured: Measured) -> Difference | None:
    """The difference; None where they have no row in common."""
    names = [name for name in first.rows if name in second.rows]
    if not names:
        return None
    a = [measured(first.rows[name]) for name in names]
    b = [measured(second.rows[name]) for name in names]
    differences = [x - y for x, y in zip(a, b, strict=True)]
    clusters = _by_problem([first.rows[name].problem for name in names], differences)
    better, worse = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    low, high = cluster_bootstrap(clusters) if len(clusters) > 1 and better + worse else (None, None)
    whole = all(value in (0.0, 1.0) for value in (*a, *b))
    return Difference(
        rows=len(names),
        problems=len(clusters),
        first=sum(a) / len(a),
        second=sum(b) / len(b),
        difference=sum(differences) / len(differences),
        low=low,
        high=high,
        only_first=better,
        only_second=worse,
        p=mcnemar_exact(better, worse) if whole else sign_test(differences),
    )


def _by_problem(problems: Sequence[str], values: Sequence[float]) -> list[tuple[float, float]]:
    sums: dict[str, tuple[float, float]] = {}
    for problem, value in zip(problems, values, strict=True):
        total, count = sums.get(problem, (0.0, 0.0))
        sums[problem] = (total + value, count + 1)
    return list(sums.values())
