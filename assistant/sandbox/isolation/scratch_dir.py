"""The one folder that a program may write to, emptied after every run."""

# ruff: noqa: PTH101, PTH104, PTH106, PTH108, PTH118, PTH208, PTH211
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import contextlib
import os
import stat
import time

PATIENCE = 1.0
"""Seconds for emptying; a worker whose scratch takes longer is replaced."""
_STARTS = 8192
_MOST_FILES = 4500
"""Files that programs may have made in one worker (a scratch holds 4096 at a time): their numbers stay in the
range in which the first one's may be."""


class InodeNumbers:
    """The numbers that the scratch gives to files: one after another, so that a program could count those before it.

    They start at a random number; a worker in which they have gone far from there is replaced.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        for _ in range(int.from_bytes(os.urandom(4)) % _STARTS):
            self._take()
        self._first = self._take() + 1

    def _take(self) -> int:
        path = os.path.join(self._folder, "number")
        os.symlink("number", path)
        number = os.lstat(path).st_ino
        os.unlink(path)
        return number

    def are_near(self) -> bool:
        """Whether programs have taken few of them; the scratch is empty."""
        taken = self._take() - self._first
        self._first += 1  # the one for looking does not count
        return taken <= _MOST_FILES


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
    """Reset the folder's own mode and times, so that no information passes from run to run."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o1777)  # fails where it is not ours: there no program can change it either
    with contextlib.suppress(OSError):
        os.utime(folder)
