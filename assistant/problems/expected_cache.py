"""Expected values kept in a folder: recording them anew takes a minute and always gives the same."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from assistant.core.problem import FrozenModel, Problem, sha256_of
from assistant.problems.collection import Collection
from assistant.problems.expected_values import FilledProblem, LiteralRecorder, fill_collection, is_open


class _Kept(FrozenModel):
    """A collection as it is written to the cache."""

    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]


def fill_collection_once(
    collection: Collection,
    sandbox: LiteralRecorder,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """`fill_collection`, kept in `folder` for the same problems and Python version.

    A folder that cannot be written to costs the time again and nothing else.
    """
    if not any(map(is_open, collection)):
        return collection
    identity = [platform.python_version(), *(problem.sha256 for problem in collection)]
    path = folder / f"expected-{sha256_of(identity)[:16]}.json"
    kept = _read(path)
    if kept is None:
        filled = fill_collection(collection, sandbox, progress)
        _write(path, _Kept(problems=filled.problems, skipped=filled.skipped))
        return filled
    return Collection(collection.name, kept.problems, kept.skipped)


def fill_problem_once(problem: Problem, sandbox: LiteralRecorder, folder: Path) -> FilledProblem:
    """One problem with its expected values, kept like those of a collection; dropped calls are named."""
    filled = fill_collection_once(Collection(problem.id, (problem,)), sandbox, folder)
    return FilledProblem(filled.problems[0], filled.skipped)


def _read(path: Path) -> _Kept | None:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, kept: _Kept) -> None:
    """Written to a temporary file and moved into place, so that no half file is ever read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError:
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(kept.model_dump_json())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
