"""The system-call filter, run by an interpreter of its language: both machines' tables, without their kernels."""

from __future__ import annotations

import struct

import pytest

from assistant.sandbox.isolation import seccomp
from assistant.sandbox.isolation.syscalls import ARCHITECTURES, TABLES

PID = 4321
ALLOW, KILL, EPERM, ENOSYS = seccomp.ALLOW, seccomp.KILL, seccomp.failing_with(1), seccomp.failing_with(38)
FORBIDDEN = {
    "x86_64": {
        "socket": 41, "connect": 42, "bind": 49, "sendmsg": 46, "recvmsg": 47, "fork": 57, "vfork": 58, "execve": 59,
        "ptrace": 101, "setuid": 105, "mount": 165, "tkill": 200, "io_submit": 209, "unshare": 272, "bpf": 321,
        "memfd_create": 319, "io_uring_setup": 425, "pidfd_open": 434, "creat": 85, "chown": 92, "mknod": 133,
        "setxattr": 188, "process_vm_readv": 310, "seccomp": 317, "execveat": 322, "userfaultfd": 323,
    },
    "aarch64": {
        "socket": 198, "connect": 203, "bind": 200, "sendmsg": 211, "recvmsg": 212, "execve": 221, "ptrace": 117,
        "setuid": 146, "mount": 40, "tkill": 130, "io_submit": 2, "unshare": 97, "bpf": 280, "memfd_create": 279,
        "io_uring_setup": 425, "pidfd_open": 434, "fchown": 55, "mknodat": 33, "setxattr": 5,
        "process_vm_readv": 270, "seccomp": 277, "execveat": 281, "userfaultfd": 282,
    },
}  # fmt: skip


def decide(program: list[seccomp.Instruction], machine: int, number: int, *arguments: int) -> int:
    """What the kernel would answer."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, machine, 0, *(value & (2**64 - 1) for value in padded))
    accumulator = counter = 0
    while True:
        code, if_true, if_false, operand = program[counter]
        counter += 1
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif code == seccomp.AND:
            accumulator &= operand
        elif code == seccomp.RETURN:
            return operand
        else:
            holds = {seccomp.JEQ: accumulator == operand, seccomp.JGE: accumulator >= operand}[code]
            counter += if_true if holds else if_false


@pytest.fixture(params=sorted(TABLES))
def machine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def call(machine: str, name: str | int, *arguments: int) -> int:
    program = seccomp.filter_for(machine, PID)
    number = TABLES[machine][name] if isinstance(name, str) else name
    return decide(program, ARCHITECTURES[machine], number, *arguments)


def test_everyday_calls_are_allowed(machine: str) -> None:
    for name in ("read", "write", "openat", "mmap", "futex", "exit_group", "getrandom", "clock_gettime"):
        assert call(machine, name) == ALLOW, name


def test_forbidden_calls_fail(machine: str) -> None:
    for name, number in FORBIDDEN[machine].items():
        assert call(machine, number) == EPERM, name


def test_every_number_not_in_the_table_fails(machine: str) -> None:
    known = set(TABLES[machine].values())
    for number in set(range(600)) - known:
        assert call(machine, number) == EPERM, number


def test_another_machine_is_killed(machine: str) -> None:
    program = seccomp.filter_for(machine, PID)
    assert decide(program, 0x40000003, 1) == KILL  # i386
    assert call(machine, 0x40000000 | TABLES[machine]["read"]) == EPERM  # x32


def test_threads_but_no_processes(machine: str) -> None:
    assert call(machine, "clone", 0x3D0F00) == ALLOW
    for flags in (0x11, 0x1200011, 0x3D0F00 | 0x10000000, 0x4111, 0):
        assert call(machine, "clone", flags) == EPERM
    assert call(machine, "clone3") == ENOSYS


def test_signals_to_oneself_alone(machine: str) -> None:
    for name in ("kill", "tgkill"):
        assert call(machine, name, PID, 9) == ALLOW
        for target in (0, 1, -1, PID + 1, -PID):
            assert call(machine, name, target, 9) == EPERM


def test_questions_about_oneself_alone(machine: str) -> None:
    for name in ("getpgid", "getsid", "sched_getaffinity", "sched_getscheduler", "sched_getparam"):
        assert call(machine, name, 0) == call(machine, name, PID) == ALLOW
        assert call(machine, name, 1) == call(machine, name, PID + 1) == EPERM
    assert call(machine, "getpriority", 0, PID) == ALLOW
    assert call(machine, "getpriority", 0, 1) == EPERM


def test_no_clock_of_another_process(machine: str) -> None:
    for name in ("clock_gettime", "clock_getres", "clock_nanosleep"):
        assert all(call(machine, name, clock) == ALLOW for clock in range(12))
        assert all(call(machine, name, (~pid << 3) | 2) == EPERM for pid in (1, 4000, PID))


def test_sockets_are_pairs_without_addresses(machine: str) -> None:
    assert call(machine, "socketpair", 1) == ALLOW
    assert call(machine, "socketpair", 2) == EPERM
    assert call(machine, "sendto", 3, 0, 0, 0, 0, 0) == ALLOW
    assert call(machine, "sendto", 3, 0, 0, 0, 0x7F0000000000, 16) == EPERM
    assert call(machine, "sendto", 3, 0, 0, 0, 0x1234, 16) == EPERM


def test_descriptor_controls(machine: str) -> None:
    assert call(machine, "fcntl", 1, 3) == ALLOW
    assert call(machine, "fcntl", 1, 8, PID + 1) == EPERM  # F_SETOWN
    assert call(machine, "ioctl", 1, 0x5401) == ALLOW
    assert call(machine, "ioctl", 1, 0x5412) == EPERM  # TIOCSTI
    assert call(machine, "prctl", 15) == ALLOW
    assert call(machine, "prctl", 4) == EPERM  # PR_SET_DUMPABLE
    assert call(machine, "prlimit64", 0) == ALLOW
    assert call(machine, "prlimit64", PID + 1) == EPERM


def test_opening_for_reading_never_empties(machine: str) -> None:
    assert call(machine, "openat", -100, 0, 0o2000000) == ALLOW
    assert call(machine, "openat", -100, 0, 0o1101) == ALLOW  # written, truncated: Landlock decides
    assert call(machine, "openat", -100, 0, 0o1000) == EPERM


def test_calls_can_be_left_out_and_added(machine: str) -> None:
    number = TABLES[machine]["fchmodat"]
    program = seccomp.filter_for(machine, PID, without=seccomp.CHANGING_BY_NAME, extra={"recvmsg"})
    assert decide(program, ARCHITECTURES[machine], number) == EPERM
    assert decide(program, ARCHITECTURES[machine], FORBIDDEN[machine]["recvmsg"]) == ALLOW


def test_the_prepared_filter_is_the_same_program(machine: str) -> None:
    prepared = seccomp.PreparedFilter(machine)
    prepared.fill_in(PID)
    assert prepared.code == seccomp.assembled(seccomp.filter_for(machine, PID))


def test_jumps_stay_within_a_byte(machine: str) -> None:
    assert all(max(jump[1:3]) < 256 for jump in seccomp.filter_for(machine, PID))
