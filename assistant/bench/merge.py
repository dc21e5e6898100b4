"""Runs over parts of the problems, made into one run over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.bench import run_folder as folders
from assistant.bench.sample_log import SampleLog, read_samples
from assistant.core.errors import UsageError

Json = dict[str, Any]
PARTIAL = ("ids", "sha256")
"""Of the problems, what differs between parts."""
BATCH = 256


def merge(parts: Sequence[Path], out: Path) -> Json:
    """Make `out` from the runs in `parts`, which must have asked the same. Returns its configuration.

    A sample that is in two parts is taken once. Raises UsageError for runs that differ in anything but problems.
    """
    configs = [folders.read_json(part / folders.CONFIG) for part in parts]
    for part, config in zip(parts[1:], configs[1:], strict=True):
        if differing := _differing(configs[0], config):
            raise UsageError(f"{part} is not a part of the same run as {parts[0]}: {differing} differs")
    asked = _together([config["asked"] for config in configs])
    run = {**configs[0].get("run", {}), "merged": [part.name for part in parts]}
    folders.open_folder(out, configs[0]["bench"], asked, run)
    log = SampleLog(out / folders.SAMPLES)
    try:
        for part in parts:
            _add(log, part)
    finally:
        log.close()
    return folders.read_json(out / folders.CONFIG)


def missing_shards(parts: Sequence[Path]) -> list[str]:
    """Shards (`2/3`) that others of `parts` were asked to be put together with, and that are not among them."""
    asked = [folders.read_json(part / folders.CONFIG).get("run", {}) for part in parts]
    given = {str(run.get("options", {}).get("shard") or "") for run in asked} - {"", "None"}
    counts = {shard.partition("/")[2] for shard in given}
    whole = {
        f"{number}/{count}" for count in counts if count.isdigit() for number in range(1, int(count) + 1)
    }
    return sorted(whole - given, key=lambda shard: int(shard.partition("/")[0]))


def _add(log: SampleLog, part: Path) -> None:
    some = []
    for sample in read_samples(part / folders.SAMPLES):
        some.append(sample)
        if len(some) >= BATCH:
            log.append(some)
            some = []
    log.append(some)


def _differing(first: Json, other: Json) -> str:
    """The first setting in which two runs differ, apart from their problems; empty for parts of one run."""
    a, b = (folders.flat({"bench": c.get("bench"), **c.get("asked", {})}) for c in (first, other))
    names = sorted({*a, *b})
    return next((n for n in names if not _is_partial(n) and a.get(n) != b.get(n)), "")


def _is_partial(name: str) -> bool:
    return name.startswith("problems.") and name.rpartition(".")[2] in PARTIAL


def _together(asked: Sequence[Json]) -> Json:
    """The settings of all, with the problems of each."""
    texts = asked[0].get("problems", {})
    problems = {
        text: {
            **{name: value for name, value in given.items() if name not in PARTIAL},
            "ids": list(dict.fromkeys(i for part in asked for i in part["problems"][text]["ids"])),
            "parts_sha256": sorted(part["problems"][text]["sha256"] for part in asked),
        }
        for text, given in texts.items()
    }
    return {**asked[0], "problems": problems}
