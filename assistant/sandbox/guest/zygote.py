"""The fork server: imports everything once, confines itself, and forks confined children on request.

It never runs untrusted code and is never given a test. Requests come one at a time, each answered before the
next, as packets on fd 0; descriptors for the children travel with them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from assistant.sandbox.guest import preload, pytest_shim, solution, warm_up
from assistant.sandbox.guest.roles import ROLES, settle_descriptors
from assistant.sandbox.isolation import linux
from assistant.sandbox.isolation.rlimits import FILES
from assistant.sandbox.isolation.unconfined import Unconfined

Json = dict[str, Any]
Isolation = linux.LinuxIsolation | Unconfined
_PACKET = 1 << 16
_PATIENCE = 0.1
"""Seconds that a child may take to be gone by itself once its stream has closed."""


class Zygote:
    """Answers the harness on `control`."""

    def __init__(self, control: socket.socket, isolation: Isolation) -> None:
        self._control = control
        self._isolation = isolation
        self._children: set[int] = set()

    def serve(self) -> None:
        """Until the harness is gone."""
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        """Answer the next request; False when there is none. Nothing of it is kept: a child could look it up."""
        data, fds, _, _ = socket.recv_fds(self._control, _PACKET, 16)
        if not data:
            return False
        request: Json = json.loads(data)
        answer: Json = getattr(self, "_do_" + request["do"])(request, fds)
        for fd in fds:
            os.close(fd)
        self._control.send(json.dumps(answer).encode())
        return True

    def _do_start(self, request: Json, fds: list[int]) -> Json:
        self._isolation.begin()
        pids, given = [], list(fds)
        for role, count in request["roles"]:
            own, given = given[:count], given[count:]
            pids.append(self._fork(role, own, request["limits"]))
        return {"pids": pids}

    def _fork(self, role: str, own: list[int], limits: Json) -> int:
        pid = os.fork()
        if pid:
            self._children.add(pid)
            return pid
        try:
            self._isolation.enclose_child(role, limits)
            ROLES[role](*settle_descriptors(own))
        except BaseException as error:
            with contextlib.suppress(BaseException):
                os.write(2, f"{role}: {type(error).__name__}: {error}\n".encode())
        os._exit(70)

    def _do_reap(self, request: Json, _fds: list[int]) -> Json:
        """How a child ended; it is killed when it does not end at once."""
        return {"status": self._reap(request["pid"], time.monotonic() + _PATIENCE)}

    def _reap(self, pid: int, deadline: float) -> int | None:
        if pid not in self._children:
            return None
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(0.001)

    def _do_clear(self, request: Json, _fds: list[int]) -> Json:
        """Kill what still runs, but for the persistent judge, and wipe what it wrote."""
        ending = self._children - {request["keep"]}
        for pid in ending:
            os.kill(pid, signal.SIGKILL)
        for pid in ending:
            os.waitpid(pid, 0)
        self._children -= ending
        return {"cleared": self._isolation.clear()}


def main(configuration: str) -> None:
    """Confine the process, report the active layers, then serve."""
    control = take_control()
    settings = json.loads(configuration)
    preload.import_all()
    pytest_shim.install()
    warm_up.run_once()
    try:
        in_force = isolate(settings)
    except linux.NoNamespaces as error:
        control.send(json.dumps({"no_namespaces": str(error)}).encode())
        return
    except linux.IsolationError as error:
        control.send(json.dumps({"failed": str(error)}).encode())
        return
    grant({name: in_force.folder_of(folder) for name, folder in settings["packages"].items()})
    sys.path[:] = [path for path in sys.path if path != settings["root"]]
    solution.prepare_streams()
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(json.dumps({"layers": in_force.layers}).encode())
    Zygote(control, in_force).serve()


def take_control() -> socket.socket:
    """The control socket, moved from descriptor 0 to the top; nothing on 0 and 1."""
    top = os.dup2(0, FILES - 1, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return socket.socket(fileno=top)


def isolate(settings: Json) -> Isolation:
    """The isolation that the settings request."""
    if settings["unsafe"]:
        return Unconfined({"unsafe": True})
    return linux.enclose_worker(
        with_namespaces=settings["namespaces"],
        packages=[*settings["packages"].values(), *settings["libraries"]],
    )


class GrantedPackages:
    """A finder of the few installed packages that programs may import: each by its own folder, never by the folder of
    all packages."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = dict(folders)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package's spec; None for every other name (its submodules are found by its own path)."""
        folder = self._folders.get(name)
        if folder is None:
            return None
        return importlib.util.spec_from_file_location(
            name, Path(folder) / "__init__.py", submodule_search_locations=[folder]
        )


def grant(folders: Mapping[str, str]) -> None:
    """Let `import` find these packages, after everything else."""
    sys.meta_path.append(GrantedPackages(folders))
