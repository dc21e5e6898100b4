"""`assistant import`: other people's feedback data as journals of their own kind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import options as o
from assistant.reporting.progress import ProgressPrinter


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Rows of ILF, MINT, SWE-chat or RealHumanEval-style chats; an Open WebUI feedback export; a "
            "session of Claude Code, Codex or aider.",
        ),
    ],
    tasks: Annotated[
        Path | None,
        typer.Option(
            "--tasks",
            metavar="FILE",
            help="Tests by a task's or a function's name (rows of `name`, `unit_test`), as tasks_data.csv has them.",
        ),
    ] = None,
    model_name: Annotated[
        str,
        typer.Option(
            "--model-name", metavar="NAME", help="Who wrote MINT's programs, where the path does not say."
        ),
    ] = "",
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset", metavar="NAME", help="Whose the file is, where its form does not say: e.g. swe_chat."
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Only so many sessions; 0 is all.")] = 0,
    sessions: o.Sessions = None,
) -> int:
    """Make journals of released feedback data, to analyse, replay feedback from, and export."""
    from contextlib import closing
    from itertools import islice

    from assistant.datasets.importers.detect_dataset import find_sessions
    from assistant.datasets.importers.to_journal import write_imported
    from assistant.sandbox.local import open_sandbox
    from assistant.settings.paths import sessions_folder

    found = find_sessions(file, tasks, model_name, dataset)
    folder = sessions_folder(sessions)
    if found.note:
        print(found.note, file=sys.stderr)
    print(f"{found.dataset}: {found.rows} rows; running their programs in the sandbox", file=sys.stderr)
    wanted = min(found.rows, limit or found.rows)
    written = there = 0
    with closing(open_sandbox()) as sandbox, ProgressPrinter(announce=None) as printer:
        for session in islice(found.sessions, limit or None):
            if write_imported(folder, session, sandbox):
                written += 1
            else:
                there += 1
            printer.show("importing sessions", written + there, wanted)
    for line in found.skipped[:10]:
        print(f"left out: {line}", file=sys.stderr)
    if len(found.skipped) > 10:
        print(f"… and {len(found.skipped) - 10} more", file=sys.stderr)
    print(
        f"{written} sessions imported from {found.dataset}, {there} were there, {len(found.skipped)} rows left out"
    )
    return 0
