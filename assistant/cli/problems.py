"""`assistant problems`: what a source holds, and whether its reference solutions pass."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.printable import exact, exact_line
from assistant.reporting.progress import ProgressPrinter
from assistant.reporting.terminal_tables import listing

_DRAWING = (
    "engine", "device", "precision", "base_url", "base_model", "script", "seed", "max_tokens", "streams", "batch",
    "minutes", "timeout", "judges",
)  # fmt: skip
"""Options of a bench that --calibrate has."""
_UNDECIDING = frozenset({"check", "between", "json_", "out", "strength", "harden", "answers"})
"""Options that change nothing of what is drawn."""

if TYPE_CHECKING:
    from assistant.core.problem import Problem
    from assistant.problems.collection import Collection
    from assistant.problems.reference_check import CheckedProblem


@o.with_groups
def problems(
    arguments: o.Arguments,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="starter, humaneval, a file or folder, or hub:NAME.")
    ] = "starter",
    check: Annotated[
        bool, typer.Option("--check", help="Run every reference solution on its tests, in the sandbox.")
    ] = False,
    calibrate: Annotated[
        str | None,
        typer.Option(
            "--calibrate", metavar="MODEL", help="Measure how often this model alone solves each problem."
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", "-k", min=1, max=1000, help="Of each problem, for --calibrate.")
    ] = 10,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0.0, max=5.0, help="Of the samples of --calibrate.")
    ] = 0.8,
    between: Annotated[
        str,
        typer.Option(
            "--between", metavar="LOW-HIGH", help="Percent solved alone, of the subset that is written."
        ),
    ] = "10-60",
    strength: Annotated[
        bool,
        typer.Option("--strength", help="Count wrong programs near the reference that its tests let pass."),
    ] = False,
    harden: Annotated[
        bool, typer.Option("--harden", help="The same, and write the set with hidden tests that stop them.")
    ] = False,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", metavar="FILE", help="Samples whose wrong programs count too, for --strength."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the new set of problems is written.")
    ] = None,
    json_: o.Json = False,
    limit: o.Limit = None,
    problem: Annotated[
        list[str] | None, typer.Option("--problem", metavar="ID", help="Only this problem; may be repeated.")
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-run", "--unsafe", help="Run where the sandbox cannot keep its promises.")
    ] = False,
    options: Annotated[b.BenchOptions, o.Choice(only=_DRAWING)] = b.BenchOptions(),
) -> int:
    """List a source's problems, check them, or measure how hard they are and how strong their tests."""
    from assistant.problems.load import load_source

    collection = load_source(source)
    chosen = [collection.get(name) for name in problem] if problem else list(collection)
    chosen = chosen[:limit]
    _say_skipped(collection)
    if calibrate is not None:
        from assistant.cli.problems_calibrate import Calibration
        from assistant.cli.problems_calibrate import calibrate as calibrated

        o.check_samples(samples, temperature)
        question = {name: value for name, value in arguments.items() if name not in _UNDECIDING}
        drawing = replace(options.asked_with(o.Arguments(question)), model=calibrate, unsafe_run=unsafe)
        asked = Calibration(samples, temperature, between, out)
        return calibrated(collection, chosen, asked, drawing, json_=json_)
    if strength or harden:
        from assistant.cli.problems_strength import strength as measured

        return measured(collection, chosen, answers, out, harden=harden, json_=json_, unsafe=unsafe)
    if check:
        return _check(chosen, json_=json_, unsafe=unsafe)
    _list(chosen, json_=json_)
    return 0


def _say_skipped(collection: Collection) -> None:
    for line in collection.skipped[:20]:
        print(f"skipped: {line}", file=sys.stderr)
    if collection.skipped:
        print(f"{len(collection.skipped)} skipped of {collection.name}", file=sys.stderr)


def _list(chosen: Sequence[Problem], *, json_: bool) -> None:
    if json_:
        for problem in chosen:
            print(json.dumps(problem.model_dump(mode="json"), ensure_ascii=False))
        return
    graded = any(problem.difficulty for problem in chosen)
    rows = [
        (problem.id, *([problem.difficulty] if graded else []), exact(" ".join(problem.text.split())))
        for problem in chosen
    ]
    head = ("problem", "difficulty", "task") if graded else ("problem", "task")
    for line in listing(head, rows, sys.stdout, cut=True):
        print(line)
    print(f"{len(rows)} problems", file=sys.stderr)


def _check(chosen: Sequence[Problem], *, json_: bool, unsafe: bool) -> int:
    from assistant.problems.reference_check import check_references
    from assistant.sandbox.local import open_sandbox

    results: list[CheckedProblem] = []
    with closing(open_sandbox(unsafe=unsafe)) as sandbox, ProgressPrinter(announce=None) as printer:
        for result in check_references(chosen, sandbox):
            results.append(result)
            if result.dropped:
                more = f" (and {len(result.dropped) - 1} more)" if len(result.dropped) > 1 else ""
                printer.line(f"left out: {result.dropped[0]}{more}")
            if result.failed and not json_:
                printer.line(_failure(result), sys.stdout)
            failed = sum(each.failed for each in results)
            printer.show("checking", len(results), len(chosen), f"{failed} failed")
    _report(results, json_=json_)
    return 1 if any(result.failed for result in results) else 0


def _failure(result: CheckedProblem) -> str:
    from assistant.cli.text_rendering import wrong_value_text

    case, report = result.first_failure, result.report
    if case is None:
        return f"{result.problem.id}: {exact_line(report.message) if report else ''}"
    detail = exact_line(case.message) or (wrong_value_text(case, "    ") if case.actual is not None else "")
    detailed = f": {detail}" if detail else ""
    known = " (this task differs between releases)" if "releases-differ" in result.problem.tags else ""
    return f"{result.problem.id}: {case.outcome.word}: {exact_line(case.test)}{detailed}{known}"


def _report(results: Sequence[CheckedProblem], *, json_: bool) -> None:
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    without = len(results) - passed - failed
    if json_:
        failures = {r.problem.id: _failure(r) for r in results if r.failed}
        print(
            json.dumps(
                {"passed": passed, "failed": failed, "without_reference": without, "failures": failures}
            )
        )
        return
    print(f"{passed} passed, {failed} failed" + (f", {without} skipped" if without else ""))
