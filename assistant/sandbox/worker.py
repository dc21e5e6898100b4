"""What starts confined children: on Linux a zygote process, seen from outside."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.core.errors import SandboxError
from assistant.core.submission import GRANTED_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package."""

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from assistant.sandbox.guest.zygote import main; main(sys.argv[2])"
)
START_SECONDS = 60.0
ANSWER_SECONDS = 15.0
"""A zygote that takes longer for an answer is replaced."""
RUNS_OF_A_JUDGE = 500
"""After so many runs a persistent judge is replaced, so that no state accumulates."""
JUDGE_BOUNDS = {"memory_bytes": 1 << 30, "seconds": 60.0, "cases": RUNS_OF_A_JUDGE}


_NOT_OURS = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENOEXEC)
"""Why an interpreter is not to be started at all; anything else may pass."""


class WorkerLost(Exception):
    """The zygote is gone or does not answer."""


class SandboxWorker(ABC):
    """Starts confined children, for one run at a time; keeps a persistent judge between runs."""

    def __init__(self) -> None:
        self.layers: dict[str, bool | str] = {}
        self.spent = False
        """Whether it may not serve another run."""
        self._judge: socket.socket | None = None
        self._judged = 0
        self.judge_pid = 0
        """Process id of the persistent judge; 0 when there is none."""

    @abstractmethod
    def start(self, roles: Sequence[tuple[str, Sequence[int]]], limits: dict[str, Any]) -> list[int]:
        """One child per role, each holding its own descriptors; their process ids. Raises `WorkerLost`."""

    @abstractmethod
    def reap(self, pid: int) -> int | None:
        """Exit status of a child (negative: the signal that ended it); it is ended if need be."""

    @abstractmethod
    def clear(self) -> None:
        """Kill a run's children and wipe their scratch; a worker that fails at it is `spent`."""

    @abstractmethod
    def is_alive(self) -> bool:
        """Whether it can serve."""

    @abstractmethod
    def close(self) -> None:
        """End it and everything below it."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process at the top; it leads a session of its own."""

    def persistent_judge(self) -> socket.socket:
        """The stream to a judge that serves many runs; forked when there is none."""
        if self._judge is None or self._judged >= RUNS_OF_A_JUDGE:
            self.dismiss_judge()
            ours, theirs = socket.socketpair()
            with theirs:
                (self.judge_pid,) = self.start([("persistent", [theirs.fileno()])], JUDGE_BOUNDS)
            self._judge, self._judged = ours, 0
        self._judged += 1
        return self._judge

    def dismiss_judge(self) -> None:
        """The persistent judge is in doubt: it ends with the next `clear`."""
        if self._judge is not None:
            self._judge.close()
        self._judge, self.judge_pid = None, 0


class ForkServer(SandboxWorker):
    """A pre-warmed zygote, seen from outside."""

    def __init__(self, *, unsafe: bool = False, namespaces: bool = True) -> None:
        super().__init__()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {"unsafe": unsafe, "namespaces": namespaces, "root": str(ROOT), **granted_packages()}
        with theirs:
            try:
                self._process = spawn(theirs.fileno(), settings)
            except OSError as error:
                ours.close()
                mend = "; install the app with a Python that this user may run, outside another user's home folder"
                raise SandboxError(
                    f"Programs cannot be run: {interpreter()} does not start "
                    f"({error.strerror}){mend if error.errno in _NOT_OURS else ''}."
                ) from None
        self._control = ours
        self.refused = ""
        """Why namespaces are not available; such a worker is closed already."""
        self._greet()

    def _greet(self) -> None:
        try:
            hello = self._receive(START_SECONDS)
        except WorkerLost:
            self.close()
            raise SandboxError("The sandbox's process did not start; try `assistant doctor`.") from None
        if "layers" in hello:
            self.layers = dict(hello["layers"])
            return
        self.close()
        self.refused = str(hello.get("no_namespaces", ""))
        if not self.refused:
            reason = hello.get("failed", "no reason was given")
            raise SandboxError(
                f"The sandbox is not available: {reason}. Nothing was run; `--unsafe-run` runs without isolation."
            )

    def start(self, roles: Sequence[tuple[str, Sequence[int]]], limits: dict[str, Any]) -> list[int]:
        counts = [[role, len(fds)] for role, fds in roles]
        fds = [fd for _, own in roles for fd in own]
        answer = self._ask({"do": "start", "roles": counts, "limits": limits}, fds)
        return list(answer["pids"])

    def reap(self, pid: int) -> int | None:
        status: int | None = self._ask({"do": "reap", "pid": pid})["status"]
        return status

    def clear(self) -> None:
        try:
            cleared = self._ask({"do": "clear", "keep": self.judge_pid})["cleared"]
            self.spent = self.spent or not cleared
        except WorkerLost:
            self.spent = True

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def _ask(self, request: dict[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
        try:
            self._control.settimeout(ANSWER_SECONDS)
            socket.send_fds(self._control, [json.dumps(request).encode()], list(fds))
        except OSError as error:
            raise WorkerLost(str(error)) from None
        return self._receive(ANSWER_SECONDS)

    def _receive(self, seconds: float) -> dict[str, Any]:
        try:
            self._control.settimeout(seconds)
            data = self._control.recv(1 << 16)
        except OSError as error:
            raise WorkerLost(str(error)) from None
        if not data:
            raise WorkerLost("the zygote is gone")
        answer: dict[str, Any] = json.loads(data)
        return answer

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self.dismiss_judge()
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._process.kill()
        self._process.wait()


def spawn(control_fd: int, settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    """A fresh interpreter with a scrubbed environment: nothing of the caller's but the control socket."""
    return subprocess.Popen(
        [interpreter(), "-s", "-S", "-P", "-B", "-c", _BOOT, str(ROOT), json.dumps(settings)],
        stdin=control_fd,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("ASSISTANT_SANDBOX_DEBUG") else subprocess.DEVNULL,
        env=dict(ENVIRONMENT),
        cwd="/",
        start_new_session=True,
    )


def granted_packages() -> dict[str, Any]:
    """Installed packages that programs may import, and the folders of their own libraries."""
    found = {name: importlib.util.find_spec(name) for name in GRANTED_PACKAGES}
    folders = {name: str(Path(spec.origin).parent) for name, spec in found.items() if spec and spec.origin}
    libraries = [f"{folder}.libs" for folder in folders.values() if Path(f"{folder}.libs").is_dir()]
    return {"packages": folders, "libraries": libraries}


def interpreter() -> str:
    """The base interpreter: the zygote needs no virtual environment."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
"""All that a program sees of an environment. The fixed hash seed makes runs repeatable."""
