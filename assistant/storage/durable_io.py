"""Small file operations that do what they say on disk, not only in the page cache."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
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


def shared_mode(folder: Path) -> int | None:
    """The permission bits of a folder that several users share; None where it follows the umask as usual.

    A folder is shared when it has the setgid bit (a group's folder), or when anybody may write into it and no
    sticky bit protects what others put there. Raises `OSError`.
    """
    mode = stat.S_IMODE(folder.stat().st_mode)
    open_to_all = bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
    return mode if mode & stat.S_ISGID or open_to_all else None


def share_file(descriptor: int, folder: Path) -> None:
    """Give a new file in `folder` the folder's permissions where several users share it, whatever the umask.

    Without the right to (some network file systems), it keeps the mode that it was made with.
    """
    with contextlib.suppress(OSError):
        mode = shared_mode(folder)
        if mode is not None:
            os.fchmod(descriptor, mode & 0o666)


def _share_folder(folder: Path) -> None:
    """A new folder takes the permissions of the shared folder that it lies in."""
    with contextlib.suppress(OSError):
        mode = shared_mode(folder.parent)
        if mode is not None:
            folder.chmod(mode)


def make_folders(folder: Path) -> None:
    """Make `folder` and what is missing above it, each name synced to disk. Raises `OSError`.

    In a folder that several users share (see `shared_mode`), what is made is shared in the same way.
    """
    missing = [folder, *folder.parents]
    for step in reversed(missing):
        if not step.is_dir():
            try:
                step.mkdir()
                _share_folder(step)
            except FileExistsError:
                if not step.is_dir():  # else another process was quicker
                    raise NotADirectoryError(errno.ENOTDIR, f"{step} is not a folder", str(step)) from None
            sync_folder(step.parent)


def replace_file(path: Path, data: bytes, *, shared: bool = False, mode: int | None = None) -> None:
    """Put `data` at `path` at once: a reader sees the old content or the new. Raises `OSError`.

    Only this user may read it, unless it has a `mode`, or is `shared`: then that of any new file of this user.
    """
    make_folders(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            if mode is not None or shared:
                os.fchmod(descriptor, 0o666 & ~_umask() if mode is None else mode)
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


def _umask() -> int:
    """This process's mask of file modes (it can be read only by setting it, except where /proc has it)."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("Umask:")), 8)
    return 0o022


def save_new_file(pattern: str, folder: Path, data: bytes) -> Path:
    """Put `data` into the first free of `folder/pattern` with `{}` as 1, 2, …, on disk. Raises `OSError`."""
    number = 1
    while True:
        path = folder / pattern.format(number)
        try:
            with path.open("xb") as file:
                share_file(file.fileno(), folder)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(folder)
            return path
        except FileExistsError:
            number += 1


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Keep other programs of ours from changing small files of `folder` meanwhile. Raises `OSError`."""
    make_folders(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def append_line(path: Path, line: bytes, is_whole: Callable[[bytes], bool]) -> None:
    """Append `line` (without its newline) to a file of lines; on disk when this returns. Raises `OSError`.

    The line starts on a line of its own, whatever a crash or a full disk left at the end of the file: a last line
    without its newline is ended where `is_whole` says that it is complete, and otherwise saved under
    `<stem>.torn-<n>` and cut off. A failed attempt leaves the file as it was. Use it within `exclusive_lock`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            share_file(descriptor, path.parent)
        tail = os.pread(descriptor, size, 0).rpartition(b"\n")[2]
        if tail and not is_whole(tail):
            save_new_file(f"{path.stem}.torn-{{}}", path.parent, tail)
            size -= len(tail)
            os.ftruncate(descriptor, size)
            tail = b""
        _append(descriptor, (b"\n" if tail else b"") + line + b"\n", at=size)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def _append(descriptor: int, data: bytes, at: int) -> None:
    """Put `data` at the end of the file, `at`; cut back there where that fails. Raises `OSError`."""
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, at)
        raise
