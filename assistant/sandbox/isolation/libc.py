"""The C library by ctypes: the few calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_PRCTL = _LIBC.prctl
_PRCTL.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 1, 4, 8
PR_SET_SECCOMP, PR_CAPBSET_DROP = 22, 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4


def checked(result: int, what: str) -> int:
    """`result`, or `OSError` naming what failed when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *args: object) -> int:
    """A raw system call; -1 and `errno` on failure."""
    return int(_LIBC.syscall(ctypes.c_long(number), *args))


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """`prctl(2)`; raises `OSError`."""
    return checked(int(_PRCTL(option, first, second, 0, 0)), "prctl")


def unshare(flags: int) -> None:
    """`unshare(2)`: new namespaces for this process (for its children, where pids are meant)."""
    checked(int(_LIBC.unshare(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """`mount(2)`."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    result = _LIBC.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    checked(int(result), f"mount on {target}")


def unmount(target: str, flags: int) -> None:
    """`umount2(2)`."""
    checked(int(_LIBC.umount2(os.fsencode(target), flags)), f"unmount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """`pivot_root(2)`; the C library has no function for it."""
    number = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
    checked(syscall(number, os.fsencode(new_root), os.fsencode(put_old)), "pivot_root")


class _Capabilities(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def set_capabilities(mask: int) -> None:
    """Exactly these capabilities, effective and permitted, none inheritable."""
    header = _CapabilityHeader(0x20080522, 0)
    data = (_Capabilities * 2)()
    for index in range(2):
        data[index].effective = data[index].permitted = (mask >> (32 * index)) & 0xFFFFFFFF
    checked(int(_LIBC.capset(ctypes.byref(header), data)), "capset")
