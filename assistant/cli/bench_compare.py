"""`assistant bench compare` and `assistant bench check`: two runs side by side, and the scoring itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import options as o
from assistant.cli.bench_options import say


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="The folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another of the same bench.")],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="C", help="More of them: compared by model size.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="DIR", help="Write the figure over model sizes there."),
    ] = None,
    json_: o.Json = False,
) -> int:
    """What differs between two runs, row by row; several, or with --figure: their rates over model sizes."""
    from assistant.bench.compare import compare as compare_folders
    from assistant.bench.compare import report

    if more or figure is not None:
        return _over_sizes([a, b, *(more or [])], figure, json_=json_)
    comparison = compare_folders(a, b)
    print(json.dumps(comparison.model_dump(mode="json")) if json_ else "\n".join(report(comparison)))
    return 0


def _over_sizes(runs: list[Path], figure: Path | None, *, json_: bool) -> int:
    from assistant.bench import model_sizes
    from assistant.reporting.plot_style import render, save

    comparison = model_sizes.compare_sizes(runs)
    if json_:
        print(json.dumps(comparison.model_dump(mode="json")))
    else:
        print("\n".join(model_sizes.report(comparison)))
    if figure is not None:
        for path in save(figure, "sizes", render(*model_sizes.drawing(comparison))):
            say(f"written: {path}")
    return 0


def check(
    problems: Annotated[
        list[str] | None,
        typer.Option("--problems", metavar="SOURCE", help="Its references must all pass; may be repeated."),
    ] = None,
    hidden_tests: o.HiddenTests = None,
    ilf: Annotated[
        Path | None, typer.Option("--ilf", metavar="FILE", help="Its wrong programs must all fail.")
    ] = None,
    json_: o.Json = False,
    unsafe_run: o.UnsafeRun = False,
) -> int:
    """Is the scoring right? References must score 100%, known-wrong programs 0%; exit status 1 where not."""
    from contextlib import closing
    from itertools import chain

    from assistant.bench.self_check import check_ilf, check_sources
    from assistant.sandbox.local import open_sandbox

    sources = problems or ([] if ilf else ["starter"])
    ok = True
    with closing(open_sandbox(unsafe=unsafe_run)) as sandbox:
        checked = check_sources([(source, hidden_tests or "") for source in sources], sandbox, say)
        for group in chain(checked, check_ilf(ilf, sandbox) if ilf else ()):
            ok = ok and group.ok
            wrong = f"; not as they must: {', '.join(group.wrong[:10])}" if group.wrong else ""
            print(
                group.model_dump_json()
                if json_
                else f"{group.passing} of {group.programs} {group.name} pass{wrong}",
                flush=True,
            )
    return 0 if ok else 1
