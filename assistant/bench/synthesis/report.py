"""A synthesis run on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.reporting.terminal_tables import percent, table

Measured = Mapping[str, Any]
CUT_SHORT = "cut short"
"""Stands at the head of every table of rates over a part of the samples."""


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    cut = CUT_SHORT if summary.get("of", 0) > summary.get("samples", 0) else ""
    variants: Mapping[str, Measured] = summary["variants"]
    names, found = short_names(list(variants)), list(variants.values())
    yield from _one(names[0], found[0], cut) if len(found) == 1 else _several(names, found, cut)
    for name, prompts in summary["prompts"].items():
        yield ""
        yield from _prompts(name, prompts)
    for name, measured in zip(names, found, strict=True):
        if measured["by_difficulty"]:
            yield ""
            yield from _difficulties(name, measured)


def _bracketed(cut: str) -> str:
    return f" ({cut})" if cut else ""


def _one(name: str, measured: Measured, cut: str) -> Iterator[str]:
    """One variant: a measure a line; each published test set, visible tests and all tests side by side."""
    hidden = _has_hidden(measured)
    yield f"  {measured['problems']} problems, {measured['samples']} samples; {name}"
    head, rows = _columns(measured, hidden=hidden)
    yield from table([cut, *head[1:]], rows)
    yield from _remarks(measured, hidden=hidden)
    yield ""
    outcomes = [[kind.replace("_", " "), percent(m)] for kind, m in measured["outcomes"].items()]
    yield from table(["samples by outcome", "share"], outcomes)


def _columns(measured: Measured, *, hidden: bool) -> tuple[list[str], list[list[str]]]:
    """Head and rows: what is measured under each set of tests."""
    whole = {
        "problems_any_sample": measured["problems_any_sample_all_tests"],
        "samples_passing": measured["samples_passing_all_tests"],
        "pass_at": measured["pass_at_all_tests"],
    }
    parts: dict[str, Measured] = {**measured["suites"], "visible tests": measured}
    if hidden:
        parts["visible and hidden tests"] = whole
    rows = [
        [words, *(percent(part[key]) for part in parts.values())]
        for words, key in (
            ("problems with a passing sample", "problems_any_sample"),
            ("samples that pass", "samples_passing"),
        )
    ]
    for k, point in measured["pass_at"].items():
        cells = (part["pass_at"].get(k) for part in parts.values())
        rows.append([_pass_label(k, point, measured), *("–" if c is None else percent(c) for c in cells)])
    counts = [[*_problem_counts(parts, measured)]] if measured["suites"] else []
    return ["", *parts], [*counts, *rows]


def _problem_counts(parts: Mapping[str, Measured], measured: Measured) -> Iterator[str]:
    yield "problems"
    for part in parts.values():
        yield str(part.get("problems", measured["problems"]))


def _pass_label(k: str, point: Measured, measured: Measured) -> str:
    """`pass@80`; where some problem has fewer samples, over how many problems it is."""
    return f"pass@{k}" + ("" if point["of"] == measured["problems"] else f" (over {point['of']} problems)")


def _remarks(measured: Measured, *, hidden: bool) -> Iterator[str]:
    """What the reader has to know about the rates above."""
    if first := measured.get("first_beam"):  # absent where samples were drawn
        yield (
            f"  beam search: the likeliest program solves {percent(first)} of the problems, any of the "
            f"{measured['most_samples']} {percent(measured['problems_any_sample'])}"
        )
    if hidden:
        yield (
            f"  false solves: {percent(measured['false_solves_of_samples'])} of the samples that pass the "
            f"visible tests fail a hidden one, {percent(measured['false_solves_of_problems'])} of the problems"
        )
    if measured["unsealed"]["count"]:
        yield (
            f"  unsealed: {percent(measured['unsealed'])} of the samples pass by a verdict that the program could "
            f"have forged; without them pass@1 is {percent(measured['pass_at_sealed']['1'])} (visible tests)"
        )
    if measured.get("hard_coded", {}).get("count"):  # absent in summaries of earlier runs
        yield (
            f"  hint: {percent(measured['hard_coded'])} of the samples that pass the visible tests name the input of "
            "one in their code; they count as passed"
        )
    for trouble, times in measured["not_judged"].items():
        yield f"  not judged: {times} samples ({trouble}); they count as failed"


def _several(names: Sequence[str], found: Sequence[Measured], cut: str) -> Iterator[str]:
    yield from _rates(names, found, cut)
    if any(_has_hidden(measured) for measured in found):
        yield ""
        yield from _hidden(names, found, cut)
    if any(measured["unsealed"]["count"] for measured in found):
        yield ""
        yield from _sealed(names, found)
    for suite in dict.fromkeys(name for m in found for name in m["suites"]):
        yield ""
        yield from _suite(suite, names, found, cut)
    yield ""
    yield from _pass_at(names, found, cut)
    yield ""
    yield from _outcomes(names, found)
    for name, measured in zip(names, found, strict=True):
        yield from (f"  {name}: {line.strip()}" for line in _remarks(measured, hidden=False))


def _has_hidden(measured: Measured) -> bool:
    return measured["false_solves_of_samples"]["value"] is not None


def short_names(names: Sequence[str]) -> list[str]:
    """Only the factors in which the variants differ; the whole name where there is one variant."""
    if len(names) < 2:
        return list(names)
    split = [dict(part.split("=", 1) for part in name.split() if "=" in part) for name in names]
    varying = [key for key in split[0] if len({parts.get(key) for parts in split}) > 1]
    return [" ".join(f"{key}={parts.get(key, '')}" for key in varying) for parts in split]


def _rates(names: Sequence[str], found: Sequence[Measured], cut: str) -> Iterator[str]:
    head = [cut, "problems", "samples", "problems with a passing sample", "samples that pass"]
    keys = ("problems_any_sample", "samples_passing")
    yield from table(
        head,
        [
            [name, str(m["problems"]), str(m["samples"]), *(percent(m[key]) for key in keys)]
            for name, m in zip(names, found, strict=True)
        ],
    )


def _suite(suite: str, names: Sequence[str], found: Sequence[Measured], cut: str) -> Iterator[str]:
    """One published test set: its own pass@k for every variant."""
    ks = sorted({int(k) for m in found if suite in m["suites"] for k in m["suites"][suite]["pass_at"]})
    rows = [
        [
            name,
            str(part["problems"]),
            percent(part["problems_any_sample"]),
            *(_at(part["pass_at"], k) for k in ks),
        ]
        for name, m in zip(names, found, strict=True)
        if (part := m["suites"].get(suite))
    ]
    yield from table(
        [
            f"{suite}{_bracketed(cut)}",
            "problems",
            "problems with a passing sample",
            *(f"pass@{k}" for k in ks),
        ],
        rows,
    )


def _hidden(names: Sequence[str], found: Sequence[Measured], cut: str) -> Iterator[str]:
    head = [
        f"visible and hidden tests{_bracketed(cut)}",
        "problems",
        "samples",
        "false solves: of samples",
        "of problems",
    ]
    keys = (
        "problems_any_sample_all_tests",
        "samples_passing_all_tests",
        "false_solves_of_samples",
        "false_solves_of_problems",
    )
    rows = [[name, *(percent(m[key]) for key in keys)] for name, m in zip(names, found, strict=True)]
    yield from table(head, rows)


def _sealed(names: Sequence[str], found: Sequence[Measured]) -> Iterator[str]:
    """Passes by verdicts that the program could have forged, and pass@k without them."""
    ks = sorted({int(k) for m in found for k in m["pass_at_sealed"]})
    head = ["", "unsealed passes", *(f"sealed pass@{k}" for k in ks)]
    rows = [
        [name, percent(m["unsealed"]), *(_at(m["pass_at_sealed"], k) for k in ks)]
        for name, m in zip(names, found, strict=True)
    ]
    yield from table(head, rows)


def _pass_at(names: Sequence[str], found: Sequence[Measured], cut: str) -> Iterator[str]:
    ks = sorted({int(k) for m in found for k in m["pass_at"]})
    rows = [[name, *(_at(m["pass_at"], k) for k in ks)] for name, m in zip(names, found, strict=True)]
    yield from table([f"pass@{_bracketed(cut)}", *(str(k) for k in ks)], rows)


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
