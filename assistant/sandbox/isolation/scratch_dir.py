"""The one folder that a program may write to, emptied after every run."""

# ruff: noqa: PTH101, PTH104, PTH106, PTH108, PTH118, PTH208
# (raw paths: this code stands between a fork and a wall)
from __future__ import annotations

import contextlib
import os
import stat
import time

PATIENCE = 1.0
"""Seconds for emptying; a worker whose scratch takes longer is replaced."""


def wipe(folder: str) -> bool:
    """Remove everything below `folder`, however deep; False when that did not succeed in time."""
    deadline = time.monotonic() + PATIENCE
    number = 0
    forget(folder)  # its owner may have shut it
    prefix = os.urandom(8).hex()  # no program can have left a name that the wipe will need
    try:
        while names := os.listdir(folder):
            for name in names:
                path = os.path.join(folder, name)
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    os.unlink(path)
                    continue
                number = _raise_children(folder, path, prefix, number)
                os.rmdir(path)
                if time.monotonic() > deadline:
                    return False
    except OSError:
        return False
    return True


def _raise_children(folder: str, path: str, prefix: str, number: int) -> int:
    """Move what a folder holds up to the top: no path ever gets long."""
    os.chmod(path, 0o700)
    for name in os.listdir(path):
        number += 1
        inner = os.path.join(path, name)
        if not stat.S_ISDIR(os.lstat(inner).st_mode):
            os.unlink(inner)
            continue
        os.chmod(inner, 0o700)  # a folder is moved only by who may write to it
        os.rename(inner, os.path.join(folder, f"{prefix}-{number}"))
    return number


def forget(folder: str) -> None:
    """Give the folder itself the rights and the times that it always has: nothing can be told by them."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o1777)  # fails where it is not ours: there no program can change it either
    with contextlib.suppress(OSError):
        os.utime(folder)
