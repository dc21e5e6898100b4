"""Rows of a file (JSON Lines, a JSON list, or CSV), and which dataset's they are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from assistant.core.errors import UsageError
from assistant.datasets.importers.base import Row, Source, importers
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.storage.bounded_read import MEGABYTE, read_text

LARGEST = 2000 * MEGABYTE
"""Bytes of the largest file of rows: they are held in memory."""


@dataclass
class DetectedDataset:
    """A file's sessions. `skipped` fills while they are taken: why rows were left out."""

    dataset: str
    rows: int
    sessions: Iterator[ImportedSession]
    skipped: list[str] = field(default_factory=list)
    note: str = ""
    """What whoever imports it has to know; often empty."""


def find_sessions(file: Path, tasks: Path | None = None, model_name: str = "") -> DetectedDataset:
    """The sessions in a file. Raises `UsageError` where it is of no known dataset.

    `model_name` is the model that wrote the programs of MINT's file, where its path does not say.
    """
    rows = read_rows(file)
    known = importers()
    importer = next((each for each in known.values() if rows and each.recognise(rows[0])), None)
    if importer is None:
        fields = ", ".join(sorted(map(str, rows[0]))[:8]) if rows else "nothing"
        raise UsageError(f"{file} is of no known dataset ({', '.join(known)}): its first row has {fields}")
    source = Source(file, rows, model_name, partial(_tasks, file, tasks))
    return DetectedDataset(importer.name, len(rows), importer.sessions(source), source.skipped, importer.note)


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


def _tasks(file: Path, tasks: Path | None) -> dict[str, Row]:
    """Tasks by name, from the file given or from `tasks_data.csv` next to the chats."""
    path = tasks or file.with_name("tasks_data.csv")
    if tasks is None and not path.is_file():
        return {}
    return {str(row.get("name", "")): row for row in read_rows(path)}
