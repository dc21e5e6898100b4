"""What a bench measures, each with an interval: shares by Wilson, means over problems by bootstrap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from assistant.bench.aggregates import Group, RowTally
from assistant.core.problem import FrozenModel
from assistant.core.stats.bootstrap import cluster_bootstrap
from assistant.core.stats.pass_at_k import unsolved_after
from assistant.core.stats.proportion import clustered_wilson, wilson

APPS = "APPS"
KS = (1, 2, 5, 10, 20, 50, 80, 100, 200)


class Measure(FrozenModel):
    """A share or mean with its 95% interval; `of` is what it is taken over. None: there is no value."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: float = 0
    of: int = 0


def any_sample(rows: Sequence[RowTally], passing: Callable[[RowTally], int]) -> Measure:
    """Share of problems with at least one passing sample (the paper's first metric)."""
    return share(sum(passing(row) > 0 for row in rows), len(rows))


def of_samples(rows: Sequence[RowTally], passing: Callable[[RowTally], int]) -> Measure:
    """Share of samples that pass (the paper's second), its interval clustered by problem."""
    clusters = [(passing(row), row.samples) for row in rows]
    return clustered(clusters)


def pass_at(rows: Sequence[RowTally], k: int, passing: Callable[[RowTally], int]) -> Measure:
    """Unbiased pass@k (Chen et al. 2021) over the problems with at least `k` samples."""
    values = [1 - unsolved_after(k, passing(row), row.samples) for row in rows if row.samples >= k]
    return mean(values)


def pass_curve(rows: Sequence[RowTally], passing: Callable[[RowTally], int]) -> dict[int, Measure]:
    """pass@k for every usual `k` up to the number of samples, and for that number."""
    most = max((row.samples for row in rows), default=0)
    return {k: pass_at(rows, k, passing) for k in sorted({*KS, most}) if 0 < k <= most}


def outcome_shares(rows: Sequence[RowTally]) -> dict[str, Measure]:
    """Share of samples with each outcome, the commonest first."""
    totals: Counter[str] = sum((row.outcomes for row in rows), Counter())
    return {
        name: clustered([(row.outcomes[name], row.samples) for row in rows])
        for name, _ in totals.most_common()
    }


def false_solves(rows: Sequence[RowTally]) -> tuple[Measure, Measure]:
    """Of the solving samples that hidden tests were run on, the share that fails them; the same of problems.

    A problem is falsely solved where some sample passes its visible tests and none the hidden ones too.
    """
    screened = [row for row in rows if row.screened]
    samples = clustered([(row.false, row.screened) for row in screened])
    return samples, share(sum(row.honest == 0 for row in screened), len(screened))


def hard_coded(rows: Sequence[RowTally]) -> Measure:
    """Of the samples that pass the visible tests, the share whose code names the input of one."""
    return clustered([(row.hard_coded, row.solved) for row in rows if row.solved])


def case_average(rows: Sequence[RowTally]) -> Measure:
    """APPS's test-case average: mean over problems of the share of tests that a sample passes."""
    return mean([_case_shares(row) / row.samples for row in rows if row.samples])


def strict_accuracy(rows: Sequence[RowTally]) -> Measure:
    """APPS's strict accuracy: mean over problems of the share of samples that pass every test."""
    return mean([_strict(row) / row.samples for row in rows if row.samples])


def _case_shares(row: RowTally) -> float:
    """By APPS's own checker where the problem is APPS's."""
    return row.suite_shares.get(APPS, row.case_shares)


def _strict(row: RowTally) -> int:
    return row.suites.get(APPS, row.honest)


def in_suite(rows: Sequence[RowTally], name: str) -> list[RowTally]:
    """The problems that belong to a published test set."""
    return [row for row in rows if name in row.suites]


def suites_of(rows: Sequence[RowTally]) -> list[str]:
    """The published test sets of these problems, in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row.suites))


def share(successes: int, trials: int) -> Measure:
    """A share of independent trials."""
    if not trials:
        return Measure(value=None)
    low, high = wilson(successes, trials)
    return Measure(value=successes / trials, low=low, high=high, count=successes, of=trials)


def clustered(clusters: Sequence[tuple[int, int]]) -> Measure:
    """A share of trials that come in clusters of (successes, trials)."""
    trials = sum(n for _, n in clusters)
    if not trials:
        return Measure(value=None)
    successes = sum(x for x, _ in clusters)
    low, high = clustered_wilson(clusters)
    return Measure(value=successes / trials, low=low, high=high, count=successes, of=trials)


def mean(values: Sequence[float]) -> Measure:
    """A mean over problems: by bootstrap where there are two or more; as a share where each is 0 or 1."""
    if not values:
        return Measure(value=None)
    if all(value in (0.0, 1.0) for value in values):
        return share(round(sum(values)), len(values))
    low, high = cluster_bootstrap([(value, 1.0) for value in values]) if len(values) > 1 else (None, None)
    return Measure(value=sum(values) / len(values), low=low, high=high, count=sum(values), of=len(values))


def solved(row: RowTally) -> int:
    """Samples that pass the visible tests."""
    return row.solved


def passing_suite(name: str) -> Callable[[RowTally], int]:
    """Counts the samples that pass a published test set."""
    return lambda row: row.suites[name]


def searched(rows: Sequence[RowTally]) -> list[RowTally]:
    """The problems whose samples come from a beam search."""
    return [row for row in rows if row.beams > 1]


def first_solved(row: RowTally) -> int:
    """Whether the likeliest answer passes the visible tests."""
    return row.first_solved


def first_honest(row: RowTally) -> int:
    """Whether it passes every test."""
    return row.first_honest


def sealed_only(row: RowTally) -> int:
    """Samples that pass the visible tests by a verdict that they could not have forged."""
    return row.solved - row.unsealed


def honest(row: RowTally) -> int:
    """Samples that pass every test."""
    return row.honest


def rows_of(group: Group) -> list[RowTally]:
    """The rows of a group."""
    return list(group.rows.values())
