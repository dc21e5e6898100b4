"""Small file operations that do what they say on disk, not only in the page cache."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, in one call wherever the system takes it in one. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Make a new or removed name in `folder` survive a power cut. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems know no such thing
            raise
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make `folder` and what is missing above it, each name synced to disk. Raises `OSError`."""
    missing = [folder, *folder.parents]
    for step in reversed(missing):
        if not step.is_dir():
            try:
                step.mkdir(exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, f"{step} is not a folder", str(step)) from None
            sync_folder(step.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` at once: a reader sees the old content or the new. Raises `OSError`."""
    make_folders(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def save_new_file(pattern: str, folder: Path, data: bytes) -> Path:
    """Put `data` into the first free of `folder/pattern` with `{}` as 1, 2, …, on disk. Raises `OSError`."""
    number = 1
    while True:
        path = folder / pattern.format(number)
        try:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(folder)
            return path
        except FileExistsError:
            number += 1


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other programs of ours from changing small files of `folder` meanwhile. Raises `OSError`."""
    make_folders(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
