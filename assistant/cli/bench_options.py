"""Options that every bench has, and the parts that they ask for."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import run as session_options
from assistant.cli.composition import RunOptions, check_options, make_engine

if TYPE_CHECKING:
    from assistant.bench.benchmark_run import BenchmarkRun
    from assistant.bench.costs import Prices
    from assistant.bench.jobs import Judge
    from assistant.bench.runner import Concurrency
    from assistant.core.generation import Engine, ModelInfo, Progress
    from assistant.sandbox.local import LocalSandbox

Engine_ = Annotated[str | None, session_options.ENGINE]
Model = Annotated[str | None, session_options.MODEL]
Device = Annotated[str | None, session_options.DEVICE]
Precision = Annotated[str | None, session_options.PRECISION]
BaseUrl = Annotated[str | None, session_options.BASE_URL]
Script = Annotated[Path | None, session_options.SCRIPT]
Seed = Annotated[int, session_options.SEED]
MaxTokens = Annotated[int, session_options.MAX_TOKENS]
Unsafe = Annotated[bool, session_options.UNSAFE]
BaseModel = Annotated[
    bool,
    typer.Option(
        "--base-model", help="The server's model is no chat model: plain text with [BEGIN], [DONE]."
    ),
]
Streams = Annotated[
    int | None, typer.Option("--streams", min=1, max=4096, help="Requests open at once (64 for a server).")
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch", min=1, max=1024, help="Samples in one request (of a model on this machine)."),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", min=0.01, help="Begin nothing new after so long; the same command goes on."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.05, max=600.0, metavar="S", help="Seconds per test.")
]
Judges = Annotated[
    int | None,
    typer.Option(
        "--judges", min=1, max=1024, help="Programs judged at once (default: cores; ASSISTANT_CORES)."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder of the run (default: by what is asked).")
]
PriceIn = Annotated[float | None, typer.Option("--price-in", min=0, help="Of a million tokens read.")]
PriceOut = Annotated[float | None, typer.Option("--price-out", min=0, help="Of a million tokens written.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N problems.")]
Problems = Annotated[
    str, typer.Option("--problems", metavar="SOURCE", help="starter, humaneval, a path, or hub:NAME.")
]
Hidden = Annotated[
    str | None,
    typer.Option("--hidden-tests", metavar="FILE", help="MBPP+ or HumanEval+: its tests, scored silently."),
]
JsonOut = Annotated[bool, typer.Option("--json", help="Print summary.json instead of the tables.")]

UNDECIDING = frozenset({"out", "json_", "minutes", "price_in", "price_out", "streams", "judges"})
"""Options that change nothing of what a run holds."""

PER_PART = ("half", "rows", "rows_sha256", "wordings", "arms", "person")
"""What differs between parts of one run, which share a folder."""


@dataclass(frozen=True)
class BenchOptions:
    """What was said about the machine side of a bench."""

    engine: str | None = None
    model: str | None = None
    device: str | None = None
    precision: str | None = None
    base_url: str | None = None
    script: Path | None = None
    base_model: bool = False
    streams: int | None = None
    batch: int | None = None
    minutes: float | None = None
    timeout: float = 10.0
    price_in: float | None = None
    price_out: float | None = None
    out: Path | None = None
    json_: bool = False
    unsafe: bool = False
    judges: int | None = None
    given: dict[str, str] = field(default_factory=dict)
    """Every option of the command, by which a finished run is found again."""

    @property
    def prices(self) -> Prices:
        """What tokens cost."""
        from assistant.bench.costs import Prices

        return Prices(read=self.price_in, written=self.price_out)

    def open_engine(self) -> Engine:
        """The engine, not prepared yet. Raises UsageError."""
        options = RunOptions(
            engine=self.engine, model=self.model, device=self.device, precision=self.precision,
            base_url=self.base_url, script=self.script,
        )  # fmt: skip
        check_options(options)
        if self.base_url and self.engine in (None, "auto", "openai"):
            from assistant.engine.openai_server import OpenAIEngine

            return OpenAIEngine(self.base_url, self.model, parallel=self.streams, is_chat=not self.base_model)
        return make_engine(options)

    def pace(self, model: ModelInfo, samples: int) -> Concurrency:
        """A server takes many single requests at once, a model on this machine one batch after another."""
        from assistant.bench.runner import Concurrency

        here = {"openai": (64, 1), "scripted": (1, samples)}
        usual = here.get(model.engine, (2, 16 if model.device == "cpu" else 64))
        return Concurrency(
            streams=self.streams or usual[0],
            batch=min(samples, self.batch or usual[1]),
            seconds=None if self.minutes is None else 60 * self.minutes,
            judges=self.judges or 0,
        )

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Sandbox and engine for the duration of the block; both are closed with it.

        Requirements of the summary are checked first, not after an hour of generation.
        """
        from assistant.core.optional_deps import check
        from assistant.sandbox.local import open_sandbox

        check("duckdb", "matplotlib", "scipy", "numpy")
        with closing(open_sandbox(unsafe=self.unsafe)) as sandbox, closing(self.open_engine()) as engine:
            yield Parts(self, sandbox, engine)


@dataclass
class Parts:
    """The machine side of a bench, open."""

    options: BenchOptions
    sandbox: LocalSandbox
    engine: Engine
    model: ModelInfo | None = None

    def prepare(self) -> ModelInfo:
        """Load the model, saying each step once."""
        if self.model is not None:
            return self.model
        said: list[str] = []

        def report(progress: Progress) -> None:
            if progress.step not in said:
                said.append(progress.step)
                say(f"{progress.step} …")

        self.model = self.engine.prepare(report)
        return self.model

    def run(
        self,
        bench: str,
        source: str,
        asked: dict[str, Any],
        samples: int,
        judge: Judge | None = None,
        part: str = "",
    ) -> BenchmarkRun:
        """The run's folder with its question written down. Raises UsageError where it holds another."""
        from assistant.bench import run_folder as folder
        from assistant.bench.benchmark_run import BenchmarkRun
        from assistant.bench.scoring import ProgramJudge
        from assistant.core.submission import Limits

        model = self.model or self.prepare()
        options, limits = self.options, Limits(seconds=self.options.timeout)
        pace = options.pace(model, samples)
        asked = {
            **asked,
            "model": model.model_dump(mode="json"),
            "batch": pace.batch,
            "limits": limits.model_dump(),
        }
        common = {name: value for name, value in asked.items() if not part or name not in PER_PART}
        out = (options.out or folder.default_folder(bench, source, model.name, common)) / part
        path = folder.open_folder(out, bench, asked, folder.described_run(self.sandbox.layers, options.given))
        chosen = judge or ProgramJudge(self.sandbox, limits)
        return BenchmarkRun(path, self.engine, chosen, pace, options.prices)


@contextmanager
def with_progress(label: str, run: BenchmarkRun) -> Iterator[BenchmarkRun]:
    """The run with a progress bar. SIGTERM ends it as Ctrl-C does: finished samples are kept."""
    from assistant.cli.progress import progress_bar

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    say(f"in {run.folder}")
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with progress_bar(label) as watch:
            yield replace(run, watch=watch)
    except KeyboardInterrupt:
        say("stopped; what was finished is kept: run the same command again to go on")
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def shown_again(bench: str, options: BenchOptions) -> bool:
    """Show the run of this very command where it is finished; then neither model nor server is needed."""
    from assistant.bench.run_folder import finished_folder

    place = finished_folder(bench, options.out, options.given)
    if place is None:
        return False
    say(f"finished before, shown again from {place} (another --out makes it anew)")
    show_folder(place, json_=options.json_)
    return True


def given_options(arguments: Mapping[str, object]) -> dict[str, str]:
    """The arguments of a command as texts, without those that decide nothing."""
    return {name: str(value) for name, value in sorted(arguments.items()) if name not in UNDECIDING}


def show_folder(place: Path, *, json_: bool) -> None:
    """A folder's tables, from its summary. Raises AssistantError where it holds none."""
    from importlib import import_module

    from assistant.bench.run_folder import CONFIG, SUMMARY, read_json

    bench = read_json(place / CONFIG).get("bench")
    room = {"score": "synthesis"}.get(str(bench), str(bench))
    report = import_module(f"assistant.bench.{room}.report").report
    show(read_json(place / SUMMARY), report, place, json_=json_)


def say(line: str) -> None:
    """Talk goes to stderr."""
    print(line, file=sys.stderr, flush=True)


def show(
    summary: dict[str, Any],
    report: Callable[[dict[str, Any]], Iterable[str]],
    folder: Path,
    *,
    json_: bool,
) -> None:
    """Data on stdout, talk on stderr."""
    from assistant.bench.benchmark_run import closing_lines, opening_lines

    if json_:
        print(json.dumps(summary, ensure_ascii=False))
    elif summary["samples"]:
        print("\n".join([*opening_lines(summary), *report(summary)]) + "\n")
    for line in closing_lines(summary, folder):
        say(line)
