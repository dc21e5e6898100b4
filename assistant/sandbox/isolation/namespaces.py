"""Namespaces: user, pid, mount, network, IPC and host-name namespaces around one worker.

Inside, the file tree holds the standard library, shared libraries, three devices, and a private scratch in
memory; nothing of the machine's own.
"""

# ruff: noqa: PTH102, PTH103, PTH106, PTH110, PTH120, PTH123
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat

from assistant.sandbox.isolation import filesystem_policy, libc

_RESERVED_IDS = 300
"""Process ids that the kernel does not give a second time."""
SCRATCH_OPTIONS = "size=64m,nr_inodes=4096,mode=1777"
_KEPT_FLAGS = {
    os.ST_NODEV: 4,
    os.ST_NOEXEC: 8,
    os.ST_NOATIME: 1024,
    os.ST_NODIRATIME: 2048,
    os.ST_RELATIME: 1 << 21,
}
"""Flags of `statvfs` and what `mount` calls them."""
_FLAGS = libc.CLONE_NEWNS | libc.CLONE_NEWPID | libc.CLONE_NEWNET | libc.CLONE_NEWIPC | libc.CLONE_NEWUTS


def enter(packages: list[str]) -> None:
    """New namespaces; returns in the first process of the new pid namespace.

    `packages` are seen where `filesystem_policy.behind_namespaces` says. The process that called it stays outside and
    waits. Raises `OSError` where the kernel does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    libc.unshare(_FLAGS | (libc.CLONE_NEWUSER if uid else 0))
    if uid:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    first = os.fork()
    if first:
        _wait_for(first)
    libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    _start_counting_anywhere()
    libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
    _private_root(packages)
    with contextlib.suppress(OSError):
        socket.sethostname("sandbox")


def _start_counting_anywhere() -> None:
    """Start process ids at a random number: otherwise a program's own id reveals the number of earlier runs.

    Any number is as likely as any other (they wrap around), so that taking many of them (threads) tells nothing.
    """
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
        last = int(file.read())
    first = _RESERVED_IDS + int.from_bytes(os.urandom(4)) % max(1, last - _RESERVED_IDS - 1)
    with contextlib.suppress(OSError):
        _write("/proc/sys/kernel/ns_last_pid", str(first))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _wait_for(pid: int) -> None:
    """Outside: hold nothing open, and end as the inside ends."""
    os.closerange(0, 256)
    _, status = os.waitpid(pid, 0)
    os._exit(abs(os.waitstatus_to_exitcode(status)) & 0xFF)


def _private_root(packages: list[str]) -> None:
    """A root of its own that holds what a program needs, read-only but for the scratch; follows it."""
    root, scratch = filesystem_policy.SCRATCH, filesystem_policy.SCRATCH
    seen = _visible_paths(packages)
    # Everything is held open first: the new root will lie over a folder that some of it may be below.
    held = {path: os.open(path, os.O_PATH) for path in seen if os.path.exists(path)}
    libc.mount("tmpfs", root, "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, "size=1m,mode=755")
    for path, fd in held.items():
        _bind(f"/proc/self/fd/{fd}", root + seen[path], stat.S_ISDIR(os.fstat(fd).st_mode))
        os.close(fd)
    for folder in filesystem_policy.foreign_folders():
        hidden = root + filesystem_policy.visible_at(folder)
        libc.mount("tmpfs", hidden, "tmpfs", libc.MS_RDONLY, "size=4k,mode=755")
    os.mkdir(root + scratch, 0o755)
    libc.mount("tmpfs", root + scratch, "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, SCRATCH_OPTIONS)
    _pivot_to(root)
    filesystem_policy.follow_the_interpreter()


def _visible_paths(packages: list[str]) -> dict[str, str]:
    """Files and folders of the machine that are seen, outermost only, and where."""
    shown = [
        *filesystem_policy.standard_library(),
        *filesystem_policy.library_folders(),
        *filesystem_policy.time_zones(),
    ]
    shown += ["/etc/ld.so.cache", *filesystem_policy.DEVICES, *filesystem_policy.interpreter_libraries()]
    outermost = [path for path in shown if not any(path.startswith(other + "/") for other in shown)]
    seen = {path: filesystem_policy.visible_at(path) for path in outermost}
    return seen | {path: filesystem_policy.behind_namespaces(path) for path in packages}


def _pivot_to(root: str) -> None:
    """Make `root` the root, drop the old one, and let nothing be written to it."""
    os.mkdir(root + "/.old")
    libc.pivot_root(root, root + "/.old")
    os.chdir("/")
    libc.unmount("/.old", libc.MNT_DETACH)
    os.rmdir("/.old")
    _make_read_only("/")


def _bind(source: str, target: str, folder: bool) -> None:
    if folder:
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    libc.mount(source, target, None, libc.MS_BIND | libc.MS_REC)
    _make_read_only(target)


def _make_read_only(target: str) -> None:
    """Nothing can be written, renamed or given other rights below `target`; raises `OSError`.

    In a user namespace the flags that a mount already has must be named again.
    """
    has = os.statvfs(target).f_flag
    kept = sum(mount_flag for flag, mount_flag in _KEPT_FLAGS.items() if has & flag)
    libc.mount("none", target, None, libc.MS_REMOUNT | libc.MS_BIND | libc.MS_RDONLY | libc.MS_NOSUID | kept)
