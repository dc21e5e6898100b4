"""An SQLite file beside the journals, for what has to happen in one step: invitations, places that are taken over."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.storage.durable_io import make_folders, shared_mode


@contextlib.contextmanager
def open_database(path: Path, tables: str, *, secret: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are kept together or not at all. Raises UsageError where it cannot be had.

    Who decides by what they read begins with `begin immediate`, so that nobody else changes it meanwhile.
    One that holds a `secret` is this user's alone, or of the group of a shared folder, even where the folder is open
    to all.
    """
    try:
        make_folders(path.parent)
        if not path.exists():
            _make(path, secret)
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as base:
            base.executescript(tables)
            with base:
                yield base
    except (OSError, sqlite3.Error) as error:
        closed = os.access(path, os.F_OK) and not os.access(path, os.R_OK | os.W_OK)
        todo = "; its owner lets you: chmod g+rw" if closed else ""
        raise UsageError(f"{path} cannot be used: {error}{todo}") from None


def _make(path: Path, secret: bool) -> None:
    path.touch(mode=0o600)
    shared = shared_mode(path.parent)
    if shared is not None and not (secret and not shared & stat.S_ISGID):
        with contextlib.suppress(OSError):  # not every network file system lets us
            path.chmod(shared & (0o660 if secret else 0o666))
