"""A synthesis run on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.bench.texttable import percent, table

Measured = Mapping[str, Any]


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    variants: Mapping[str, Measured] = summary["variants"]
    yield from _rates(short_names(list(variants)), list(variants.values()))
    yield ""
    yield from _pass_at(short_names(list(variants)), list(variants.values()))
    yield ""
    yield from _outcomes(short_names(list(variants)), list(variants.values()))
    for name, prompts in summary["prompts"].items():
        yield ""
        yield from _prompts(name, prompts)
    for name, measured in zip(short_names(list(variants)), variants.values(), strict=True):
        if measured["by_difficulty"]:
            yield ""
            yield from _difficulties(name, measured)


def short_names(names: Sequence[str]) -> list[str]:
    """Only the factors in which the variants differ; the whole name where there is one variant."""
    if len(names) < 2:
        return list(names)
    split = [dict(part.split("=", 1) for part in name.split() if "=" in part) for name in names]
    varying = [key for key in split[0] if len({parts.get(key) for parts in split}) > 1]
    return [" ".join(f"{key}={parts.get(key, '')}" for key in varying) for parts in split]


def _rates(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    hidden = any(m["false_solves_of_samples"]["value"] is not None for m in found)
    head = ["", "problems", "samples", "problems: any sample passes", "samples that pass"]
    keys = ["problems_any_sample", "samples_passing"]
    if hidden:
        head += [
            "any passes hidden too",
            "samples that pass hidden too",
            "false solves (samples)",
            "(problems)",
        ]
        keys += ["problems_any_sample_all_tests", "samples_passing_all_tests"]
        keys += ["false_solves_of_samples", "false_solves_of_problems"]
    rows = [
        [name, str(m["problems"]), str(m["samples"]), *(percent(m[key]) for key in keys)]
        for name, m in zip(names, found, strict=True)
    ]
    yield from table(head, rows)


def _pass_at(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    ks = sorted({int(k) for m in found for k in m["pass_at"]})
    hidden = any(m["false_solves_of_samples"]["value"] is not None for m in found)
    rows = []
    for name, measured in zip(names, found, strict=True):
        rows.append([name, *(_at(measured["pass_at"], k) for k in ks)])
        if hidden:
            rows.append([f"{name} hidden too".strip(), *(_at(measured["pass_at_all_tests"], k) for k in ks)])
    yield from table(["pass@", *(str(k) for k in ks)], rows)


def _at(curve: Measured, k: int) -> str:
    return percent(curve[str(k)]) if str(k) in curve else "–"


def _outcomes(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    kinds = list(dict.fromkeys(kind for m in found for kind in m["outcomes"]))
    rows = [
        [
            name,
            *(percent(m["outcomes"][kind]) if kind in m["outcomes"] else "0.0%" for kind in kinds),
        ]
        for name, m in zip(names, found, strict=True)
    ]
    yield from table(["samples by outcome", *(kind.replace("_", " ") for kind in kinds)], rows)


def _prompts(name: str, prompts: Measured) -> Iterator[str]:
    yield f"  {prompts['prompts']} prompts ({name}); together they solve {percent(prompts['union'])} of problems"
    for key, words in (("problems_any_sample", "problems solved"), ("samples_passing", "samples that pass")):
        s = prompts[key]
        yield (
            f"    {words}: {s['lowest']:.1%} to {s['highest']:.1%}, mean {s['mean']:.1%}, "
            f"standard deviation {100 * s['sd']:.1f} points"
        )


def _difficulties(name: str, measured: Measured) -> Iterator[str]:
    rows = [
        [
            difficulty or "(none given)",
            str(m["problems"]),
            percent(m["test_case_average"]),
            percent(m["strict_accuracy"]),
            percent(m["problems_any_sample_all_tests"]),
        ]
        for difficulty, m in [*measured["by_difficulty"].items(), ("all", measured)]
    ]
    yield from table([name, "problems", "test-case average", "strict accuracy", "any sample strict"], rows)
