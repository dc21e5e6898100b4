"""Results as tables: CSV for people, Parquet for programs."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from assistant.core.errors import AssistantError
from assistant.core.optional_deps import need

SQL = {"str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
"""SQL types of Python's."""


@dataclass(frozen=True)
class Table:
    """Rows of plain values under named, typed columns."""

    name: str
    columns: tuple[tuple[str, str], ...]
    """Name and SQL type."""
    rows: tuple[tuple[Any, ...], ...]


def table_of(name: str, kind: type, rows: Iterable[tuple[str, Any]]) -> Table:
    """A table of dataclass values of `kind`, each with the group it belongs to."""
    fields = dataclasses.fields(kind)
    columns = [("group", "VARCHAR"), *((f.name, sql_type(str(f.type))) for f in fields)]
    values = attrgetter(*(f.name for f in fields))
    return Table(name, tuple(columns), tuple((group, *values(row)) for group, row in rows))


def sql_type(annotation: str) -> str:
    """SQL type of a field annotated so; `float | None` is a DOUBLE like `float`."""
    return SQL[annotation.partition(" ")[0]]


def write_tables(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Each table as `NAME.csv` and `NAME.parquet`. Raises `AssistantError` where they cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        with need("duckdb").connect(config={"memory_limit": "256MB", "threads": 2}) as connection:
            for table in tables:
                written += [_write_csv(table, folder), _write_parquet(connection, table, folder)]
        return written
    except OSError as error:
        raise AssistantError(f"{folder} cannot be written ({error.strerror}): choose another --out") from None


def _write_csv(table: Table, folder: Path) -> Path:
    path = folder / f"{table.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for name, _ in table.columns])
        writer.writerows(table.rows)
    return path


def _write_parquet(connection: Any, table: Table, folder: Path) -> Path:
    """By way of the CSV: DuckDB takes rows from Python one at a time, and slowly."""
    path = folder / f"{table.name}.parquet"
    connection.execute(
        f"COPY (SELECT * FROM read_csv($source, header = true, auto_detect = false, columns = $columns, "
        f"delim = ',', quote = '\"', escape = '\"')) TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)",
        {"source": str(folder / f"{table.name}.csv"), "columns": dict(table.columns)},
    )
    return path


def _quoted(path: Path) -> str:
    """As a text in SQL."""
    return "'" + str(path).replace("'", "''") + "'"
