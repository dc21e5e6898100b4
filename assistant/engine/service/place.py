"""Where the service's socket is, and that nobody but its owner can open it.

The folder is the user's alone (0700), and so is the socket (0600); both sides ask the kernel who the other is.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import EngineError

BACKLOG = 64


@dataclass(frozen=True)
class ServicePlace:
    """The files of one service."""

    path: Path
    """Of the socket."""

    @property
    def log(self) -> Path:
        """What the service did and what its libraries said; never what people or models said."""
        return self.path.with_suffix(".log")

    @property
    def lock(self) -> Path:
        """Held while the service lives: there is one at a time."""
        return self.path.with_suffix(".lock")

    def make_folder(self) -> None:
        """Raises EngineError where the folder is another's, or open to others."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            raise EngineError(f"{folder} cannot be made ({error.strerror})") from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise EngineError(
                f"{folder} is not yours: remove it, or set XDG_RUNTIME_DIR to a folder of yours"
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise EngineError(f"{folder} is open to others: `chmod 700 {folder}`")

    def listen(self) -> socket.socket:
        """The socket, in place of one that a killed service left. Raises EngineError, OSError."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._short_path() as short:
                with contextlib.suppress(FileNotFoundError):
                    self.path.unlink()
                before = os.umask(0o177)
                try:
                    listener.bind(short)
                finally:
                    os.umask(before)
            self.path.chmod(0o600)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        return listener

    def connect(self) -> socket.socket | None:
        """A connection to the service; None where none answers. Raises EngineError where it is another user's."""
        if not self.path.exists():
            return None
        self.make_folder()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._short_path() as short:
                connection.connect(short)
            if not is_ours(connection):
                raise EngineError(f"the engine at {self.path} is another user's")
        except OSError:
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def hold(self) -> Iterator[bool]:
        """Be the one service here; False where there is one already. Raises EngineError."""
        self.make_folder()
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _short_path(self) -> Iterator[str]:
        """The socket's path within the 107 bytes that the system allows, however deep the folder is."""
        if sys.platform != "linux" or len(os.fsencode(self.path)) < 100:
            yield str(self.path)
            return
        folder = os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{folder}/{self.path.name}"
        finally:
            os.close(folder)


def usual_place(cache: Path) -> ServicePlace:
    """Where the service of this user is, for models in this cache: in the runtime folder, else in the cache."""
    digest = hashlib.sha256(os.fsencode(cache.absolute())).hexdigest()[:12]
    return ServicePlace(_runtime_folder(cache) / f"engine-{digest}.sock")


def _runtime_folder(cache: Path) -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        return Path(runtime) / "assistant"
    return cache / f"engine-{os.getuid()}"  # a cache may be shared by several users


def peer_credentials(connection: socket.socket) -> tuple[int, int] | None:
    """Process and user at the other end; None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return pid, uid


def is_ours(connection: socket.socket) -> bool:
    """Whether the other end belongs to this user. Where the system does not tell, the folder's mode has to do."""
    credentials = peer_credentials(connection)
    return credentials is None or credentials[1] == os.getuid()
