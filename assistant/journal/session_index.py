"""A disposable index of session summaries in the cache folder: never the truth, rebuilt wherever it is off."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from assistant import __version__
from assistant.core.problem import sha256_of
from assistant.journal.scan import JournalFile
from assistant.journal.session_summary import SessionSummary

_FORMAT = int(sha256_of([__version__, "without paths", *SessionSummary.model_fields])[:7], 16)
"""Changes with the summary's fields and the program's version, so that an old index is dropped."""


def load_index(file: Path, files: Sequence[JournalFile]) -> dict[Path, SessionSummary]:
    """Summaries of those of `files` that have not changed since they were indexed; forgets files that are gone."""
    paths = {str(found.path) for found in files}
    try:
        with contextlib.closing(_open(file)) as connection, connection:
            rows = {
                row[0]: row[1:]
                for row in connection.execute("SELECT path, mtime, size, summary FROM sessions")
            }
            gone = [(path,) for path in rows.keys() - paths]
            if gone:
                connection.executemany("DELETE FROM sessions WHERE path = ?", gone)
    except (OSError, sqlite3.Error):
        return {}
    known: dict[Path, SessionSummary] = {}
    for found in files:
        row = rows.get(str(found.path))
        if row is not None and row[:2] == found.stamp:
            # Not validated again: the row was written from a summary with the very fields that _FORMAT names.
            with contextlib.suppress(ValueError, TypeError):
                fields = json.loads(row[2])
                fields["answered"] = tuple(fields["answered"])
                known[found.path] = SessionSummary.model_construct(path=found.path, **fields)
    return known


def save_index(file: Path, fresh: Iterable[tuple[JournalFile, SessionSummary]]) -> None:
    """Keep `fresh` summaries; an index that cannot be kept is no error."""
    rows = [
        (str(found.path), *found.stamp, summary.model_dump_json(exclude={"path"})) for found, summary in fresh
    ]
    with (
        contextlib.suppress(OSError, sqlite3.Error),
        contextlib.closing(_open(file)) as connection,
        connection,
    ):
        connection.executemany("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", rows)


def _open(file: Path) -> sqlite3.Connection:
    """The index, empty where it was of another format or no database at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=2)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            connection.execute("DROP TABLE IF EXISTS sessions")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS sessions (path TEXT PRIMARY KEY, mtime INT, size INT, summary TEXT)"
        )
    except sqlite3.OperationalError:  # busy, read-only: still a good index
        connection.close()
        raise
    except sqlite3.DatabaseError:
        connection.close()
        file.unlink(missing_ok=True)
        raise
    return connection
