"""`bench compare A B`: two runs of the same bench, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.bench import run_folder as folders
from assistant.bench.aggregates import Group, RowTally, tally_groups
from assistant.bench.metrics import suites_of
from assistant.bench.paired_stats import (
    Difference,
    any_honest,
    any_solved,
    difference_of,
    honest_share,
    solved_share,
)
from assistant.bench.sample_log import read_samples
from assistant.core.errors import UsageError
from assistant.core.problem import FrozenModel
from assistant.reporting.terminal_tables import points, table

MEASURES: Mapping[str, Callable[[RowTally], float]] = {
    "samples that pass": solved_share,
    "any sample passes": any_solved,
    "samples that pass all tests": honest_share,
    "any sample passes all tests": any_honest,
}


class Compared(FrozenModel):
    """One measure of two groups: B minus A."""

    a: str
    b: str
    measure: str
    difference: Difference


class RunComparison(FrozenModel):
    """What two runs have in common, and how they differ."""

    differing: dict[str, tuple[Any, Any]]
    """Settings that differ, as A and B have them."""
    compared: tuple[Compared, ...]
    notes: tuple[str, ...] = ()
    """What cannot be compared, and why."""


def compare(a: Path, b: Path) -> RunComparison:
    """Groups of the same name are compared; where no name is in both, the only group of each, or groups that end
    alike (the same arm under two wordings). Raises AssistantError in one line.
    """
    configs = [folders.read_json(path / folders.CONFIG) for path in (a, b)]
    if configs[0].get("bench") != configs[1].get("bench"):
        raise UsageError(f"{a} is a run of bench {configs[0].get('bench')}, {b} of {configs[1].get('bench')}")
    first, second = (groups_of(path) for path in (a, b))
    pairs = list(_matched(first, second))
    compared = tuple(
        Compared(a=one.name, b=other.name, measure=name, difference=difference)
        for one, other in pairs
        for name, measured in measures_of(one, other).items()
        if (difference := difference_of(other, one, measured)) is not None
    )
    if not compared:
        raise UsageError(f"{a} and {b} have no group and row in common")
    return RunComparison(
        differing=differing_settings(*configs),
        compared=_without_repeats(compared),
        notes=tuple(dict.fromkeys(note for pair in pairs for note in _unlike(*pair))),
    )


def measures_of(one: Group, other: Group) -> dict[str, Callable[[RowTally], float]]:
    """What two groups have in common; whether any sample passes, only where both drew equally many."""
    found = dict(MEASURES)
    for name in suites_of(list(one.rows.values())):
        if all(name in row.suites for row in other.rows.values()):
            found[f"samples that pass {name}"] = _suite_share(name)
    if list(_unlike(one, other)):
        found = {name: measured for name, measured in found.items() if not name.startswith("any sample")}
    return found


def _suite_share(name: str) -> Callable[[RowTally], float]:
    return lambda row: row.suites[name] / row.samples


def _unlike(one: Group, other: Group) -> Iterator[str]:
    """A line where the rows that both have were not drawn equally often."""
    common = [name for name in one.rows if name in other.rows]
    unlike = [name for name in common if one.rows[name].samples != other.rows[name].samples]
    if unlike:
        first = unlike[0]
        yield (
            f"{len(unlike)} of {len(common)} rows have unlike numbers of samples ({first}: "
            f"{one.rows[first].samples} in A, {other.rows[first].samples} in B): `any sample passes` is not compared"
        )


def differing_settings(a: folders.Json, b: folders.Json) -> dict[str, tuple[Any, Any]]:
    """What was asked differently, by its dotted name."""
    first, second = folders.flat(a.get("asked", {})), folders.flat(b.get("asked", {}))
    names = sorted({*first, *second})
    return {
        name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    }


def groups_of(path: Path) -> dict[str, Group]:
    """The samples of a run's folder, counted. Raises UsageError where it holds none."""
    lines = path / folders.SAMPLES
    if not lines.exists():
        raise UsageError(f"{path} holds no {folders.SAMPLES}: is this a folder of a bench?")
    return tally_groups(read_samples(lines))


def _matched(first: Mapping[str, Group], second: Mapping[str, Group]) -> Iterator[tuple[Group, Group]]:
    common = [name for name in first if name in second]
    if common:
        yield from ((first[name], second[name]) for name in common)
    elif len(first) == len(second) == 1:
        yield next(iter(first.values())), next(iter(second.values()))
    else:
        one, other = _by_ending(first), _by_ending(second)
        yield from ((group, other[ending]) for ending, group in one.items() if ending in other)


def _by_ending(groups: Mapping[str, Group]) -> dict[str, Group]:
    """By the last word of their names; none where two have the same."""
    found = {name.rpartition(" ")[2]: group for name, group in groups.items()}
    return found if len(found) == len(groups) else {}


def _without_repeats(compared: tuple[Compared, ...]) -> tuple[Compared, ...]:
    """Where one sample was drawn, or no hidden test was run, measures coincide: each is said once."""
    kept: dict[tuple[str, str, str], Compared] = {}
    for item in compared:
        kept.setdefault((item.a, item.b, item.difference.model_dump_json()), item)
    return tuple(kept.values())


def report(comparison: RunComparison) -> Iterator[str]:
    """The comparison on the terminal."""
    for name, (a, b) in comparison.differing.items():
        yield f"  {name}: {folders.short(a)} in A, {folders.short(b)} in B"
    if comparison.differing:
        yield ""
    for note in comparison.notes:
        yield f"  {note}"
    rows = []
    for item in comparison.compared:
        d = item.difference
        rows.append(
            [
                item.measure if item.a == item.b else f"{item.measure} ({item.a} | {item.b})",
                "" if item.a != item.b else item.a,
                str(d.rows), f"{100 * d.second:.1f}%", f"{100 * d.first:.1f}%",
                points(d.difference, d.low, d.high), str(d.only_second), str(d.only_first), f"{d.p:.3f}",
            ]
        )  # fmt: skip
    head = ["", "group", "rows", "A", "B", "B minus A, points", "A better", "B better", "p"]
    yield from table(head, rows)
