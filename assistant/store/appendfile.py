"""A file that only grows, by whole pieces, each on disk before the next; with one writer."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from assistant.domain.errors import JournalError
from assistant.store.files import make_folders, sync_folder, write_all
from assistant.store.locking import WriterLock

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC


class AppendFile:
    """An open, locked file. Whatever fails, it ends with a whole piece, or is cut back before the next."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Open `path` (or make it, where nothing may be yet). Raises `OSError`, or `SessionLocked`."""
        self.path = path
        self._attempt = b""
        self._open(_FLAGS | (os.O_CREAT | os.O_EXCL if new else 0))

    def _open(self, flags: int) -> None:
        descriptor = os.open(self.path, flags, 0o644)
        try:
            if flags & os.O_CREAT:
                sync_folder(self.path.parent)
            self._lock = WriterLock(descriptor, self.path)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def content(self) -> bytes:
        """The whole file, even one that was removed meanwhile."""
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def append(self, data: bytes, at: int) -> None:
        """Put `data` at byte `at`, the end of the last whole piece; on disk when this returns.

        Raises `JournalError`; then the file ends at `at` again, and the same call may be repeated.
        """
        self._check_in_place()
        self._cut_remains(at)
        self._attempt = data
        try:
            write_all(self._descriptor, data)
            os.fsync(self._descriptor)
        except BaseException as error:  # also Ctrl-C between writing and syncing
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, at)
            if isinstance(error, OSError):
                raise self._trouble(
                    f"cannot be written ({error.strerror}): nothing is lost; mend that"
                ) from None
            raise

    def truncate(self, size: int) -> None:
        """Cut the file back to `size` bytes, on disk. Raises `OSError`."""
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    def close(self, *, discard: bool = False) -> None:
        """Let go of the file, put back first where it was removed (or take it away); safe to call again."""
        if self._descriptor < 0:
            return
        if discard:
            with contextlib.suppress(OSError):
                self.path.unlink()
        else:
            with contextlib.suppress(JournalError):
                self._check_in_place()
        descriptor, self._descriptor = self._descriptor, -1
        self._lock.release()
        os.close(descriptor)

    def _check_in_place(self) -> None:
        """The open file is still the one that the path names. Raises `JournalError`, the file put back."""
        if self._descriptor < 0:
            raise JournalError(f"{self.path} is closed: resume the session to go on")
        ours = os.fstat(self._descriptor)
        if ours.st_nlink == 0:
            self._put_back()
            raise self._trouble("was removed while the session was running; it has been put back: look there")
        try:
            there = self.path.stat()
        except OSError:
            there = None
        if there is None or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            raise self._trouble("was moved or replaced while the session was running: put it back")

    def _put_back(self) -> None:
        """A removed file lives on while it is open: write it again under its name. Raises `JournalError`."""
        content, old = self.content(), self._descriptor
        try:
            make_folders(self.path.parent)
            self._open(_FLAGS | os.O_CREAT | os.O_EXCL)
            write_all(self._descriptor, content)
            os.fsync(self._descriptor)
        except OSError as error:
            if self._descriptor != old:
                os.close(self._descriptor)
                self._descriptor = old
                with contextlib.suppress(OSError):
                    self.path.unlink()
            raise self._trouble(
                f"was removed and cannot be put back ({error.strerror}); its events are kept: mend that"
            ) from None
        os.close(old)

    def _cut_remains(self, at: int) -> None:
        """Cut off what a failed attempt left behind `at`. Raises `JournalError` for anybody else's bytes."""
        extra = os.pread(self._descriptor, len(self._attempt) + 1, at)
        if os.fstat(self._descriptor).st_size < at or not self._attempt.startswith(extra):
            raise self._trouble("was changed by another program while the session was running: put it right")
        if extra:
            os.ftruncate(self._descriptor, at)

    def _trouble(self, what: str) -> JournalError:
        return JournalError(f"{self.path} {what}, then try again")
