"""Rows on disk: Parquet shards of bounded size, JSON Lines for services, or the files that a format writes itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.datasets.extras import need
from assistant.datasets.features import CHAT, JSON, arrow_schema
from assistant.datasets.formats.base import Format
from assistant.datasets.session_view import Row

SHARD_BYTES = 128 * 1024 * 1024
"""Of rows in memory; Parquet is several times smaller."""
GROUP_ROWS = 1000


def encoded(format_: Format, rows: Sequence[Row]) -> Any:
    """Rows as an Arrow table."""
    texts = [name for name, kind in format_.columns.items() if kind == JSON]
    flat = [{**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in texts}} for row in rows]
    return need("pyarrow").Table.from_pylist(flat, arrow_schema(format_.columns))


def writer(root: Path, format_: Format, split: str) -> Shards | OwnFiles:
    """What writes one split of a format."""
    return Shards(root, format_, split) if format_.files is None else OwnFiles(root, format_, split)


class OwnFiles:
    """One split of a format that writes files itself: it is handed the rows when all are made."""

    def __init__(self, root: Path, format_: Format, split: str) -> None:
        self._root, self._format, self._split = root, format_, split
        self._tables: list[Any] = []

    def add(self, table: Any) -> None:
        """Take a table that `encoded` made."""
        self._tables.append(table)

    def close(self) -> None:
        """Write the files."""
        if self._format.files is not None:
            self._format.files(self._root, self._split, self._rows())

    def _rows(self) -> Iterator[Row]:
        texts = [name for name, kind in self._format.columns.items() if kind == JSON]
        for table in self._tables:
            for row in table.to_pylist():
                yield {**row, **{name: json.loads(row[name]) for name in texts}}


class Shards:
    """One split of one format, written as it comes: `data/FORMAT/SPLIT-00000.parquet`, then the next.

    A format of chats is also written as JSON Lines, `FORMAT/SPLIT-00000.jsonl`: row for row the same.
    """

    def __init__(self, root: Path, format_: Format, split: str) -> None:
        self._columns, self._split = format_.columns, split
        self._data = root / "data" / format_.name
        self._json_folder = root / format_.name if CHAT in format_.own.values() else None
        self._number, self._size = -1, SHARD_BYTES
        self._waiting: list[Any] = []
        self._rows = 0
        self._parquet: Any = None
        self._json: Any = None

    def add(self, table: Any) -> None:
        """Append a table that `encoded` made."""
        if self._size >= SHARD_BYTES:
            self._next()
        self._size += table.nbytes
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
        self._data.mkdir(parents=True, exist_ok=True)
        self._parquet = need("pyarrow.parquet").ParquetWriter(
            self._data / f"{name}.parquet", arrow_schema(self._columns), compression="zstd"
        )
        if self._json_folder is not None:
            self._json_folder.mkdir(exist_ok=True)
            self._json = (self._json_folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="")

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = need("pyarrow").concat_tables(self._waiting)
        self._parquet.write_table(table, row_group_size=GROUP_ROWS)
        if self._json is not None:
            self._json.writelines(map(_line, table.column("messages").to_pylist()))
        self._waiting, self._rows = [], 0


def _line(messages: Sequence[Row]) -> str:
    """A chat as a line of JSON, without what is null."""
    compact = [{name: value for name, value in message.items() if value is not None} for message in messages]
    return json.dumps({"messages": compact}, ensure_ascii=False) + "\n"
