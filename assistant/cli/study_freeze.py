"""`assistant study freeze FILE`: the plan of a study as text for a registry, with its hash, before the data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli import options as o
from assistant.core.errors import UsageError


def freeze(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A study file (TOML) with a table [plan].")],
    sessions: o.Sessions = None,
) -> None:
    """Fix the plan of a study before its data: text for a registry (OSF, AsPredicted), with its SHA-256."""
    from assistant.journal.library import list_sessions
    from assistant.problems.load import load_source
    from assistant.session.study import chosen_problems
    from assistant.session.study_file import parse_study, text_of
    from assistant.session.study_freeze import (
        Freeze,
        changed_since,
        freeze_path,
        read_freeze,
        registration,
    )
    from assistant.settings.paths import sessions_folder

    text = text_of(file)
    study = parse_study(text, str(file))
    before = read_freeze(file)
    if before is not None:
        now = changed_since(before, text) or f"{file} is still what was frozen (SHA-256 {before.sha256})"
        raise UsageError(f"{before.path} exists already, of {before.at}: {now}")
    if study.plan is None:
        raise UsageError(
            f"{file} has no table [plan]: write at least hypotheses and primary_outcome (`assistant study new` has "
            "an example)"
        )
    frozen = Freeze(freeze_path(file), datetime.now(UTC).isoformat(timespec="microseconds"), text)
    problems = chosen_problems(study, load_source(study.source).problems)
    folder = sessions_folder(sessions)
    held = sum(session.study == study.name for session in list_sessions(folder)) if folder.is_dir() else 0
    try:
        with frozen.path.open("x", encoding="utf-8", newline="") as out:
            out.write(registration(frozen, study, problems, held))
    except OSError as error:
        raise UsageError(f"{frozen.path} cannot be written: {error.strerror}") from None
    if held:
        print(
            f"! {held} sessions of study {study.name} are in {folder} already: their data began before the freeze"
        )
    print(f"Froze {file} at {frozen.at}\nSHA-256: {frozen.sha256}")
    print(f"Register the text of {frozen.path}, and leave it beside the study file.")
