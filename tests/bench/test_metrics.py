"""What is measured, held against its definition."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assistant
from assistant.bench import metrics
from assistant.bench.aggregates import Group, RowTally
from assistant.bench.costs import Prices, costs_of, part_of
from assistant.bench.execution.plan import ALONE, WITH_TESTS
from assistant.bench.execution.plan import summarise as execution_summary
from assistant.bench.feedback.feedback_jobs import Wording
from assistant.bench.feedback.summary import summarise as feedback_summary
from assistant.bench.jobs import Sample
from assistant.bench.paired_stats import any_solved, difference_of, solved_share
from assistant.bench.resource_usage import Usage
from assistant.bench.synthesis.summary import measured, union_of
from assistant.bench.synthesis.summary import summarise as synthesis_summary
from assistant.bench.synthesis.variants import variants


def row(name: str, samples: int, solved: int, honest: int | None = None) -> RowTally:
    hidden = solved if honest is None else honest
    return RowTally(
        name, name, samples=samples, solved=solved, honest=hidden,
        screened=solved if honest is not None else 0, false=solved - hidden if honest is not None else 0,
        outcomes=Counter(passed=solved, wrong=samples - solved),
    )  # fmt: skip


@pytest.mark.slow
def test_pass_at_k_is_the_chance_that_k_drawn_samples_hold_a_right_one() -> None:
    """By simulation of the definition: draw k of the samples without replacement, look for a right one."""
    rows = [row("a", 20, 1), row("b", 20, 7), row("c", 20, 0), row("d", 20, 20), row("e", 12, 3)]
    draw = random.Random(7)
    for k in (1, 2, 5, 10):
        hits = 0
        for _ in range(40_000):
            one = draw.choice(rows)
            hits += any(place < one.solved for place in draw.sample(range(one.samples), k))
        found = metrics.pass_at(rows, k, metrics.solved).value
        assert found == pytest.approx(hits / 40_000, abs=0.01)


def test_pass_at_k_is_unbiased() -> None:
    """Over many runs of n samples its mean is 1 - (1 - p)^k, which the share of problems is not."""
    draw, p, n, k = random.Random(3), 0.15, 10, 5
    rows = [row(str(i), n, sum(draw.random() < p for _ in range(n))) for i in range(8000)]
    assert metrics.pass_at(rows, k, metrics.solved).value == pytest.approx(1 - (1 - p) ** k, abs=0.012)


def test_pass_at_1_is_the_share_of_samples_and_at_n_the_share_of_problems() -> None:
    rows = [row("a", 8, 2), row("b", 8, 0), row("c", 8, 8)]
    curve = metrics.pass_curve(rows, metrics.solved)
    assert list(curve) == [1, 2, 5, 8]
    assert curve[1].value == pytest.approx(metrics.of_samples(rows, metrics.solved).value)
    assert curve[8].value == pytest.approx(metrics.any_sample(rows, metrics.solved).value)


def test_problems_with_too_few_samples_are_left_out_of_pass_at_k() -> None:
    rows = [row("a", 10, 10), row("b", 2, 0)]
    assert metrics.pass_at(rows, 5, metrics.solved).of == 1


def test_intervals_of_nothing_and_everything_are_not_empty() -> None:
    none = metrics.pass_at([row(str(i), 4, 0) for i in range(6)], 2, metrics.solved)
    assert none.value == 0
    assert none.low == 0
    assert none.high is not None
    assert none.high > 0.2


def test_false_solves_of_samples_and_of_problems() -> None:
    rows = [row("a", 4, 4, 1), row("b", 4, 2, 0), row("c", 4, 0, 0), row("d", 4, 3)]
    samples, problems = metrics.false_solves(rows)
    assert (samples.count, samples.of) == (5, 6)  # `d` has no hidden tests
    assert (problems.count, problems.of) == (1, 2)  # `b`: solved, and never honestly


def test_the_union_of_prompts_is_over_problems_that_all_were_asked() -> None:
    first = Group("one", {"a": row("a", 2, 1), "b": row("b", 2, 0), "c": row("c", 2, 0)})
    second = Group("two", {"a": row("a", 2, 0), "b": row("b", 2, 2)})
    union = union_of([first, second])
    assert (union.count, union.of) == (2, 2)


def test_differences_are_paired_by_row() -> None:
    first = Group("one", {n: row(n, 1, s) for n, s in (("a", 1), ("b", 1), ("c", 0), ("x", 1))})
    second = Group("two", {n: row(n, 1, s) for n, s in (("a", 0), ("b", 1), ("c", 0), ("y", 1))})
    found = difference_of(first, second, any_solved)
    assert found is not None
    assert (found.rows, found.only_first, found.only_second) == (3, 1, 0)
    assert found.difference == pytest.approx(1 / 3)
    assert found.p == 1.0
    assert difference_of(Group("none", {"z": row("z", 1, 1)}), second, solved_share) is None


DATA = {
    "suites",
    "outcomes",
    "pass_at",
    "pass_at_all_tests",
    "pass_at_sealed",
    "not_judged",
    "by_difficulty",
    "left_out",
}
"""Objects whose keys are data: numbers, outcomes, names of test sets."""


def keys_of(value: Any, name: str = "") -> Iterator[str]:
    """The names of fields, at every depth."""
    if isinstance(value, dict):
        if name not in DATA:
            yield from value
        for key, inner in value.items():
            yield from keys_of(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from keys_of(inner)


def test_the_guide_explains_every_output_field() -> None:
    """Fields of `samples.jsonl` and of the summaries of every bench stand in the guide as code."""
    rows = [row("a", 2, 1, 0), row("b", 2, 2, 2)]
    group = Group("human", {one.row: one for one in rows}, generated_tokens=3)
    other = Group("resample", {one.row: one for one in rows})
    wording = Wording.parse("paper")
    groups = {wording.group("human"): group, wording.group("resample"): other}
    twins = {v.name: group for v in variants([0.5], [None], 2, ["given"])}
    part = part_of(1.0, 2, 3, Usage(cpu=1.0, cores=2, gpu=None, memory_bytes=4))
    summaries = [
        synthesis_summary(variants([0.5], [None], 2, ["given"]), twins)["prompts"],
        measured(rows),
        execution_summary({ALONE: group, WITH_TESTS: other}),
        feedback_summary([wording], ["human", "resample"], groups),
        costs_of([group], Prices(read=1.0), [part]),
    ]
    fields = {*Sample.model_fields, "samples", "of", "complete", "left_out", "missing_shards"}
    for summary in summaries:
        names = set(keys_of(summary)) - {*twins, *groups, ALONE, WITH_TESTS, "human", "resample", "paper"}
        fields |= {name for name in names if " " not in name}
    text = (Path(assistant.__file__).parent / "guide" / "benchmarks.md").read_text(encoding="utf-8")
    told = {part for code in re.findall(r"`([^`\n]+)`", text) for part in re.split(r"[^a-z_]+", code)}
    assert fields - told == set()
