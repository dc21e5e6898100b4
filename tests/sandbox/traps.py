"""What an attack must not reach: a secret, a file to write, sockets that would notice, a process to kill."""

from __future__ import annotations

import contextlib
import os
import socket
import sysconfig
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import assistant

SECRET = "the-secret-" + uuid.uuid4().hex


class Traps:
    """Opened before the sandbox; `sprung()` says what was touched."""

    def __init__(self, folder: Path) -> None:
        self._secret = folder / "secret.txt"
        self._secret.write_text(SECRET)
        self._secret.chmod(0o666)
        self._canary = folder / "canary"
        self._name = "trap-" + uuid.uuid4().hex
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self._port = self._sockets[0].getsockname()[1]
        for family, kind, address in (
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", self._port)),
            (socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + self._name),
        ):
            trap = socket.socket(family, kind)
            trap.bind(address)
            self._sockets.append(trap)
        for trap in self._sockets:
            trap.setblocking(False)

    def set_in(self, source: str) -> str:
        """`source` with the traps' places filled in."""
        return source.format(
            secret=self._secret,
            canary=self._canary,
            port=self._port,
            pid=os.getpid(),
            name=self._name,
            packages=sysconfig.get_path("purelib"),
            package=assistant.__file__,
        )

    def sprung(self) -> list[str]:
        """What has been reached since the start; empty when all is well."""
        found = []
        if self._canary.exists() or self._canary.is_symlink():
            found.append("a file was written outside")
        if (
            not self._secret.exists()
            or self._secret.read_text() != SECRET
            or self._secret.stat().st_mtime < 1e9
        ):
            found.append("the secret was changed")
        for trap in self._sockets:
            with contextlib.suppress(BlockingIOError):
                trap.recv(1) if trap.type == socket.SOCK_DGRAM else trap.accept()
                found.append(f"something reached {trap.family.name}")
        return found

    def close(self) -> None:
        for trap in self._sockets:
            trap.close()


@contextlib.contextmanager
def traps() -> Iterator[Traps]:
    """Traps in a folder of their own, and a secret in the environment."""
    os.environ["TRAP_SECRET"] = SECRET
    with tempfile.TemporaryDirectory(prefix="traps-") as folder:
        Path(folder).chmod(0o777)
        laid = Traps(Path(folder))
        try:
            yield laid
        finally:
            laid.close()
            del os.environ["TRAP_SECRET"]
