"""`load_source`: from the name that a person gives to a collection of problems."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path

from assistant.core.errors import ProblemSourceError
from assistant.problems.collection import Collection
from assistant.problems.format_registry import convert_all
from assistant.problems.formats import apps, humaneval
from assistant.problems.record_files import Found, read_records

NAMED = ("starter", "humaneval")
"""Sources that come with the package or with a package it needs."""
HUB = "hub:"
"""Before the name of a dataset of the Hugging Face hub."""

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
    if name.startswith(HUB):
        return read_hub(name.removeprefix(HUB))
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


def read_hub(name: str) -> list[Found]:
    """Every record of every split of `NAME` or `NAME:CONFIG`, e.g. `google-research-datasets/mbpp:sanitized`.

    The package `datasets` loads it, from the hub or from a folder in the hub's layout.
    """
    try:
        from datasets import load_dataset  # heavy: seconds to import
    except ImportError:
        raise ProblemSourceError(f"{HUB}{name} needs the package datasets: pip install datasets") from None
    dataset, _, config = name.partition(":")
    try:
        splits = load_dataset(dataset, config or None)
    except (
        Exception
    ) as error:  # whatever the hub's client raises: offline, no such name, a script, a bad file
        reason = next(
            (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
        )
        raise ProblemSourceError(f"cannot load {name} from the hub: {reason}") from None
    return [
        (f"split {split} row {number}", dict(row))
        for split, rows in splits.items()
        for number, row in enumerate(rows, start=1)
    ]
