"""`load_source`: from the name that a person gives to a collection of problems."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path

from assistant.core.errors import ProblemSourceError
from assistant.problems.collection import Collection
from assistant.problems.format_registry import convert_all
from assistant.problems.formats import apps, humaneval
from assistant.problems.hf_hub import PREFIX, read_hub
from assistant.problems.record_files import Found, read_records

NAMED = ("starter", "humaneval")
"""Sources that come with the package or with a package it needs."""

__all__ = ["NAMED", "Collection", "load_source"]


def load_source(name: str) -> Collection:
    """The problems of `starter`, `humaneval`, `hub:NAME`, or a file or folder in a known format.

    `ProblemSourceError` in one line when there is no such source or nothing in it can be used; single bad
    records are left out and named in `skipped`.
    """
    problems, skipped = convert_all(_short(name), _found(name))
    return Collection(name=name, problems=problems, skipped=skipped)


def _found(name: str) -> list[Found]:
    if name == "starter":
        return read_records(Path(str(resources.files("assistant.problems") / "starter.jsonl")))
    if name == "humaneval":
        return read_records(humaneval.packaged_file())
    if name.startswith(PREFIX):
        return read_hub(name.removeprefix(PREFIX))
    return _found_at(name)


def _found_at(name: str) -> list[Found]:
    try:
        path = Path(name).expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise ProblemSourceError(f"cannot read {_short(name)!r}: {error}") from None
    if is_folder:
        return _in_folder(path)
    if is_file:
        return read_records(path)
    close = difflib.get_close_matches(name, NAMED, n=1)
    hint = f"did you mean {close[0]}?" if close else f"give {', '.join(NAMED)}, hub:NAME, a file or a folder"
    raise ProblemSourceError(f"no problem source {_short(name)!r}: {hint}")


def _in_folder(path: Path) -> list[Found]:
    try:
        found = apps.read_folder(path)
    except OSError as error:
        raise ProblemSourceError(f"cannot read {path}: {error.strerror or error}") from None
    if not found:
        raise ProblemSourceError(f"{path} holds no APPS problem (question.txt) and is not a file of problems")
    return found


def _short(name: str) -> str:
    return name if len(name) <= 200 else name[:200] + "…"
