"""`assistant problems SOURCE --calibrate MODEL`: how often a model alone solves each problem; a subset."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli import bench_options as b
from assistant.core.errors import AssistantError
from assistant.reporting.terminal_tables import listing

if TYPE_CHECKING:
    from assistant.bench.calibration import RateRange
    from assistant.core.problem import Problem
    from assistant.problems.collection import Collection
    from assistant.problems.starter_rates import MeasuredProblem, Measurement


@dataclass(frozen=True)
class Calibration:
    """What is asked: `samples` programs of each problem at a temperature, and the problems `between` two rates."""

    samples: int
    temperature: float
    between: str
    out: Path | None


def calibrate(
    collection: Collection,
    chosen: Sequence[Problem],
    asked: Calibration,
    options: b.BenchOptions,
    *,
    json_: bool,
) -> int:
    """Draw what is missing, print the rates, and write the subset once every problem is measured."""
    from assistant.bench.calibration import RateRange

    between = RateRange.parse(asked.between)
    measured, place = _measured(collection, chosen, asked, options)
    kept = [p for p in chosen if p.id in measured.problems and between.holds(measured.problems[p.id])]
    missing = [p for p in chosen if _is_short(measured.problems.get(p.id), asked.samples)]
    written = None if missing else _write(asked.out or _default_out(collection, between), kept, measured)
    if json_:
        print(json.dumps(_as_json(measured, kept, missing, written), ensure_ascii=False))
    else:
        _print(chosen, measured, kept, between)
    if missing:
        b.say(f"{len(missing)} of {len(chosen)} problems lack samples: run the same command again to go on")
    elif written is None:
        b.say("No subset is written: no problem lies between the two rates. Choose others with --between.")
    else:
        b.say(
            f"{len(kept)} problems in {written}: name it wherever a source is named (--problems, a study's source)"
        )
    b.say(f"samples and rates in {place}")
    return 0


def _measured(
    collection: Collection, chosen: Sequence[Problem], asked: Calibration, options: b.BenchOptions
) -> tuple[Measurement, Path]:
    """The rates of a finished run of the same question, else of the run that this one finishes."""
    from assistant.bench.run_folder import finished_folder, read_json
    from assistant.core.generation import ModelInfo

    place = finished_folder("synthesis", None, options.given)
    if place is None:
        return _drawn(collection, chosen, asked, options)
    b.say(f"Measured before: shown again from {place}.")
    model = ModelInfo.model_validate(read_json(place / "config.json")["asked"]["model"])
    return _rates(place, chosen, model, asked), place


def _drawn(
    collection: Collection, chosen: Sequence[Problem], asked: Calibration, options: b.BenchOptions
) -> tuple[Measurement, Path]:
    from assistant.bench.calibration import plan_of
    from assistant.bench.load_problems import load_ready
    from assistant.bench.synthesis.figure import drawing
    from assistant.bench.synthesis.summary import summarise
    from assistant.core.generation import Sampling

    names = [problem.id for problem in chosen]
    with options.parts() as parts:
        ready = load_ready(collection.name, parts.sandbox, b.say, names=names)
        problems = [ready.get(name) for name in names]
        sampling = Sampling(
            temperature=asked.temperature, seed=options.seed, max_new_tokens=options.max_tokens
        )
        plan = plan_of(problems, collection.name, parts.prepare(), sampling, asked.samples)
        run = parts.run("synthesis", collection.name, plan.asked(), plan.samples)
        with b.with_progress("calibrating", run) as progressing:
            progressing.make(plan.jobs(), plan.total)
        run.finish(
            [v.name for v in plan.variants],
            plan.total,
            lambda groups: summarise(plan.variants, groups),
            drawing,
        )
        return _rates(run.folder, chosen, parts.prepare(), asked), run.folder


def _rates(place: Path, chosen: Sequence[Problem], model: Any, asked: Calibration) -> Measurement:
    from assistant.bench.calibration import measurement_of, rates_of
    from assistant.bench.run_folder import SAMPLES
    from assistant.bench.sample_log import read_samples

    rates = rates_of(read_samples(place / SAMPLES), chosen)
    return measurement_of(rates, model, asked.temperature)


def _is_short(found: MeasuredProblem | None, samples: int) -> bool:
    return found is None or found.of < samples


def _default_out(collection: Collection, between: RateRange) -> Path:
    """`mbpp-10-60.jsonl` in the current folder."""
    return Path(f"{collection.stem}-{100 * between.low:g}-{100 * between.high:g}.jsonl")


def _write(out: Path, kept: Sequence[Problem], measured: Measurement) -> Path | None:
    """The problems as a source, and the rates beside it; None where there are none. Raises AssistantError."""
    from assistant.problems.collection import write_source
    from assistant.storage.durable_io import replace_file

    if not kept:
        return None
    try:
        write_source(out, kept)
        rates = measured.model_dump_json(indent=1) + "\n"
        replace_file(out.with_suffix(".rates.json"), rates.encode(), shared=True)
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    return out


def _as_json(
    measured: Measurement, kept: Sequence[Problem], missing: Sequence[Problem], written: Path | None
) -> dict[str, Any]:
    return {
        **measured.model_dump(),
        "between": [problem.id for problem in kept],
        "incomplete": [problem.id for problem in missing],
        "file": None if written is None else str(written),
    }


def _print(
    chosen: Sequence[Problem], measured: Measurement, kept: Sequence[Problem], between: RateRange
) -> None:
    """A line a problem, and how many lie below, between and above."""
    ids = {problem.id for problem in kept}
    rows = [
        (problem.id, f"{found.solved} of {found.of}", "between" if problem.id in ids else "")
        for problem in chosen
        if (found := measured.problems.get(problem.id)) is not None
    ]
    for line in listing(("problem", "solved alone", ""), rows, sys.stdout):
        print(line.rstrip())
    everything = list(measured.problems.values())
    below = sum(one.solved < between.low * one.of for one in everything)
    print(
        f"{below} below {100 * between.low:g}%, {len(kept)} between, {len(everything) - below - len(kept)} above "
        f"{100 * between.high:g}% ({measured.model}, temperature {measured.temperature:g})"
    )
