"""The system-call filter: an allow-list; everything else fails with EPERM.

No sockets but pairs (with buffers of the usual size), no exec, no fork, no ptrace, no mount, no io_uring, no memory
files. Threads may be made, signals sent to oneself alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Set

from assistant.sandbox.isolation import libc
from assistant.sandbox.isolation.syscalls import ARCHITECTURES, EXTRA, TABLES

LOAD, JEQ, JGE, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBER, MACHINE = 0, 4
"""Offsets in `struct seccomp_data`."""

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, operand"""


def failing_with(number: int) -> int:
    """Return value that makes the call fail with `number`."""
    return 0x00050000 | number


def statement(code: int, operand: int) -> Instruction:
    return (code, 0, 0, operand)


def jump(code: int, operand: int, if_true: int, if_false: int) -> Instruction:
    return (code, if_true, if_false, operand)


def low(argument: int) -> int:
    """Offset of the low half of a call's argument (both known machines are little-endian)."""
    return 16 + 8 * argument


def high(argument: int) -> int:
    return low(argument) + 4


def assembled(instructions: Iterable[Instruction]) -> bytes:
    """The program as the kernel reads it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


THREAD_FLAGS = (0x003D0F00, 0x007D0F00)
"""`clone` flags of a new thread, as glibc and musl write them."""
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)
"""Duplicate, flags, locks, pipe size: nothing that directs a signal at a process, no lock that outlives its process
(open file descriptions are shared with the processes that a child was forked from)."""
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, its size, bytes waiting, non-blocking, close on exec."""
_PRCTL = (15, 16)
"""A thread's name."""
_ABOUT_A_PROCESS = frozenset(
    {"getpgid", "getsid", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "get_robust_list"}
)
"""Calls that tell of any process by its id: which there are would say how many runs there were before."""
_OF_A_CLOCK = ("clock_gettime", "clock_getres", "clock_nanosleep")
_AF_UNIX = 1
_X32 = 0x40000000
CHANGING_BY_NAME = frozenset({"chmod", "fchmod", "fchmodat", "utimensat", "utime", "utimes"})
"""Calls that change a file without opening it and that Landlock does not know: forbidden where a program can
name files of the machine's own (no private root)."""
_O_TRUNC, _O_ACCMODE = 0o1000, 3
_MISSING = ("clone3", "openat2", "epoll_pwait2")
"""Calls for which the C library has a fallback when they fail with ENOSYS."""


def filter_for(
    machine: str, pid: int, without: Set[str] = frozenset(), extra: Set[str] = frozenset()
) -> list[Instruction]:
    """The filter for a process `pid` on `machine`; `without` some calls, with the `EXTRA` ones that are asked for."""
    table = {name: number for name, number in TABLES[machine].items() if name not in without}
    table |= {name: EXTRA[machine][name] for name in extra}
    guarded = _guards(pid)
    program = [
        statement(LOAD, MACHINE),
        jump(JEQ, ARCHITECTURES[machine], 1, 0),
        statement(RETURN, KILL),
        statement(LOAD, NUMBER),
        jump(JGE, _X32, 0, 1),
        statement(RETURN, failing_with(errno.EPERM)),
    ]
    for name, number in table.items():
        body = guarded[name] if name in guarded else [statement(RETURN, _plain(name))]
        program += [jump(JEQ, number, 0, len(body)), *body]
    return [*program, statement(RETURN, failing_with(errno.EPERM))]


def _plain(name: str) -> int:
    return failing_with(errno.ENOSYS) if name in _MISSING else ALLOW


def _guards(pid: int) -> dict[str, list[Instruction]]:
    """Calls that are allowed for some arguments only."""
    return {
        "clone": _if_one_of(0, THREAD_FLAGS),
        "kill": _if_one_of(0, [pid]),
        "tgkill": _if_one_of(0, [pid]),
        "fcntl": _if_one_of(1, _FCNTL),
        "ioctl": _if_one_of(1, _IOCTL),
        "prctl": _if_one_of(0, _PRCTL),
        "socketpair": _if_one_of(0, [_AF_UNIX]),
        "sendto": _if_null(4),
        "prlimit64": _if_one_of(0, [0, pid]),
        **{name: _if_one_of(0, [0, pid]) for name in _ABOUT_A_PROCESS},
        "getpriority": _if_one_of(1, [0, pid]),
        **{name: _if_own_clock() for name in _OF_A_CLOCK},
        "open": _unless_emptying(1),
        "openat": _unless_emptying(2),
    }


def _unless_emptying(argument: int) -> list[Instruction]:
    """Allow opening but for reading with O_TRUNC, which empties a file without asking Landlock before ABI 3."""
    return [
        statement(LOAD, low(argument)),
        statement(AND, _O_TRUNC | _O_ACCMODE),
        jump(JEQ, _O_TRUNC, 0, 1),
        statement(RETURN, failing_with(errno.EPERM)),
        statement(RETURN, ALLOW),
    ]


def _if_one_of(argument: int, values: Iterable[int]) -> list[Instruction]:
    """Allow when the argument's low half is one of `values` (the kernel reads these as 32 bits)."""
    checks = [statement(LOAD, low(argument))]
    for value in values:
        checks += [jump(JEQ, value & 0xFFFFFFFF, 0, 1), statement(RETURN, ALLOW)]
    return [*checks, statement(RETURN, failing_with(errno.EPERM))]


def _if_own_clock() -> list[Instruction]:
    """Allow clocks that have a name; the negative ones are other processes' (and threads') processor time."""
    return [
        statement(LOAD, low(0)),
        jump(JGE, 1 << 31, 0, 1),
        statement(RETURN, failing_with(errno.EPERM)),
        statement(RETURN, ALLOW),
    ]


def _if_null(argument: int) -> list[Instruction]:
    """Allow when the argument is a null pointer: a send without an address."""
    return [
        statement(LOAD, low(argument)),
        jump(JEQ, 0, 0, 3),
        statement(LOAD, high(argument)),
        jump(JEQ, 0, 0, 1),
        statement(RETURN, ALLOW),
        statement(RETURN, failing_with(errno.EPERM)),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class PreparedFilter:
    """A filter assembled once for every process to come; only the process id is filled in later."""

    _STAND_IN = 0x5EC0BB0B

    def __init__(self, machine: str, without: Set[str] = frozenset(), extra: Set[str] = frozenset()) -> None:
        code = assembled(filter_for(machine, self._STAND_IN, without, extra))
        self._code = ctypes.create_string_buffer(code, len(code))
        mark = self._STAND_IN.to_bytes(4, sys.byteorder)
        self._places = [at for at in range(4, len(code), 8) if code[at : at + 4] == mark]
        self._program = _Program(len(code) // 8, ctypes.addressof(self._code))
        self._address = ctypes.addressof(self._program)

    @property
    def code(self) -> bytes:
        """The filter as the kernel reads it."""
        return self._code.raw

    def fill_in(self, pid: int) -> None:
        """Make it the filter of process `pid`."""
        for at in self._places:
            ctypes.memmove(ctypes.addressof(self._code) + at, pid.to_bytes(4, sys.byteorder), 4)

    def install(self) -> None:
        """Put the filter on this process for good (needs `no_new_privs`); raises `OSError`."""
        self.fill_in(os.getpid())
        libc.prctl(libc.PR_SET_SECCOMP, 2, self._address)
