"""A folder that appears whole under its name, or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.core.errors import AssistantError, UsageError
from assistant.storage.durable_io import make_folders, sync_folder

MARK = "export.json"
"""In every export: what made it. A folder without it is never replaced."""


@contextmanager
def staged(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new folder next to `out`, renamed to it when the block ends well, else removed.

    What a killed export left next to `out` is removed by the next one. Raises `UsageError` where `out` is there
    already, `AssistantError` where it cannot be written.
    """
    check_free(out, overwrite=overwrite)
    partial = out.with_name(f".{out.name}.partial")
    try:
        make_folders(out.parent)
        lock = os.open(out.parent / f".{out.name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    try:
        _alone(lock, out)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        _sync(partial)
        _put(partial, out)
    except OSError as error:
        raise AssistantError(
            f"{out} cannot be written ({error.strerror or error}): choose another --out"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        Path(out.parent / f".{out.name}.lock").unlink(missing_ok=True)
        os.close(lock)


def check_free(out: Path, *, overwrite: bool) -> None:
    """Raises `UsageError` where `out` holds something that may not be replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{out} is there already: choose another --out, or replace it with --overwrite")
    if not (out / MARK).is_file():
        raise UsageError(
            f"{out} is no export of ours (no {MARK} in it) and is not replaced: choose another --out"
        )


def _alone(lock: int, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AssistantError(
            f"another export is writing {out}: wait for it, or choose another --out"
        ) from None


def _sync(folder: Path) -> None:
    """Every file on disk before the name is."""
    for path in sorted(folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(folder)


def _put(partial: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)
