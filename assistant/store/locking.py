"""One writer for a file: across processes, threads, and machines that share a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from pathlib import Path

from assistant.domain.errors import JournalError, SessionLocked


class WriterLock:
    """An exclusive lock on an open file, with a note beside it that names its holder.

    The lock is the kernel's (`flock`), so it ends with its process however that ends; the note only serves
    the message that a second writer gets, and may be stale.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        """Lock the open file `descriptor` at `path`. Raises `SessionLocked` naming the present writer."""
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
    """Whether somebody is writing the file at `path` just now."""
    try:
        # For writing: on a network file system the kernel makes a record lock of it, which needs that.
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks: nobody can hold one
        return False
    finally:
        os.close(descriptor)
    return False
