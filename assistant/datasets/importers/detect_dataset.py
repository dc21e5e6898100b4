"""Rows of a file (JSON Lines, a JSON list, CSV, Parquet, or a text of an importer's own), and whose they are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from assistant.core.errors import UsageError
from assistant.core.optional_deps import need
from assistant.datasets.importers.base import Importer, Row, Source, importers
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.storage.bounded_read import MEGABYTE, read_text

LARGEST = 2000 * MEGABYTE
"""Bytes of the largest file of rows: they are held in memory."""
MOST_ROWS = 500_000
"""Of a table in Parquet."""
FIRST = 50
"""Rows by which a dataset is recognised."""


@dataclass
class DetectedDataset:
    """A file's sessions. `skipped` fills while they are taken: why rows were left out."""

    dataset: str
    rows: int
    sessions: Iterator[ImportedSession]
    skipped: list[str] = field(default_factory=list)
    note: str = ""
    """What whoever imports it has to know; often empty."""


def find_sessions(
    file: Path, tasks: Path | None = None, model_name: str = "", dataset: str = ""
) -> DetectedDataset:
    """The sessions in a file. Raises `UsageError` where it is of no known dataset.

    `model_name` is the model that wrote the programs of MINT's file, where its path does not say. `dataset` names the
    importer, where a file's form alone does not say whose it is.
    """
    known = importers()
    if dataset and dataset not in known:
        raise UsageError(f"there is no dataset {dataset!r}; known: {', '.join(known)}")
    chosen = [known[dataset]] if dataset else list(known.values())
    rows, bad = _read(file, chosen)
    importer = chosen[0] if dataset else _recognised(rows, chosen)
    if importer is None:
        if bad:
            raise UsageError(f"{file}, {bad[0]}")
        fields = ", ".join(sorted(map(str, rows[0]))[:8]) if rows else "nothing"
        raise UsageError(f"{file} is of no known dataset ({', '.join(known)}): its first row has {fields}")
    source = Source(file, rows, model_name, cache(partial(_tasks, file, tasks)), bad)
    return DetectedDataset(importer.name, len(rows), importer.sessions(source), source.skipped, importer.note)


def _recognised(rows: list[Row], known: Iterable[Importer]) -> Importer | None:
    """Whose rows these are; a session's log may begin with lines that say little."""
    for row in rows[:FIRST]:
        for each in known:
            if each.recognise(row):
                return each
    return None


def read_rows(file: Path) -> list[Row]:
    """The rows of a file. Raises `UsageError` naming the line that is none."""
    rows, bad = _read(file, ())
    if bad:
        raise UsageError(f"{file}, {bad[0]}")
    return rows


def _read(file: Path, known: Iterable[Importer]) -> tuple[list[Row], list[str]]:
    """The rows of a file, and what is wrong with lines that are none. Raises `UsageError` where it cannot be read."""
    if file.suffix == ".parquet":
        return _table(file, next((each.columns for each in known if each.columns), ())), []
    try:
        text = read_text(file, LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{file} cannot be read ({reason})") from None
    for each in known:
        if each.rows is not None and (rows := each.rows(text)):
            return rows, []
    bad: list[str] = []
    start = text.lstrip()[:1]
    if start == "[":
        whole = _parsed(text, 1, bad)
        return [row for row in whole or () if isinstance(row, dict)], bad
    if start == "{":
        lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
        parsed = (_parsed(line, number, bad) for number, line in lines)
        return [row for row in parsed if isinstance(row, dict)], bad
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    return list(csv.DictReader(text.splitlines(keepends=True))), []


def _table(file: Path, wanted: tuple[str, ...]) -> list[Row]:
    """The rows of a table in Parquet. Raises `UsageError` where it cannot be read or has too many rows to be held."""
    parquet = need("pyarrow.parquet", "export")
    try:
        table = parquet.ParquetFile(file)
        if table.metadata.num_rows > MOST_ROWS:
            raise UsageError(f"{file} has {table.metadata.num_rows:,} rows; cut it to {MOST_ROWS:,} at most")
        names = [name for name in wanted if name in table.schema_arrow.names]
        return [dict(row) for row in table.read(columns=names or None).to_pylist()]
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise UsageError(f"{file} cannot be read as Parquet ({' '.join(str(error).split())[:150]})") from None


def _parsed(text: str, line: int, bad: list[str]) -> Any:
    """The line's value; None, and a word in `bad`, where it is no JSON object or list."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        bad.append(f"line {line}: not JSON ({error})")
        return None
    if not isinstance(value, dict | list):
        bad.append(f"line {line}: no JSON object")
    return value


def _tasks(file: Path, tasks: Path | None) -> dict[str, Row]:
    """Tasks by name, from the file given or from `tasks_data.csv` next to the chats."""
    path = tasks or file.with_name("tasks_data.csv")
    if tasks is None and not path.is_file():
        return {}
    return {str(row.get("name", "")): row for row in read_rows(path)}
