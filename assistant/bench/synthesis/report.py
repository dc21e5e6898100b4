"""A synthesis run on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.bench.texttable import percent, table

Measured = Mapping[str, Any]


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    variants: Mapping[str, Measured] = summary["variants"]
    names, found = short_names(list(variants)), list(variants.values())
    yield from _one(names[0], found[0]) if len(found) == 1 else _several(names, found)
    for name, prompts in summary["prompts"].items():
        yield ""
        yield from _prompts(name, prompts)
    for name, measured in zip(names, found, strict=True):
        if measured["by_difficulty"]:
            yield ""
            yield from _difficulties(name, measured)


def _one(name: str, measured: Measured) -> Iterator[str]:
    """One variant: a measure a line, visible tests and all tests side by side."""
    hidden = _has_hidden(measured)
    yield f"  {measured['problems']} problems, {measured['samples']} samples; {name}"
    pairs = [
        ("problems with a passing sample", "problems_any_sample", "problems_any_sample_all_tests"),
        ("samples that pass", "samples_passing", "samples_passing_all_tests"),
    ]
    rows = [[words, percent(measured[a]), percent(measured[b])] for words, a, b in pairs]
    for k, point in measured["pass_at"].items():
        rows.append([f"pass@{k}", percent(point), percent(measured["pass_at_all_tests"][k])])
    head = ["", "visible tests", "hidden tests too"]
    yield from table(head if hidden else head[:2], rows if hidden else [row[:2] for row in rows])
    if hidden:
        yield (
            f"  false solves: {percent(measured['false_solves_of_samples'])} of the samples that pass the "
            f"visible tests, {percent(measured['false_solves_of_problems'])} of the problems"
        )
    yield ""
    outcomes = [[kind.replace("_", " "), percent(m)] for kind, m in measured["outcomes"].items()]
    yield from table(["samples by outcome", "share"], outcomes)


def _several(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    yield from _rates(names, found)
    if any(_has_hidden(measured) for measured in found):
        yield ""
        yield from _hidden(names, found)
    yield ""
    yield from _pass_at(names, found)
    yield ""
    yield from _outcomes(names, found)


def _has_hidden(measured: Measured) -> bool:
    return measured["false_solves_of_samples"]["value"] is not None


def short_names(names: Sequence[str]) -> list[str]:
    """Only the factors in which the variants differ; the whole name where there is one variant."""
    if len(names) < 2:
        return list(names)
    split = [dict(part.split("=", 1) for part in name.split() if "=" in part) for name in names]
    varying = [key for key in split[0] if len({parts.get(key) for parts in split}) > 1]
    return [" ".join(f"{key}={parts.get(key, '')}" for key in varying) for parts in split]


def _rates(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    head = ["", "problems", "samples", "problems with a passing sample", "samples that pass"]
    keys = ("problems_any_sample", "samples_passing")
    yield from table(
        head,
        [
            [name, str(m["problems"]), str(m["samples"]), *(percent(m[key]) for key in keys)]
            for name, m in zip(names, found, strict=True)
        ],
    )


def _hidden(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    head = ["hidden tests too", "problems", "samples", "false solves: of samples", "of problems"]
    keys = (
        "problems_any_sample_all_tests",
        "samples_passing_all_tests",
        "false_solves_of_samples",
        "false_solves_of_problems",
    )
    rows = [[name, *(percent(m[key]) for key in keys)] for name, m in zip(names, found, strict=True)]
    yield from table(head, rows)


def _pass_at(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    ks = sorted({int(k) for m in found for k in m["pass_at"]})
    rows = [[name, *(_at(m["pass_at"], k) for k in ks)] for name, m in zip(names, found, strict=True)]
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
