"""`assistant bench score`, `merge`, `export` and `show`: samples that are there already."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.errors import UsageError
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.bench.benchmark_run import Drawing, Summarise

Json = dict[str, Any]


def score(
    samples: Annotated[
        Path,
        typer.Argument(
            metavar="SAMPLES", help="JSON Lines: problem/code, task_id/completion or task_id/solution."
        ),
    ],
    problems: o.Problems = "starter",
    hidden_tests: o.HiddenTests = None,
    split: o.Split = None,
    from_text: Annotated[
        bool, typer.Option("--from-text", help="Look for the program in the field `text` again.")
    ] = False,
    timeout: o.Timeout = 10.0,
    judges: o.Judges = None,
    ray: o.Ray = None,
    out: o.BenchOut = None,
    json_: o.SummaryJson = False,
    unsafe_run: o.UnsafeRun = False,
) -> int:
    """Score programs from a file by the tests of --problems; the same command goes on after a stop."""
    from contextlib import ExitStack, closing

    from assistant.bench import given_samples
    from assistant.bench import run_folder as folder
    from assistant.bench.load_problems import load_ready
    from assistant.bench.sample_log import SampleLog
    from assistant.core.optional_deps import check
    from assistant.core.problem import sha256_of
    from assistant.core.submission import Limits
    from assistant.sandbox.local import open_sandbox

    check("duckdb", "matplotlib", "scipy", "numpy")
    given = given_samples.read_given(given_samples.read_bytes(samples, sys.stdin.buffer), str(samples))
    limits = Limits(seconds=timeout)
    with ExitStack() as opened:
        sandbox = opened.enter_context(closing(open_sandbox(unsafe=unsafe_run)))
        judge = b.program_judge(ray, sandbox, limits, opened, unsafe=unsafe_run)
        names = dict.fromkeys(item.problem for item in given)
        ready = load_ready(problems, sandbox, b.say, hidden_tests or "", split or "", names)
        pairs = given_samples.matched(given, ready)
        asked = {
            "problems": {"given": folder.asked_of_problems(problems, ready.problems)},
            "hidden_tests": Path(hidden_tests or "").name,
            "left_out": {Path(problems).name: list(ready.skipped)} if ready.skipped else {},
            "samples_sha256": sha256_of([item.model_dump() for item in given]),
            "from_text": from_text,
            "limits": limits.model_dump(),
        }
        place = out or folder.default_folder("score", problems, samples.name, asked)
        folder.open_folder(place, "score", asked, folder.described_run(sandbox.layers))
        b.say(f"in {place}")
        log = SampleLog(place / folder.SAMPLES)
        with closing(log), ProgressPrinter() as printer:
            given_samples.score(
                pairs, judge, log, judges or judge.slots, from_text=from_text,
                progress=lambda done: printer.show("scoring", done, len(pairs)),
            )  # fmt: skip
    tried = {problem.id for _, problem in pairs}
    missing = [problem.id for problem in ready if problem.id not in tried]
    if missing:
        b.say(f"{len(missing)} of {len(ready)} problems have no samples: the rates are over the others")
    return _finish(place, "score", len(pairs), json_, {"problems_without_samples": missing})


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    parts: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Runs over parts of the problems.")],
    json_: o.SummaryJson = False,
) -> int:
    """Make one run of the shards of it (`bench synthesis --shard 1/4` …), with its tables."""
    from assistant.bench import merge

    config = merge.merge(parts, out)
    asked = config["asked"]
    rows = sum(len(part["ids"]) for part in asked.get("problems", {}).values())
    total = rows * asked.get("samples", 1) * max(1, len(asked.get("variants", [])))
    missing = merge.missing_shards(parts)
    if missing and not json_:  # with --json it is in the summary
        print(
            f"Incomplete: shards {', '.join(missing)} are missing; every rate is over the problems of the others"
        )
    return _finish(out, config["bench"], total, json_, {"missing_shards": missing} if missing else {})


def export(
    folder: o.RunFolder,
    form: Annotated[
        str,
        typer.Option("--format", "--peer-format", metavar="NAME", help="human-eval, evalplus or inspect."),
    ] = "human-eval",
    group: Annotated[
        str | None, typer.Option("--group", help="Only this variant, as summary.json names it.")
    ] = None,
) -> int:
    """Print a run as another evaluator reads it: a line of JSON a program, or one log for inspect."""
    from assistant.bench.given_samples import exported
    from assistant.bench.inspect_run import inspect_log
    from assistant.bench.run_folder import CONFIG, SAMPLES, read_json
    from assistant.bench.sample_log import read_samples

    if form not in ("human-eval", "evalplus", "inspect"):
        raise UsageError(f"--format {form} is not known; choose human-eval, evalplus or inspect")
    if not (folder / SAMPLES).is_file():
        raise UsageError(f"{folder} holds no {SAMPLES}: is this a folder of a bench?")
    samples = list(read_samples(folder / SAMPLES))
    groups = sorted({sample.group for sample in samples})
    if group is not None and group not in groups:
        raise UsageError(f"--group {group} is not in {folder}; it has {', '.join(groups)}")
    if group is None and len(groups) > 1:
        raise UsageError(f"{folder} has several variants; choose one with --group: {', '.join(groups)}")
    chosen = [sample for sample in samples if group in (None, sample.group)]
    if form == "inspect":
        print(json.dumps(inspect_log(read_json(folder / CONFIG), chosen), ensure_ascii=True))
        return 0
    for line in exported(chosen, form):
        print(json.dumps(line, ensure_ascii=True))
    return 0


def show(
    folder: o.RunFolder,
    json_: o.SummaryJson = False,
) -> int:
    """Show a run's tables again; neither model nor server is needed."""
    b.show_folder(folder, json_=json_)
    return 0


def _finish(place: Path, bench: str, total: int, json_: bool, more: Json) -> int:
    """Tables and figure from the samples that there are."""
    from assistant.bench.benchmark_run import summary_of
    from assistant.bench.synthesis.figure import drawing
    from assistant.bench.synthesis.report import report
    from assistant.bench.synthesis.summary import by_group

    if bench not in ("score", "synthesis"):
        raise UsageError(f"{place} is a run of bench {bench}: only synthesis runs are merged")
    summarise: Summarise = lambda groups: {**by_group(groups), **more}  # noqa: E731
    draw: Drawing = drawing
    reporter: Callable[[Json], Iterable[str]] = report
    b.show(summary_of(place, (), total, summarise, draw), reporter, place, json_=json_)
    return 0
