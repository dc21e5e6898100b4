"""Landlock: which files may be read and written, no TCP, no signals or abstract sockets out of the domain."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

from assistant.sandbox.isolation import libc

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_TRUNCATE = 1 << 14
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | (1 << 15)
READ = READ_FILE | READ_DIR
_BITS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}


class _Attributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    return max(0, libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)))


def all_rights(abi: int) -> int:
    """Every file right that this ABI knows."""
    return (1 << _BITS_BY_ABI.get(abi, 16)) - 1


def writing(abi: int) -> int:
    """Every right but reading and looking into folders."""
    return all_rights(abi) & ~READ


def in_scratch(abi: int) -> int:
    """What a program may do in its scratch: all but running what it wrote."""
    return all_rights(abi) & ~EXECUTE


class Ruleset:
    """Rules made once and enforced by as many processes as inherit them: the `handled` rights exist only below
    the allowed paths.

    Enforcing also ends TCP (ABI 4) and signals and abstract sockets that leave the domain (ABI 6); every process
    that enforces gets a domain of its own. Raises `OSError`.
    """

    def __init__(self, abi: int, handled: int, allowed: Iterable[tuple[str, int]]) -> None:
        attributes = _Attributes(handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
        size = ctypes.c_size_t(24 if abi >= 6 else 16 if abi >= 4 else 8)
        made = libc.syscall(_CREATE, ctypes.byref(attributes), size, ctypes.c_uint32(0))
        self._fd = libc.checked(made, "landlock")
        for path, rights in allowed:
            _allow(self._fd, path, rights & handled)
        self._arguments = (ctypes.c_int(self._fd), ctypes.c_uint32(0))

    def move(self, fd: int) -> None:
        """Hold the rules on descriptor `fd` instead."""
        os.dup2(self._fd, fd, inheritable=False)
        os.close(self._fd)
        self._fd, self._arguments = fd, (ctypes.c_int(fd), ctypes.c_uint32(0))

    def enforce(self) -> None:
        """Put this process into a domain under these rules, for good."""
        libc.checked(libc.syscall(_RESTRICT, *self._arguments), "landlock")


def _allow(ruleset: int, path: str, rights: int) -> None:
    """One rule; a path that does not exist needs none."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _FILE_RIGHTS
        if rights:
            rule = _PathRule(rights, fd)
            result = libc.syscall(
                _ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(_PATH_BENEATH),
                ctypes.byref(rule),
                ctypes.c_uint32(0),
            )
            libc.checked(result, f"landlock rule for {path}")
    finally:
        os.close(fd)
