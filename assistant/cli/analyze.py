"""`assistant analyze [DIR] --out OUT`: what the journals answer, from the journals alone."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import options as o
from assistant.reporting.progress import reading_progress

if TYPE_CHECKING:
    from assistant.analysis.results import Analysis


def analyze(
    folder: o.SessionsFolder = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where tables, figures and report.html go.")
    ] = None,
    study: Annotated[str, typer.Option("--study", metavar="NAME", help="Only sessions of this study.")] = "",
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="NAME=VALUE", help="Only sessions under this condition."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="NAMES",
            help="Keep apart by model, study, condition, annotator, source, difficulty, samples, rounds.",
        ),
    ] = "model",
    leave_out: o.LeaveOut = None,
    keep_excluded: o.KeepExcluded = False,
    sessions: o.Sessions = None,
    json_: o.Json = False,
) -> int:
    """Solve rate by round with intervals, controls, effort: table, CSV, Parquet, figures, HTML report."""
    # The matrices here are small: more threads of numpy's library only wait for one another, and forbid forking.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from assistant.analysis.analyze import analyze as analyze_folder
    from assistant.analysis.analyze import write
    from assistant.analysis.grouping import parse_by, parse_condition
    from assistant.analysis.text_report import account, left_out
    from assistant.settings.paths import sessions_folder

    with reading_progress() as progress:
        analysis = analyze_folder(
            folder or sessions_folder(sessions),
            study=study,
            condition=parse_condition(condition or []),
            by=parse_by(by),
            leave_out=leave_out or (),
            keep_excluded=keep_excluded,
            progress=progress,
        )
    for line in left_out(analysis):
        print(line, file=sys.stderr)
    print(json.dumps(_summary(analysis), ensure_ascii=False) if json_ else "\n".join(account(analysis)))
    if out is not None:
        written = write(analysis, out)
        print(f"{len(written)} files in {out}; begin with {written[0]}", file=sys.stderr)
    return 0


def _summary(analysis: Analysis) -> dict[str, Any]:
    """Every table but those of single sessions, programs and feedbacks, as JSON."""
    from assistant.analysis.output_tables import tables_of

    tables = [
        table for table in tables_of(analysis) if table.name not in ("sessions", "programs", "feedback")
    ]
    return {
        "data_sha256": analysis.data_sha256,
        "journals": analysis.journals,
        "events": analysis.events,
        "sessions": analysis.sessions,
        "selection": analysis.selection,
        "plans": [asdict(plan) for plan in analysis.plans],
        "cautions": {results.group.name: results.cautions for results in analysis.groups},
        **{
            table.name: [
                dict(zip([name for name, _ in table.columns], row, strict=True)) for row in table.rows
            ]
            for table in tables
        },
    }
