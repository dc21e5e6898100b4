"""Rows on disk: Parquet shards of bounded size, or lines of JSON with their provenance beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.export.columns import PROVENANCE, arrow_schema
from assistant.export.extras import need
from assistant.export.formats.base import Format
from assistant.export.view import Row

SHARD_BYTES = 128 * 1024 * 1024
"""Of rows in memory; Parquet is several times smaller."""
GROUP_ROWS = 1000
CHAT = "chat"
"""A column of this kind is written as a line of JSON."""


def encoded(format_: Format, rows: Sequence[Row]) -> Any:
    """Rows as an Arrow table; for a format of JSON lines, (lines, table of provenance)."""
    pa = need("pyarrow")
    if not is_lines(format_):
        return pa.Table.from_pylist(list(rows), arrow_schema(format_.columns))
    lines = [json.dumps({"messages": row["messages"]}, ensure_ascii=False) + "\n" for row in rows]
    return lines, pa.Table.from_pylist(list(rows), arrow_schema(PROVENANCE))


def is_lines(format_: Format) -> bool:
    """Whether the format is written as lines of JSON."""
    return CHAT in format_.own.values()


class Shards:
    """One split of one format, written as it comes: `data/FORMAT/SPLIT-00000.parquet`, then the next."""

    def __init__(self, root: Path, format_: Format, split: str) -> None:
        self._format, self._split = format_, split
        self._lines = is_lines(format_)
        self._data = root / "data" / format_.name
        self._tables = root / "provenance" / format_.name if self._lines else self._data
        self._number = -1
        self._size = SHARD_BYTES
        self._waiting: list[Any] = []
        self._rows = 0
        self._parquet: Any = None
        self._json: Any = None

    def add(self, made: Any) -> None:
        """Append what `encoded` made."""
        lines, table = made if self._lines else ((), made)
        if self._size >= SHARD_BYTES:
            self._next()
        self._size += table.nbytes + sum(map(len, lines))
        if self._json is not None:
            self._json.writelines(lines)
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Finish the last shard."""
        self._flush()
        for file in (self._parquet, self._json):
            if file is not None:
                file.close()
        self._parquet = self._json = None

    def _next(self) -> None:
        self.close()
        self._number, self._size = self._number + 1, 0
        name = f"{self._split}-{self._number:05}"
        columns = PROVENANCE if self._lines else self._format.columns
        self._tables.mkdir(parents=True, exist_ok=True)
        parquet = need("pyarrow.parquet")
        self._parquet = parquet.ParquetWriter(
            self._tables / f"{name}.parquet", arrow_schema(columns), compression="zstd"
        )
        if self._lines:
            self._data.mkdir(parents=True, exist_ok=True)
            self._json = (self._data / f"{name}.jsonl").open("w", encoding="utf-8", newline="")

    def _flush(self) -> None:
        if self._waiting:
            table = need("pyarrow").concat_tables(self._waiting)
            self._parquet.write_table(table, row_group_size=GROUP_ROWS)
            self._waiting, self._rows = [], 0
