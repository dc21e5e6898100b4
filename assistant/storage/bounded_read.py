"""Reads a file that a person named: whole, but never more than a limit, and never something that does not end.

Used by every layer that takes a file. What is wrong is an `OSError` with a reason in words, as for a file that is not
there, so that callers need one `except` only.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MEGABYTE = 1_000_000


def read_bytes(path: Path, limit: int = 64 * MEGABYTE) -> bytes:
    """The content of a plain file of at most `limit` bytes.

    Raises `OSError`, also for devices and pipes (reading those may wait, or never end) and for larger files.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:  # a null byte in the name
        raise OSError(errno.EINVAL, "its name holds a null byte", str(path)) from None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a plain file but a device or pipe", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit // MEGABYTE} MB", str(path))
    return data


def read_text(path: Path, limit: int = 64 * MEGABYTE) -> str:
    """`read_bytes` as UTF-8, a byte order mark left out. Raises `OSError`, `UnicodeDecodeError`."""
    return read_bytes(path, limit).decode("utf-8-sig")
