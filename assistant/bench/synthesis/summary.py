"""What a synthesis run measured: for every variant, for prompts together, and by difficulty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from assistant.bench import metrics
from assistant.bench.aggregates import Group, RowTally
from assistant.bench.synthesis.variants import Variant

Json = dict[str, Any]


def summarise(variants: Sequence[Variant], groups: Mapping[str, Group]) -> Json:
    """Every measure as JSON."""
    made = [variant for variant in variants if variant.name in groups]
    return {
        "variants": {v.name: measured(metrics.rows_of(groups[v.name])) for v in made},
        "prompts": {
            name: _prompts([groups[v.name] for v in alike])
            for name, alike in _alike(made).items()
            if len(alike) > 1
        },
    }


def by_group(groups: Mapping[str, Group]) -> Json:
    """Every measure of groups that are known by their names alone."""
    return {"variants": {n: measured(metrics.rows_of(group)) for n, group in groups.items()}, "prompts": {}}


def measured(rows: Sequence[RowTally]) -> Json:
    """The measures of one group, and of its difficulties where it has several."""
    by_difficulty = {name: [row for row in rows if row.difficulty == name] for name in _difficulties(rows)}
    return {
        **_core(rows),
        "by_difficulty": {name: _core(some) for name, some in by_difficulty.items()}
        if len(by_difficulty) > 1 or "" not in by_difficulty
        else {},
    }


def _core(rows: Sequence[RowTally]) -> Json:
    false_samples, false_problems = metrics.false_solves(rows)
    found: dict[str, metrics.Measure] = {
        "problems_any_sample": metrics.any_sample(rows, metrics.solved),
        "samples_passing": metrics.of_samples(rows, metrics.solved),
        "problems_any_sample_all_tests": metrics.any_sample(rows, metrics.honest),
        "samples_passing_all_tests": metrics.of_samples(rows, metrics.honest),
        "false_solves_of_samples": false_samples,
        "false_solves_of_problems": false_problems,
        "test_case_average": metrics.case_average(rows),
        "strict_accuracy": metrics.strict_accuracy(rows),
    }
    if searched := metrics.searched(rows):
        found["first_beam"] = metrics.any_sample(searched, metrics.first_solved)
        found["first_beam_all_tests"] = metrics.any_sample(searched, metrics.first_honest)
    return {
        "problems": len(rows),
        "samples": sum(row.samples for row in rows),
        **{name: measure.model_dump() for name, measure in found.items()},
        "suites": {name: _suite(rows, name) for name in metrics.suites_of(rows)},
        "unsealed": metrics.of_samples(rows, lambda row: row.unsealed).model_dump(),
        "hard_coded": metrics.hard_coded(rows).model_dump(),
        "pass_at_sealed": _points(metrics.pass_curve(rows, metrics.sealed_only)),
        "not_judged": dict(sum((row.troubles for row in rows), Counter())),
        "most_samples": max((row.samples for row in rows), default=0),
        "pass_at": _curve(rows, visible_only=True),
        "pass_at_all_tests": _curve(rows, visible_only=False),
        "outcomes": {name: m.model_dump() for name, m in metrics.outcome_shares(rows).items()},
    }


def _suite(rows: Sequence[RowTally], name: str) -> Json:
    """What a published test set counts, over the problems that belong to it."""
    rows, passing = metrics.in_suite(rows, name), metrics.passing_suite(name)
    return {
        "problems": len(rows),
        "samples": sum(row.samples for row in rows),
        "problems_any_sample": metrics.any_sample(rows, passing).model_dump(),
        "samples_passing": metrics.of_samples(rows, passing).model_dump(),
        "pass_at": _points(metrics.pass_curve(rows, passing)),
    }


def _curve(rows: Sequence[RowTally], *, visible_only: bool) -> Json:
    passing = metrics.solved if visible_only else metrics.honest
    return _points(metrics.pass_curve(rows, passing))


def _points(curve: Mapping[int, metrics.Measure]) -> Json:
    return {str(k): m.model_dump() for k, m in curve.items()}


def _difficulties(rows: Sequence[RowTally]) -> list[str]:
    return list(dict.fromkeys(sorted(row.difficulty for row in rows)))


def _alike(variants: Sequence[Variant]) -> dict[str, list[Variant]]:
    """Variants that differ in nothing but their examples."""
    found: dict[str, list[Variant]] = {}
    for variant in variants:
        found.setdefault(variant.without_prompt, []).append(variant)
    return found


def _prompts(groups: Sequence[Group]) -> Json:
    """How far prompts lie apart, and what they solve together (the paper's ensemble)."""
    rows = [metrics.rows_of(group) for group in groups]
    return {
        "prompts": len(groups),
        "problems_any_sample": _spread([metrics.any_sample(r, metrics.solved).value for r in rows]),
        "samples_passing": _spread([metrics.of_samples(r, metrics.solved).value for r in rows]),
        "union": union_of(groups).model_dump(),
    }


def union_of(groups: Sequence[Group]) -> metrics.Measure:
    """Share of problems that some sample of some prompt solves, over the problems that every prompt was asked."""
    common = set.intersection(*(set(group.rows) for group in groups))
    won = {row.row for group in groups for row in group.rows.values() if row.solved}
    return metrics.share(len(common & won), len(common))


def _spread(values: Sequence[float | None]) -> Json:
    found = [value for value in values if value is not None]
    sd = stdev(found) if len(found) > 1 else 0.0
    return {"lowest": min(found), "highest": max(found), "mean": fmean(found), "sd": sd}
