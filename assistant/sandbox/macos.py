"""Children started one by one below another system's own sandbox: macOS, behind a "reduced" banner.

The macOS half is written from documentation and has never run on macOS: there was no such machine. What can be
walked elsewhere (starting, conversation, memory, scratch) is tested without the profile.

`sandbox-exec` closes the network, processes and files. Memory has no limit there that the system would enforce,
so it is polled. Where there is no sandbox at all, only unsafe runs are possible.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.core.errors import SandboxError
from assistant.sandbox.verdicts import MEMORY_STATUS
from assistant.sandbox.worker import ENVIRONMENT, ROOT, SandboxWorker, WorkerLost, interpreter

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from assistant.sandbox.guest.spawned_main import main; main(sys.argv[2])"
)
_POLL_SECONDS = 0.05
_PATIENCE = 0.2
REDUCED = "macOS: sandbox-exec closes network, files and processes, but memory is only polled"


def open_spawner(*, unsafe: bool = False) -> SandboxWorker:
    """A worker for this system; `SandboxError` where there is no sandbox to put around it."""
    if os.name != "posix":
        raise SandboxError(
            "There is no sandbox for this system: use Linux (or WSL) or macOS. Nothing was run."
        )
    if unsafe:
        return Spawner([], {"unsafe": True})
    program = shutil.which("sandbox-exec", path="/usr/bin:/bin")
    if sys.platform != "darwin" or program is None:
        raise SandboxError(
            "There is no sandbox for this system. Nothing was run; `--unsafe-run` runs without isolation."
        )
    return Spawner([program, "-p"], {"reduced": REDUCED, "sandbox_exec": True, "deadline": True})


class Spawner(SandboxWorker):
    """Starts each child as a process of its own, `wrapper` (and a profile) around it."""

    def __init__(self, wrapper: Sequence[str], layers: dict[str, bool | str]) -> None:
        super().__init__()
        self.layers = layers
        self._scratch = Path(tempfile.mkdtemp(prefix="assistant-")).resolve()
        self._wrapper = [*wrapper, profile(self._scratch)] if wrapper else []
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._too_big: set[int] = set()
        self._memory_bytes = 1 << 30
        self._closed = threading.Event()
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def start(self, roles: Sequence[tuple[str, Sequence[int]]], limits: dict[str, Any]) -> list[int]:
        self._memory_bytes = limits["memory_bytes"]
        return [self._start(role, list(fds), limits) for role, fds in roles]

    def _start(self, role: str, fds: list[int], limits: dict[str, Any]) -> int:
        settings = json.dumps({"role": role, "fds": fds, "limits": limits})
        place = str(self._scratch)
        try:
            child = subprocess.Popen(
                [*self._wrapper, interpreter(), "-s", "-S", "-P", "-B", "-c", _BOOT, str(ROOT), settings],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**ENVIRONMENT, "HOME": place, "TMPDIR": place},
                cwd=place,
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerLost(str(error)) from None
        self._children[child.pid] = child
        return child.pid

    def reap(self, pid: int) -> int | None:
        child = self._children.pop(pid, None)
        if child is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
        child.kill()
        status = child.wait()
        return MEMORY_STATUS if pid in self._too_big else status

    def clear(self) -> None:
        for pid in [pid for pid in self._children if pid != self.judge_pid]:
            child = self._children.pop(pid)
            child.kill()
            child.wait()
        for left in self._scratch.iterdir():
            with contextlib.suppress(OSError):
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        self.spent = any(self._scratch.iterdir())

    def _watch_memory(self) -> None:
        """Kill a child that has grown over the limit. The list of processes is read with `ps`."""
        while not self._closed.wait(_POLL_SECONDS):
            for pid, child in list(self._children.items()):
                if child.poll() is None and resident_bytes(pid) > self._memory_bytes:
                    self._too_big.add(pid)
                    child.kill()

    def is_alive(self) -> bool:
        return not self._closed.is_set()

    @property
    def pid(self) -> int:
        return next(iter(self._children), 0)

    def close(self) -> None:
        self._closed.set()
        self.dismiss_judge()
        for child in self._children.values():
            child.kill()
            child.wait()
        self._children.clear()
        shutil.rmtree(self._scratch, ignore_errors=True)


def resident_bytes(pid: int) -> int:
    """A process's resident memory; 0 when it is gone."""
    done = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    words = done.stdout.split()
    return int(words[0]) * 1024 if words and words[0].isdigit() else 0


def profile(scratch: Path) -> str:
    """The sandbox profile: the interpreter and our own inner package to read, the scratch to write.

    The last rule that matches decides, so what must never be comes at the end.
    """
    own = Path(__file__).resolve().parent
    program, base = Path(interpreter()).resolve(), Path(sys.base_prefix).resolve()
    readable = [base, "/usr/lib", "/System/Library", "/usr/share/zoneinfo", own]
    return "\n".join(
        (
            "(version 1)",
            "(deny default)",
            '(import "system.sb")',
            f"(allow process-exec (subpath {_quoted(base)}) (literal {_quoted(program)}))",
            f"(allow file-map-executable (subpath {_quoted(base)}))",
            "(allow file-read-metadata)",
            *(f"(allow file-read* (subpath {_quoted(path)}))" for path in readable),
            f"(allow file-read* (literal {_quoted(program)}) (literal {_quoted(own.parent / '__init__.py')}))",
            '(allow file-read* (literal "/dev/null") (literal "/dev/urandom") (literal "/"))',
            f"(allow file-read* file-write* (subpath {_quoted(scratch)}))",
            '(allow file-write* (literal "/dev/null"))',
            "(allow sysctl-read)",
            "(allow signal (target self))",
            *(f"(deny file-read* (subpath {_quoted(folder)}))" for folder in _other_packages()),
            "(deny process-fork)",
            "(deny network*)",
        )
    )


def _other_packages() -> list[Path]:
    """Where installed packages are: a published test set may be among them."""
    variables = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    return [Path(sysconfig.get_path(name, vars=variables)).resolve() for name in ("purelib", "platlib")]


def _quoted(path: object) -> str:
    """A path as the profile language writes a string."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
