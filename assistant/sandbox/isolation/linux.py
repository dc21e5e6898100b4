"""All layers of Linux in the order in which they must be raised."""

from __future__ import annotations

import os
import platform
import signal
from typing import Any

from assistant.sandbox.isolation import (
    filesystem_policy,
    landlock,
    libc,
    namespaces,
    privileges,
    rlimits,
    scratch_dir,
    seccomp,
)
from assistant.sandbox.isolation.syscalls import TABLES

Layers = dict[str, bool | str]


class IsolationError(Exception):
    """A required layer is not available here; the message says which."""


class NoNamespaces(Exception):
    """The kernel (or a surrounding container) forbids namespaces; Landlock and seccomp may still work."""


class LinuxIsolation:
    """Active layers, and those that each child adds; all are prepared here, once."""

    def __init__(self, layers: Layers, abi: int, tasks: int, *, has_scratch: bool) -> None:
        self.layers = layers
        self._has_scratch = has_scratch
        self._numbers = scratch_dir.InodeNumbers(filesystem_policy.SCRATCH) if has_scratch else None
        self._tasks = tasks
        without = frozenset() if has_scratch else seccomp.CHANGING_BY_NAME
        if abi < 3:  # this Landlock does not know truncation by name
            without |= {"truncate"}
        self._for_one_run = seccomp.PreparedFilter(platform.machine(), without)
        self._for_persistent = seccomp.PreparedFilter(platform.machine(), without, extra={"recvmsg"})
        null = ("/dev/null", landlock.WRITE_FILE)
        own = [(filesystem_policy.SCRATCH, landlock.in_scratch(abi))] if has_scratch else []
        self._for_judge = landlock.Ruleset(abi, landlock.writing(abi), [null])
        self._for_program = landlock.Ruleset(abi, landlock.writing(abi), [null, *own])
        self._for_judge.move(rlimits.FILES - 2)
        self._for_program.move(rlimits.FILES - 3)

    def enclose_child(self, role: str, bounds: dict[str, Any]) -> None:
        """The child's own layers; after this it is ready for untrusted code."""
        libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
        judge = role in ("judge", "persistent")
        os.chdir(filesystem_policy.SCRATCH if self._has_scratch and not judge else "/")
        # A domain of its own for each child: the program cannot signal the judge.
        (self._for_judge if judge else self._for_program).enforce()
        rlimits.apply(bounds["memory_bytes"], bounds["seconds"], bounds["cases"], self._tasks)
        (self._for_persistent if role == "persistent" else self._for_one_run).install()

    def folder_of(self, package: str) -> str:
        """Where the installed folder `package` is seen from here."""
        return filesystem_policy.behind_namespaces(package) if self._has_scratch else package

    def clear(self) -> bool:
        """Empty the scratch; False where that failed, or its file numbers have come to tell of earlier runs."""
        if self._numbers is None:
            return True
        return scratch_dir.wipe(filesystem_policy.SCRATCH) and self._numbers.are_near()

    def begin(self) -> None:
        """Before the children of a run are forked."""
        if self._has_scratch:
            scratch_dir.forget(filesystem_policy.SCRATCH)


def enclose_worker(*, with_namespaces: bool, packages: list[str]) -> LinuxIsolation:
    """Apply the layers that all children share, `packages` in reach. Raises `IsolationError` or `NoNamespaces`."""
    os.umask(0o022)
    abi = _required()
    uid = privileges.own_uid()
    already = rlimits.tasks_of(uid)
    inside = with_namespaces and _enter_namespaces(packages)
    # Counted per user namespace where there is one; elsewhere on top of what the user already runs.
    tasks = rlimits.TASKS + (0 if inside and uid == os.getuid() else already)
    try:
        user = privileges.step_down(uid)
        if inside:
            # Stepping down clears this. Without namespaces the parent is a thread of the harness, which may end
            # long before the harness does: there the end of the control stream has to do.
            libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(libc.PR_SET_DUMPABLE, 0)
        _close_files(abi, inside, packages)
        rlimits.share(tasks)
        return LinuxIsolation(_layers(abi, inside, user), abi, tasks, has_scratch=inside)
    except OSError as error:
        raise IsolationError(f"{error.strerror or error}") from None


def _required() -> int:
    """The Landlock ABI; `IsolationError` where a required layer is missing."""
    machine = platform.machine()
    if machine not in TABLES:
        raise IsolationError(f"no system-call table for {machine} processors")
    abi = landlock.version()
    if not abi:
        raise IsolationError("this kernel has no Landlock (Linux 5.13 or newer, with the LSM enabled)")
    return abi


def _enter_namespaces(packages: list[str]) -> bool:
    try:
        namespaces.enter(packages)
    except OSError as error:
        raise NoNamespaces(str(error)) from None
    return True


def _close_files(abi: int, has_scratch: bool, packages: list[str]) -> None:
    """The shared Landlock layer: the standard library to read, the scratch to write, nothing else."""
    seen = [filesystem_policy.behind_namespaces(path) for path in packages] if has_scratch else packages
    rules = [(path, landlock.READ) for path in filesystem_policy.readable(seen)]
    rules += [(path, landlock.READ_DIR) for path in filesystem_policy.listable()]
    rules += [("/dev/null", landlock.READ_FILE | landlock.WRITE_FILE)]
    if has_scratch:
        rules.append((filesystem_policy.SCRATCH, landlock.in_scratch(abi)))
    landlock.Ruleset(abi, landlock.all_rights(abi), rules).enforce()


def _layers(abi: int, inside: bool, user: str) -> Layers:
    return {
        "landlock": f"abi {abi}",
        "seccomp": platform.machine(),
        "rlimits": True,
        "no_new_privs": True,
        "scrubbed_environment": True,
        "deadline": True,
        "user": user,
        "namespaces": inside,
        "scratch": "private, 64 MiB in memory" if inside else "none: solutions cannot write files",
    }
