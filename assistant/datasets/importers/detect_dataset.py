"""Rows of a file (JSON Lines, a JSON list, or CSV), and which dataset's they are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.core.errors import UsageError
from assistant.datasets.importers import ilf, mint, realhumaneval
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.problems.records import BadRecord
from assistant.storage.bounded_read import MEGABYTE, read_text

DATASETS = (ilf.NAME, mint.NAME, realhumaneval.NAME)
Row = dict[str, Any]
LARGEST = 2000 * MEGABYTE
"""Bytes of the largest file of rows: they are held in memory."""


@dataclass
class Found:
    """A file's sessions. `skipped` fills while they are taken: why rows were left out."""

    dataset: str
    rows: int
    stories: Iterator[ImportedSession]
    skipped: list[str] = field(default_factory=list)


def find_stories(file: Path, tasks: Path | None = None, model_name: str = "") -> Found:
    """The sessions in a file. Raises `UsageError` where it is of no known dataset.

    `model_name` is the model that wrote the programs of MINT's file, where its path does not say.
    """
    rows = read_rows(file)
    dataset = _dataset(rows[0]) if rows else ""
    if not dataset:
        fields = ", ".join(sorted(map(str, rows[0]))[:8]) if rows else "nothing"
        raise UsageError(f"{file} is of no known dataset ({', '.join(DATASETS)}): its first row has {fields}")
    found = Found(dataset, len(rows), iter(()))
    if dataset == realhumaneval.NAME:
        found.stories = _chats(rows, _tasks(file, tasks), found)
    else:
        found.stories = _each(rows, dataset, file, found, model_name)
    return found


def read_rows(file: Path) -> list[Row]:
    """The rows of a file. Raises `UsageError` naming the line that is none."""
    try:
        text = read_text(file, LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{file} cannot be read ({reason})") from None
    start = text.lstrip()[:1]
    if start == "[":
        return [row for row in _parsed(text, file, 1) if isinstance(row, dict)]
    if start == "{":
        return [
            _parsed(line, file, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    return list(csv.DictReader(text.splitlines(keepends=True)))


def _parsed(text: str, file: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}, line {line}: not JSON ({error})") from None


def _dataset(row: Row) -> str:
    for module in (ilf, mint, realhumaneval):
        if module.recognise(row):
            return str(module.NAME)
    return ""


def _each(
    rows: list[Row], dataset: str, file: Path, found: Found, model_name: str
) -> Iterator[ImportedSession]:
    for number, row in enumerate(rows, start=1):
        try:
            yield ilf.story(row) if dataset == ilf.NAME else mint.story(row, file, model_name)
        except (BadRecord, KeyError, TypeError, ValidationError, SyntaxError) as error:
            found.skipped.append(f"row {number}: {_word(error)}")


def _chats(rows: list[Row], tasks: dict[str, Row], found: Found) -> Iterator[ImportedSession]:
    try:
        yield from realhumaneval.stories(rows, tasks)
    except (BadRecord, KeyError, TypeError, ValidationError) as error:
        found.skipped.append(_word(error))


def _tasks(file: Path, tasks: Path | None) -> dict[str, Row]:
    """Tasks by name, from the file given or from `tasks_data.csv` beside the chats."""
    path = tasks or file.with_name("tasks_data.csv")
    if tasks is None and not path.is_file():
        return {}
    return {str(row.get("name", "")): row for row in read_rows(path)}


def _word(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"has no field {error}"
    return " ".join(str(error).split())[:200]
