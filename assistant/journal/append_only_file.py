"""An append-only file with one writer: each record is complete and synced to disk before the next one."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from assistant.core.errors import JournalError
from assistant.journal.locking import UNBEGUN, WriterLock
from assistant.storage.durable_io import make_folders, share_file, sync_folder, write_all

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC


class AppendFile:
    """An open, locked file. After any failure it ends with a complete record, or is truncated before the next."""

    def __init__(self, path: Path, *, new: bool = False, staged: bool = False) -> None:
        """Open `path` (`new`: create it; it must not exist). Raises `OSError`, or `SessionLocked`.

        A `staged` new file gets its name only with its first record, so that a kill leaves no empty file there.
        """
        self.path = path
        self._attempt = b""
        self._staging: Path | None = None
        """Temporary path of the file until its first record is on disk."""
        if new and staged:
            self._open_staged()
        else:
            self._open(path, _FLAGS | (os.O_CREAT | os.O_EXCL if new else 0))

    def _open(self, at: Path, flags: int) -> None:
        descriptor = os.open(at, flags, 0o644)
        try:
            if flags & os.O_CREAT:
                share_file(descriptor, at.parent)
            if flags & os.O_CREAT and at == self.path:
                sync_folder(at.parent)
            self._lock = WriterLock(descriptor, self.path, announce=at == self.path)
        except BaseException:
            os.close(descriptor)
            if flags & os.O_CREAT:  # created by this call, and empty
                with contextlib.suppress(OSError):
                    at.unlink()
            raise
        self._descriptor = descriptor

    def _open_staged(self) -> None:
        """A new file under a hidden name of its own. Raises `OSError`, also where the path exists already."""
        if os.path.lexists(self.path):
            raise FileExistsError(errno.EEXIST, "File exists", str(self.path))
        staging = self.path.with_name(f".{self.path.stem}-{os.getpid()}{UNBEGUN}")
        self._open(staging, _FLAGS | os.O_CREAT | os.O_EXCL)
        self._staging = staging

    def _publish(self) -> None:
        """Give a staged file its name, which nothing else may have. Raises `OSError`; it is then still staged."""
        staging = self._staging
        if staging is None:
            return
        try:
            linked = _take_name(staging, self.path)
            sync_folder(self.path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                if self.path.stat().st_ino == os.fstat(self._descriptor).st_ino:
                    _undo_name(staging, self.path)
            raise
        self._staging = None
        if linked:
            with contextlib.suppress(OSError):
                staging.unlink()
        self._lock.announce()

    def content(self) -> bytes:
        """The content of the file, also after it was removed."""
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def append(self, data: bytes, at: int) -> None:
        """Write `data` at byte `at`, the end of the last complete record; on disk when this returns.

        Raises `JournalError`; then the file ends at `at` again, and the same call may be repeated.
        """
        self._check_in_place()
        self._truncate_remains(at)
        self._attempt = data
        try:
            write_all(self._descriptor, data)
            os.fsync(self._descriptor)
            self._publish()
        except BaseException as error:  # also Ctrl-C between writing and syncing
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, at)
            if isinstance(error, OSError):
                raise self._not_written(error) from None
            raise

    def truncate(self, size: int) -> None:
        """Cut the file back to `size` bytes, on disk. Raises `OSError`."""
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    def close(self, *, discard: bool = False) -> None:
        """Close the file; restore it first if it was removed, or delete it (`discard`). Safe to call again."""
        if self._descriptor < 0:
            return
        if discard or self._staging is not None:
            with contextlib.suppress(OSError):
                (self._staging or self.path).unlink()
        else:
            with contextlib.suppress(JournalError):
                self._check_in_place()
        descriptor, self._descriptor = self._descriptor, -1
        self._lock.release()
        os.close(descriptor)

    def _check_in_place(self) -> None:
        """Check that the path still names the open file. Raises `JournalError`; a removed file is restored first."""
        if self._descriptor < 0:
            raise JournalError(f"{self.path} is closed. Resume the session to continue")
        ours = os.fstat(self._descriptor)
        if ours.st_nlink == 0:
            self._restore()
            raise self._error(
                "was removed while the session was running; it has been put back; no events were lost. Check the "
                "folder"
            )
        try:
            there = (self._staging or self.path).stat()
        except OSError:
            there = None
        if there is None or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            raise self._error("was moved or replaced while the session was running. Move it back")

    def _restore(self) -> None:
        """Write a removed file, whose content is readable while it is open, under its name. Raises `JournalError`."""
        content, old, lock = self.content(), self._descriptor, self._lock
        try:
            make_folders(self.path.parent)
            self._open_staged()
            write_all(self._descriptor, content)
            os.fsync(self._descriptor)
            if content:
                self._publish()
        except OSError as error:
            if self._descriptor != old:
                os.close(self._descriptor)
                if self._staging is not None:
                    with contextlib.suppress(OSError):
                        self._staging.unlink()
            self._descriptor, self._lock, self._staging = old, lock, None
            raise self._error(
                f"was removed and cannot be put back ({error.strerror}); its events are kept in memory. "
                "Make its folder writable"
            ) from None
        os.close(old)

    def _truncate_remains(self, at: int) -> None:
        """Truncate what a failed attempt left after `at`. Raises `JournalError` for bytes of another program."""
        extra = os.pread(self._descriptor, len(self._attempt) + 1, at)
        if os.fstat(self._descriptor).st_size < at or not self._attempt.startswith(extra):
            raise self._error(
                "was changed by another program while the session was running. Undo that change"
            )
        if extra:
            os.ftruncate(self._descriptor, at)

    def _not_written(self, error: OSError) -> JournalError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "Free some space" if full else "Make it writable"
        return JournalError(
            f"Cannot write {self.path}: {error.strerror}. No events were lost. {advice} and try again."
        )

    def _error(self, what: str) -> JournalError:
        return JournalError(f"{self.path} {what}, then try again.")


def _take_name(staging: Path, path: Path) -> bool:
    """Make `path` a name of the file at `staging`; True where that keeps its old name too. Raises `OSError`."""
    try:
        os.link(staging, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.lexists(path):  # a file system without hard links
            raise FileExistsError(errno.EEXIST, "File exists", str(path)) from None
        staging.rename(path)
        return False
    return True


def _undo_name(staging: Path, path: Path) -> None:
    """Undo `_take_name`. Raises `OSError`."""
    if staging.exists():
        path.unlink()
    else:
        path.rename(staging)
