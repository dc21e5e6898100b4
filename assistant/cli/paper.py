"""`assistant paper [DIR] --out OUT`: methods, results, exclusions and limits of the journals as LaTeX."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import options as o
from assistant.reporting.progress import reading_progress


def paper(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where paper.tex and figures go.")],
    folder: o.SessionsFolder = None,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="FILE", help="Only sessions of this study file, with its plan."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="NAMES", help="Keep apart as `analyze --by` does.")
    ] = "model",
    leave_out: o.LeaveOut = None,
    keep_excluded: o.KeepExcluded = False,
    sessions: o.Sessions = None,
) -> int:
    """Write the methods, tables and figures of a paper from journals, with exclusions and limits (LaTeX)."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as for `analyze`
    from assistant.analysis.analyze import analyze
    from assistant.analysis.grouping import parse_by
    from assistant.analysis.paper import write_paper
    from assistant.analysis.text_report import left_out
    from assistant.session.study_file import parse_study, text_of
    from assistant.session.study_freeze import changed_since, read_freeze
    from assistant.settings.paths import sessions_folder

    name, notes = "", []
    if study is not None:
        text = text_of(study)
        name, freeze = parse_study(text, str(study)).name, read_freeze(study)
        notes = list(filter(None, [changed_since(freeze, text)]))
        if freeze is None:
            notes = [f"The plan of study {name} was not frozen: everything here is exploratory."]
    with reading_progress() as progress:
        analysis = analyze(
            folder or sessions_folder(sessions), study=name, by=parse_by(by), leave_out=leave_out or (),
            keep_excluded=keep_excluded, progress=progress,
        )  # fmt: skip
    for line in left_out(analysis):
        print(line, file=sys.stderr)
    for note in notes:
        print(f"! {note}", file=sys.stderr)
    written = write_paper(analysis, out, title=f"Study {name}" if name else "", remarks=tuple(notes))
    print(f"{len(written)} files in {out}; make a PDF by: cd {out} && pdflatex paper.tex")
    return 0
