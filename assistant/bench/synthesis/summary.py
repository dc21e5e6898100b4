"""What a synthesis run measured: for every variant, for prompts together, and by difficulty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from assistant.bench import measures
from assistant.bench.synthesis.variants import Variant
from assistant.bench.tallies import Group, RowTally

Json = dict[str, Any]


def summarise(variants: Sequence[Variant], groups: Mapping[str, Group]) -> Json:
    """Every measure as JSON."""
    made = [variant for variant in variants if variant.name in groups]
    return {
        "variants": {v.name: measured(measures.rows_of(groups[v.name])) for v in made},
        "prompts": {
            name: _prompts([groups[v.name] for v in alike])
            for name, alike in _alike(made).items()
            if len(alike) > 1
        },
    }


def by_group(groups: Mapping[str, Group]) -> Json:
    """Every measure of groups that are known by their names alone."""
    return {"variants": {n: measured(measures.rows_of(group)) for n, group in groups.items()}, "prompts": {}}


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
    false_samples, false_problems = measures.false_solves(rows)
    found: dict[str, measures.Measure] = {
        "problems_any_sample": measures.any_sample(rows, measures.solved),
        "samples_passing": measures.of_samples(rows, measures.solved),
        "problems_any_sample_all_tests": measures.any_sample(rows, measures.honest),
        "samples_passing_all_tests": measures.of_samples(rows, measures.honest),
        "false_solves_of_samples": false_samples,
        "false_solves_of_problems": false_problems,
        "test_case_average": measures.case_average(rows),
        "strict_accuracy": measures.strict_accuracy(rows),
    }
    return {
        "problems": len(rows),
        "samples": sum(row.samples for row in rows),
        **{name: measure.model_dump() for name, measure in found.items()},
        "suites": {name: _suite(rows, name) for name in measures.suites_of(rows)},
        "unsealed": measures.of_samples(rows, lambda row: row.unsealed).model_dump(),
        "pass_at_sealed": _points(measures.pass_curve(rows, measures.sealed_only)),
        "not_judged": dict(sum((row.troubles for row in rows), Counter())),
        "most_samples": max((row.samples for row in rows), default=0),
        "pass_at": _curve(rows, visible_only=True),
        "pass_at_all_tests": _curve(rows, visible_only=False),
        "outcomes": {name: m.model_dump() for name, m in measures.outcome_shares(rows).items()},
    }


def _suite(rows: Sequence[RowTally], name: str) -> Json:
    """What a published test set counts, over the problems that belong to it."""
    rows, passing = measures.in_suite(rows, name), measures.passing_suite(name)
    return {
        "problems": len(rows),
        "samples": sum(row.samples for row in rows),
        "problems_any_sample": measures.any_sample(rows, passing).model_dump(),
        "samples_passing": measures.of_samples(rows, passing).model_dump(),
        "pass_at": _points(measures.pass_curve(rows, passing)),
    }


def _curve(rows: Sequence[RowTally], *, visible_only: bool) -> Json:
    passing = measures.solved if visible_only else measures.honest
    return _points(measures.pass_curve(rows, passing))


def _points(curve: Mapping[int, measures.Measure]) -> Json:
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
    rows = [measures.rows_of(group) for group in groups]
    return {
        "prompts": len(groups),
        "problems_any_sample": _spread([measures.any_sample(r, measures.solved).value for r in rows]),
        "samples_passing": _spread([measures.of_samples(r, measures.solved).value for r in rows]),
        "union": union_of(groups).model_dump(),
    }


def union_of(groups: Sequence[Group]) -> measures.Measure:
    """Share of problems that some sample of some prompt solves, over the problems that every prompt was asked."""
    common = set.intersection(*(set(group.rows) for group in groups))
    won = {row.row for group in groups for row in group.rows.values() if row.solved}
    return measures.share(len(common & won), len(common))


def _spread(values: Sequence[float | None]) -> Json:
    found = [value for value in values if value is not None]
    sd = stdev(found) if len(found) > 1 else 0.0
    return {"lowest": min(found), "highest": max(found), "mean": fmean(found), "sd": sd}
