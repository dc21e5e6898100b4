"""Several runs over the sizes of their models: the paper's two metrics and what does not parse, by parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.bench import metrics
from assistant.bench import run_folder as folders
from assistant.bench.aggregates import Group, RowTally
from assistant.bench.compare import differing_settings, groups_of
from assistant.bench.scoring import NO_PROGRAM, SYNTAX_ERROR
from assistant.core.errors import UsageError
from assistant.core.problem import FrozenModel
from assistant.reporting.plot_style import COLOURS, Draw, percent_axis
from assistant.reporting.terminal_tables import percent, table

NOT_PARSING = (SYNTAX_ERROR, NO_PROGRAM)
_IN_NAME = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?([bm])(?![a-z0-9])", re.IGNORECASE)
_UNIT = {"b": 1e9, "m": 1e6}
_LINES = ("-", "--", ":", "-.")


class SizePoint(FrozenModel):
    """One variant of one run, over the problems that every run has."""

    run: str
    model: str
    group: str
    parameters: float | None
    """Of the model; None where neither the run nor the model's name says."""
    is_recorded: bool
    """False where the number is the one in the model's name."""
    problems: int
    samples: int
    any_sample: metrics.Measure
    """Problems that some sample solves."""
    samples_passing: metrics.Measure
    not_parsing: metrics.Measure
    """Samples without a program, or whose program does not parse."""


class SizeComparison(FrozenModel):
    """Points by size, those of unknown size last, and what the reader has to know."""

    points: tuple[SizePoint, ...]
    notes: tuple[str, ...] = ()


def compare_sizes(runs: Sequence[Path]) -> SizeComparison:
    """Raises UsageError for runs of unlike benches, or that have no problem in common."""
    configs = [folders.read_json(run / folders.CONFIG) for run in runs]
    benches = [str(config.get("bench")) for config in configs]
    if set(benches) - {"synthesis"}:
        raise UsageError(f"sizes are compared of runs of bench synthesis; these are {', '.join(benches)}")
    found = [groups_of(run) for run in runs]
    every = [set(group.rows) for groups in found for group in groups.values()]
    common = set.intersection(*every)
    if not common:
        raise UsageError("these runs have no problem in common")
    points = [
        _point(run, config, group, common)
        for run, config, groups in zip(runs, configs, found, strict=True)
        for group in groups.values()
    ]
    points.sort(key=lambda p: (p.parameters is None, p.parameters or 0, p.model, p.group))
    left = len(set.union(*every)) - len(common)
    notes = [f"{left} problems that not every run has are left out"] * bool(left)
    return SizeComparison(points=tuple(points), notes=(*notes, *_notes(runs, configs, points)))


def _notes(
    runs: Sequence[Path], configs: Sequence[folders.Json], points: Sequence[SizePoint]
) -> Iterator[str]:
    for run, config in zip(runs[1:], configs[1:], strict=True):
        differing = [
            name
            for name in differing_settings(configs[0], config)
            if not name.startswith(("model.", "problems."))
        ]
        if differing:
            yield f"{run.name} was asked otherwise than {runs[0].name}: {', '.join(differing)}"
    if len({point.samples / point.problems for point in points}) > 1:
        yield "unlike numbers of samples: `any sample` is not comparable"
    for model in dict.fromkeys(p.model for p in points if p.parameters is not None and not p.is_recorded):
        yield f"{model}: the number of parameters is the one in its name"
    for model in dict.fromkeys(p.model for p in points if p.parameters is None):
        yield f"{model}: the number of parameters is not known, so it is not in the figure"


def _point(run: Path, config: folders.Json, group: Group, common: set[str]) -> SizePoint:
    rows = [row for name, row in group.rows.items() if name in common]
    model = str(config["asked"].get("model", {}).get("name", ""))
    recorded = config.get("run", {}).get("parameters")
    return SizePoint(
        run=run.name,
        model=model.rstrip("/").rpartition("/")[2],
        group=group.name,
        parameters=recorded or size_in_name(model),
        is_recorded=recorded is not None,
        problems=len(rows),
        samples=sum(row.samples for row in rows),
        any_sample=metrics.any_sample(rows, metrics.solved),
        samples_passing=metrics.of_samples(rows, metrics.solved),
        not_parsing=metrics.of_samples(rows, _not_parsing),
    )


def _not_parsing(row: RowTally) -> int:
    return sum(row.outcomes[name] for name in NOT_PARSING)


def size_in_name(name: str) -> float | None:
    """`…-1.5B-Instruct` has 1.5e9 parameters by its name."""
    found = _IN_NAME.findall(name.rstrip("/").rpartition("/")[2].replace("_", "-"))
    return float(found[0][0]) * _UNIT[found[0][1].lower()] if found else None


def report(comparison: SizeComparison) -> Iterator[str]:
    """The comparison on the terminal."""
    yield from (f"  {note}" for note in comparison.notes)
    several = len({point.group for point in comparison.points}) > 1
    head = [
        "",
        "parameters",
        "problems",
        "any sample passes",
        "samples that pass",
        "samples that do not parse",
    ]
    rows = [
        [
            f"{p.model} {p.group}" if several else p.model, _size(p.parameters), str(p.problems),
            percent(p.any_sample.model_dump()), percent(p.samples_passing.model_dump()),
            percent(p.not_parsing.model_dump()),
        ]
        for p in comparison.points
    ]  # fmt: skip
    yield from table(head, rows)


def _size(parameters: float | None) -> str:
    if parameters is None:
        return "–"
    unit, name = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.3g} {name}"


def drawing(comparison: SizeComparison) -> tuple[Draw, tuple[float, float]]:
    """The figure over sizes and its size in inches. Raises UsageError where no size is known."""
    points = [point for point in comparison.points if point.parameters is not None]
    if not points:
        raise UsageError("no run says how many parameters its model has, and no model's name does")
    groups = list(dict.fromkeys(point.group for point in points))

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, sharex=True)
        for place, group in enumerate(groups):
            some = [point for point in points if point.group == group]
            style = _LINES[place % len(_LINES)]
            for axis, field, label, colour, marker in (
                (left, "any_sample", "problems: any sample passes", COLOURS["human"], "o"),
                (left, "samples_passing", "samples that pass", COLOURS["tests"], "^"),
                (right, "not_parsing", "samples that do not parse", COLOURS["alone"], "s"),
            ):
                measures = [getattr(point, field) for point in some]
                sizes = [point.parameters for point in some]
                named = f"{label} ({group})" if len(groups) > 1 else label
                axis.plot(sizes, [m.value for m in measures], style, color=colour, marker=marker, label=named)
                axis.vlines(
                    sizes, [m.low for m in measures], [m.high for m in measures], colour, linewidth=1.4
                )
        for axis in (left, right):
            axis.set_xscale("log")
            axis.set_xlabel("parameters")
            ticks = list(dict.fromkeys(point.parameters for point in points))  # they are sorted
            axis.set_xticks(ticks, [_size(tick) for tick in ticks])
            axis.minorticks_off()
            percent_axis(axis)
            axis.set_ylim(-0.02, 1.02)
            axis.legend(loc="best")

    return draw, (9.6, 4.4)
