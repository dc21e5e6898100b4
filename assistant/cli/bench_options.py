"""The machine side of a bench: its options, and the parts that they ask for."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli import options as o
from assistant.cli.composition import check_options, make_engine
from assistant.cli.run_options import RunOptions
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.bench.benchmark_run import BenchmarkRun
    from assistant.bench.costs import Prices
    from assistant.bench.jobs import Judge
    from assistant.bench.runner import Concurrency, RunTotals
    from assistant.bench.scoring import ProgramJudge
    from assistant.core.generation import Engine, ModelInfo, Sampling
    from assistant.core.submission import Limits
    from assistant.sandbox.local import LocalSandbox

UNDECIDING = frozenset({"out", "json_", "minutes", "price_in", "price_out", "streams", "judges", "ray"})
"""Options that change nothing of what a run holds."""
LATER = {"beams": "1", "redraw": "False", "words": "None", "thinking_tokens": "None"}
"""Options that came after the first runs, and what they are where they are not used: no run of before has them."""

PER_PART = ("half", "rows", "rows_sha256", "wordings", "arms", "person")
"""What differs between parts of one run, which share a folder."""


def _text(name: str, value: object) -> str:
    """An option as a text; one server as it stood there before there could be several."""
    return ",".join(value) if name == "base_url" and isinstance(value, list) else str(value)


@dataclass(frozen=True)
class BenchOptions(o.EngineOptions):
    """What was said about the machine side of a bench, in the order of `--help`."""

    base_model: o.BaseModel = False
    seed: o.Seed = 0
    max_tokens: o.MaxTokens = 640
    thinking_tokens: o.ThinkingTokens = None
    streams: o.Streams = None
    batch: o.BatchSize = None
    minutes: o.Minutes = None
    timeout: o.Timeout = 10.0
    judges: o.Judges = None
    ray: o.Ray = None
    price_in: o.PriceIn = None
    price_out: o.PriceOut = None
    out: o.BenchOut = None
    json_: o.SummaryJson = False
    unsafe_run: o.UnsafeRun = False
    given: dict[str, str] = field(default_factory=dict)
    """Every option of the command, by which a finished run is found again."""

    def asked_with(self, arguments: o.Arguments) -> BenchOptions:
        """The same, with all arguments of the command as texts; without those that decide nothing."""
        texts = {
            name: _text(name, value) for name, value in sorted(arguments.items()) if name not in UNDECIDING
        }
        given = {name: text for name, text in texts.items() if LATER.get(name) != text}
        return replace(self, given=given)

    def sampling(self, temperature: float = 0.0) -> Sampling:
        """How tokens are drawn."""
        from assistant.core.generation import Sampling

        return Sampling(
            temperature=temperature,
            seed=self.seed,
            max_new_tokens=self.max_tokens,
            thinking_tokens=self.thinking_tokens,
        )

    @property
    def prices(self) -> Prices:
        """What tokens cost."""
        from assistant.bench.costs import Prices

        return Prices(read=self.price_in, written=self.price_out)

    def open_engine(self) -> Engine:
        """The engine, not prepared yet. Raises UsageError."""
        o.check_thinking(self.thinking_tokens, self.max_tokens)
        options = RunOptions(**{item.name: getattr(self, item.name) for item in fields(o.EngineOptions)})
        check_options(options)
        if self.base_url and self.engine in (None, "auto", "openai"):
            from assistant.engine.openai_server import open_servers

            return open_servers(self.servers, self.model, parallel=self.streams, is_chat=not self.base_model)
        return make_engine(options)

    def pace(self, model: ModelInfo, samples: int) -> Concurrency:
        """A server takes many single requests at once, a model on this machine so many rows as share a step."""
        from assistant.bench.runner import Concurrency

        rows = 16 if model.device == "cpu" else 64
        here = {"openai": (64 * max(1, len(model.servers)), 1), "scripted": (1, samples)}
        usual = here.get(model.engine, (max(2, rows // min(samples, rows)), rows))
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
        with ExitStack() as opened:
            sandbox = opened.enter_context(closing(open_sandbox(unsafe=self.unsafe_run)))
            judge = program_judge(self.ray, sandbox, self.limits, opened, unsafe=self.unsafe_run)
            engine = opened.enter_context(closing(self.open_engine()))
            yield Parts(self, sandbox, engine, judge)

    @property
    def limits(self) -> Limits:
        """Of each program."""
        from assistant.core.submission import Limits

        return Limits(seconds=self.timeout)


@dataclass
class Parts:
    """The machine side of a bench, open."""

    options: BenchOptions
    sandbox: LocalSandbox
    engine: Engine
    judge: ProgramJudge
    model: ModelInfo | None = None

    def prepare(self) -> ModelInfo:
        """Load the model, with its progress."""
        if self.model is not None:
            return self.model
        with ProgressPrinter() as printer:
            self.model = self.engine.prepare(printer.report)
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

        model = self.model or self.prepare()
        options, limits = self.options, self.options.limits
        pace = options.pace(model, samples)
        pace = replace(pace, judges=pace.judges or self.judge.slots)
        asked = {
            **asked,
            "model": model.model_dump(mode="json", exclude={"parameters"}),  # a run of before goes on
            "batch": pace.batch,
            "limits": limits.model_dump(),
        }
        common = {name: value for name, value in asked.items() if not part or name not in PER_PART}
        out = (options.out or folder.default_folder(bench, source, model.name, common)) / part
        described = folder.described_run(self.sandbox.layers, options.given)
        path = folder.open_folder(out, bench, asked, {**described, "parameters": model.parameters})
        return BenchmarkRun(path, self.engine, judge or self.judge, pace, options.prices)


def program_judge(
    ray: str | None, sandbox: LocalSandbox, limits: Limits, opened: ExitStack, *, unsafe: bool = False
) -> ProgramJudge:
    """The judge of this machine, or of the Ray cluster at an address, which is left with `opened`."""
    if ray is None:
        from assistant.bench.scoring import ProgramJudge

        return ProgramJudge(sandbox, limits)
    from assistant.bench.ray_judge import RayJudge

    return opened.enter_context(closing(RayJudge(ray, sandbox, limits, unsafe=unsafe)))


@contextmanager
def with_progress(label: str, run: BenchmarkRun) -> Iterator[BenchmarkRun]:
    """The run with a progress bar. SIGTERM ends it as Ctrl-C does: finished samples are kept."""
    say(f"in {run.folder}")
    with stoppable(), ProgressPrinter(announce=None, time_left=False) as printer:
        yield replace(run, watch=lambda totals: printer.show(label, *state_of(totals)))


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends what runs within as Ctrl-C does, and a line says that it can be gone on with."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped. What was finished is kept: run the same command again to go on.")
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def state_of(totals: RunTotals) -> tuple[int, int, str]:
    """Samples that are done, of how many, and `2.1 samples/s · 12 min left · 31 of 47 solved`."""
    from assistant.reporting.terminal_tables import duration

    left = "" if totals.rate < 1e-6 else f" · {duration((totals.total - totals.done) / totals.rate)} left"
    made = f"{totals.rate:.1f} samples/s" if totals.done > totals.before else "begun"
    failed = f" · {totals.failed} failed: {totals.failure[:60]}" if totals.failed else ""
    solved = f"{len(totals.solved_rows)} of {len(totals.seen_rows)} solved"
    return totals.done, totals.total, f"{made}{left} · {solved}{failed}"


def shown_again(
    bench: str,
    options: BenchOptions,
    apart: Container[str] = (),
    laid_over: Callable[[Path], None] | None = None,
) -> bool:
    """Show the run of this very command where it is finished; then neither model nor server is needed.

    Options `apart` can add nothing to a finished run's answers; `laid_over` adds to its summary what they say.
    """
    from assistant.bench.run_folder import finished_folder

    place = finished_folder(bench, options.out, options.given, apart)
    if place is None:
        return False
    say(f"Finished before: shown again from {place}. Choose another --out to run it again.")
    if laid_over is not None:
        laid_over(place)
    show_folder(place, json_=options.json_)
    return True


def show_folder(place: Path, *, json_: bool) -> None:
    """A folder's tables, from its summary. Raises AssistantError where it holds none."""
    from importlib import import_module

    from assistant.bench.run_folder import CONFIG, SUMMARY, read_json

    bench = read_json(place / CONFIG).get("bench")
    package = {"score": "synthesis"}.get(str(bench), str(bench))
    report = import_module(f"assistant.bench.{package}.report").report
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
