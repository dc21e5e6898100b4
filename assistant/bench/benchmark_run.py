"""One invocation of a resumable benchmark run: generates missing samples and writes the summary."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.bench import run_folder as folders
from assistant.bench.aggregates import Group, tally_groups
from assistant.bench.costs import Prices, cost_lines, costs_of, part_of
from assistant.bench.jobs import Job, Judge
from assistant.bench.resource_usage import UsageWatch
from assistant.bench.runner import Concurrency, Runner, RunTotals, Watch
from assistant.bench.sample_log import SampleLog, read_samples, write_parquet
from assistant.core.generation import Engine
from assistant.reporting.plot_style import Draw, render, save

Summarise = Callable[[dict[str, Group]], folders.Json]
Drawing = Callable[[folders.Json], tuple[Draw, tuple[float, float]]]


@dataclass(frozen=True)
class BenchmarkRun:
    """A run folder with its engine and judge; shared by all experiments."""

    folder: Path
    engine: Engine
    judge: Judge
    pace: Concurrency
    prices: Prices
    stop: threading.Event = field(default_factory=threading.Event)
    watch: Watch = lambda _: None

    def make(self, jobs: Iterable[Job], total: int, log_name: str = folders.SAMPLES) -> RunTotals:
        """Generate missing samples; the time is recorded for the summary, also when this fails or is stopped."""
        log = SampleLog(self.folder / log_name)
        tally = RunTotals(total)
        for sample in read_samples(log.path):
            tally.note(sample)
        tally.before, tally.started, tokens = tally.done, time.monotonic(), tally.tokens
        self.watch(tally)
        usage = UsageWatch().start()
        try:
            Runner(self.engine, self.judge, log, self.pace, self.stop, self.watch).run(jobs, tally)
        finally:
            log.close()
            seen = usage.stop()
            if tally.done > tally.before:
                part = part_of(tally.seconds, tally.done - tally.before, tally.tokens - tokens, seen)
                self._note_part(part)
        return tally

    def _note_part(self, part: folders.Json) -> None:
        folders.write_json(self.folder / folders.PARTS, {"parts": [*parts_of(self.folder), part]})

    def finish(
        self, order: Sequence[str], total: int, summarise: Summarise, drawing: Drawing
    ) -> folders.Json:
        """Write `samples.parquet`, `summary.json` and the figure from all samples there are; the summary."""
        return summary_of(self.folder, order, total, summarise, drawing, self.prices)


def summary_of(
    folder: Path,
    order: Sequence[str],
    total: int,
    summarise: Summarise,
    drawing: Drawing,
    prices: Prices = Prices(),
) -> folders.Json:
    """The summary of a folder's samples, written with table and figure; what was left out is named in it."""
    lines = folder / folders.SAMPLES
    groups = tally_groups(read_samples(lines), order)
    made = sum(group.samples for group in groups.values())
    asked = folders.read_json(folder / folders.CONFIG).get("asked", {})
    summary = {
        "samples": made,
        "of": total,
        "complete": made >= total,
        "left_out": asked.get("left_out", {}),
        **(summarise(groups) if groups else {}),
        "costs": costs_of(groups.values(), prices, parts_of(folder)),
    }
    folders.write_json(folder / folders.SUMMARY, summary)
    if groups:
        write_parquet(lines, folder / folders.TABLE)
        draw, size = drawing(summary)
        save(folder, "figure", render(draw, size))
    return summary


def parts_of(folder: Path) -> list[folders.Json]:
    """The invocations in which the run was made."""
    path = folder / folders.PARTS
    return list(folders.read_json(path)["parts"]) if path.exists() else []


def opening_lines(summary: folders.Json) -> list[str]:
    """What stands above every bench's tables: whether the run is whole, and what of its sources is not used."""
    lines = []
    if missing := summary["of"] - summary["samples"]:
        lines.append(
            f"  CUT SHORT: {missing} of {summary['of']} samples are missing; every rate is over those that are there"
        )
    for source, left_out in summary.get("left_out", {}).items():
        lines.append(f"  {len(left_out)} tests or records of {source} are not used (named in summary.json)")
    return lines


def closing_lines(summary: folders.Json, folder: Path) -> list[str]:
    """What every bench says at its end."""
    missing = summary["of"] - summary["samples"]
    lines = list(cost_lines(summary["costs"]))
    if missing:
        lines.append(f"{missing} of {summary['of']} samples are missing: run the same command again to go on")
    return [*lines, f"in {folder}: config.json, samples.parquet, summary.json, figure.png"]
