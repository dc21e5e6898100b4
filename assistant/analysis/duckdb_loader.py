"""DuckDB's side of the reading: many journals' lines go through spool files of bounded size into one table.

DuckDB needs milliseconds to open a file, whatever is in it; the screening holds the lines in its hands anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.analysis import queries
from assistant.analysis.screening import Screened, settle
from assistant.core.optional_deps import need
from assistant.journal.fast_validation import Journal, LeftOut, judge_strictly
from assistant.journal.reader import load_bytes

MEMORY = "320MB"
"""What DuckDB may hold before it writes to its scratch folder."""
SPOOL_BYTES = 48 * 1024 * 1024


class Intake:
    """DuckDB's side of the reading. While it reads one spool file, the next is written."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._reader = ThreadPoolExecutor(1)
        self._reading: Future[None] | None = None
        self._spool: list[bytes] = []
        self._spooled: dict[int, Path] = {}
        self._size = self._longest = self._files = 0
        self._doubtful: dict[int, Path] = {}

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *exception: object) -> None:
        self._reader.shutdown()
        self._connection.close()

    @cached_property
    def _connection(self) -> Any:
        """Opened when first needed: it has threads, and the screening forks before."""
        connection = need("duckdb").connect(
            config={"memory_limit": MEMORY, "temp_directory": str(self._scratch / "overflow"), "threads": 4}
        )
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        fields = ", ".join(f'"{name}" {kind}' for name, kind in queries.COLUMNS.items())
        connection.execute(f"CREATE TABLE events ({fields})")
        return connection

    def take(self, number: int, journal: Journal) -> None:
        """Keep the lines of this journal for DuckDB."""
        self._spool.append(journal.lines)
        self._spooled[number] = journal.path
        self._size += len(journal.lines)
        self._longest = max(self._longest, journal.longest)
        if self._size > SPOOL_BYTES:
            self._hand_over()

    def without_odd_ones(self, screened: Screened) -> Screened:
        """Drop the lines of files that were left out, and judge strictly what DuckDB could not make sense of."""
        self._hand_over()
        self._wait()
        rows = self._connection.execute(queries.ODD).fetchall()
        odd = self._doubtful | {
            number: screened.journals[number].path for (number,) in rows if number in screened.journals
        }
        journals, left_out = dict(screened.journals), list(screened.left_out)
        self._drop(odd)
        for number in odd.keys() & journals.keys():
            trouble = self._again(number, odd[number])
            if trouble is not None:
                del journals[number]
                left_out.append(trouble)
        settled = settle(journals, left_out)
        self._connection.execute("CREATE TEMP TABLE kept (journal INT)")
        if settled.journals:
            self._connection.execute("INSERT INTO kept SELECT unnest($1)", [list(settled.journals)])
        self._connection.execute("DELETE FROM events WHERE journal NOT IN (SELECT journal FROM kept)")
        return settled

    def _again(self, number: int, path: Path) -> LeftOut | None:
        """One journal by itself, judged strictly and written anew; what is wrong where it still cannot be read."""
        judged = judge_strictly(number, path, load_bytes(path))
        if isinstance(judged, LeftOut):
            return judged
        self.take(number, judged)
        self._hand_over()
        self._wait()
        if not self._doubtful:
            return None
        self._drop([number])
        return LeftOut(path, "event", "holds a value that is out of all bounds")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of the answer."""
        rows: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return rows

    def _hand_over(self) -> None:
        """Write what has come together, and let DuckDB read it while we go on."""
        if not self._spool:
            return
        self._wait()
        self._files += 1
        path = self._scratch / f"spool-{self._files % 2}.jsonl"
        with path.open("wb") as file:
            file.writelines(self._spool)
        self._reading = self._reader.submit(self._read, path, self._longest, self._spooled)
        self._spool, self._spooled, self._size = [], {}, 0

    def _wait(self) -> None:
        if self._reading is not None:
            self._reading.result()
            self._reading = None

    def _read(self, path: Path, longest: int, spooled: dict[int, Path]) -> None:
        """One spool file into the table. Where a line of it is not what it seems, all its journals are doubtful."""
        try:
            self._connection.execute(
                "INSERT INTO events SELECT * FROM read_json($path, format = 'newline_delimited', "
                "columns = $columns, maximum_object_size = $longest)",
                {"path": str(path), "columns": queries.COLUMNS, "longest": max(longest + 1024, 1 << 20)},
            )
        except need("duckdb").Error:
            self._doubtful |= spooled

    def _drop(self, numbers: Iterable[int]) -> None:
        self._connection.execute(
            "DELETE FROM events WHERE journal IN (SELECT unnest($1::INT[]))", [list(numbers)]
        )
        self._doubtful = {}
