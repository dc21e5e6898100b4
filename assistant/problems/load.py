"""`load_source`: from the name that a person gives to a collection of problems."""

from __future__ import annotations

import difflib
import re
from importlib import resources
from pathlib import Path

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import Problem
from assistant.problems.collection import Collection
from assistant.problems.format_registry import convert_all
from assistant.problems.formats import apps, humaneval
from assistant.problems.record_files import Found, read_records

NAMED = ("starter", "humaneval")
"""Sources that come with the package or with a package it needs."""
HUB = "hub:"
"""Before the name of a dataset of the Hugging Face hub."""
_DATE = r"\d{4}(?:-\d\d(?:-\d\d)?)?"
_DATED = re.compile(rf"(?P<place>.+)@(?P<since>{_DATE})?\.\.(?P<until>{_DATE})?", re.DOTALL)

__all__ = ["NAMED", "Collection", "load_source"]


def load_source(name: str) -> Collection:
    """The problems of `starter`, `humaneval`, `hub:NAME`, or a file or folder in a known format.

    `NAME@2024-08..2025-01` keeps those that were published then (days or months; either end may be missing).
    `ProblemSourceError` in one line when there is no such source or nothing in it can be used; single bad
    records are left out and named in `skipped`.
    """
    place, since, until = _dates_in(name)
    problems, skipped = convert_all(_short(place), _found(place))
    if place != name:
        problems = _published(name, problems, since, until)
    return Collection(name=name, problems=problems, skipped=skipped)


def _dates_in(name: str) -> tuple[str, str, str]:
    """The source, and the first and last date that it is to be cut down to; empty where none is named."""
    match = _DATED.fullmatch(name)
    if match is None or not (match["since"] or match["until"]):
        return name, "", ""
    return match["place"], match["since"] or "", match["until"] or ""


def _published(name: str, problems: tuple[Problem, ...], since: str, until: str) -> tuple[Problem, ...]:
    """The problems whose tag `date:` lies between the two, months counted whole. Raises ProblemSourceError."""
    days = {problem.id: date_of(problem) for problem in problems}
    known = sorted(filter(None, days.values()))
    if not known:
        raise ProblemSourceError(f"{_short(name)}: its problems have no dates; leave out what follows the @")
    kept = tuple(
        problem
        for problem in problems
        if (day := days[problem.id]) and day >= since and (not until or day[: len(until)] <= until)
    )
    if not kept:
        raise ProblemSourceError(f"{_short(name)}: its problems are of {known[0]} to {known[-1]}")
    return kept


def date_of(problem: Problem) -> str:
    """The day on which a problem was published, e.g. `2024-08-03`; empty where its source does not say."""
    return next((tag.removeprefix("date:") for tag in problem.tags if tag.startswith("date:")), "")


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
