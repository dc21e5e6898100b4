"""One writer for a file: across processes, threads, and machines that share a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from pathlib import Path

from assistant.core.errors import JournalError, SessionLocked

UNBEGUN = ".jsonl.new"
"""How the name of a journal ends until its first line is on disk."""


class WriterLock:
    """An exclusive lock on an open file, with a note next to it that names the process that holds it.

    The lock is the kernel's (`flock`), so it ends with its process however that ends; the note only serves
    the message that a second writer gets, and may be stale.
    """

    def __init__(self, descriptor: int, path: Path, *, announce: bool = True) -> None:
        """Lock the open file `descriptor` at `path`. Raises `SessionLocked` naming the present writer.

        Without `announce`, the note is written when `announce()` is called.
        """
        self._note = path.with_suffix(".lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SessionLocked(
                f"session {path.stem} is being written by {self._holder()}: close it there first"
            ) from None
        except OSError as error:
            raise JournalError(
                f"{path.parent} is on a file system that gives no locks ({error.strerror}), so two programs could "
                "write one session: choose another folder with --sessions"
            ) from None
        if announce:
            self.announce()

    def announce(self) -> None:
        """Write the note that names this process."""
        with contextlib.suppress(OSError):  # a full disk must not keep anybody from resuming
            self._note.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")

    def _holder(self) -> str:
        try:
            return self._note.read_text(encoding="utf-8", errors="replace").strip() or "another process"
        except OSError:
            return "another process"

    def release(self) -> None:
        """Take the note away; the lock itself goes when the file is closed."""
        with contextlib.suppress(OSError):
            self._note.unlink()


def is_locked(path: Path) -> bool:
    """Whether a process is writing the file at `path` now."""
    try:
        # For writing: on a network file system the kernel makes a record lock of it, which needs that.
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


STALE_AFTER = 60.0
"""Seconds after which what a killed process left may be removed: a younger file may be about to be locked."""


def sweep(folder: Path, keep: Path) -> None:
    """Remove what killed processes left in `folder`: notes of released locks, journals without an event.

    `keep` is the journal at hand. What cannot be removed stays; no journal is touched.
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            note = entry.name.endswith(".lock")
            if (note or entry.name.endswith(UNBEGUN)) and Path(entry.path) != keep.with_suffix(".lock"):
                with contextlib.suppress(OSError):
                    _sweep(Path(entry.path), note)


def _sweep(path: Path, note: bool) -> None:
    """Remove `path` where it is old enough and no process writes its journal. Raises `OSError`."""
    if time.time() - path.stat(follow_symlinks=False).st_mtime < STALE_AFTER:
        return
    if not is_locked(path.with_suffix(".jsonl") if note else path):
        path.unlink()
