"""A process that has imported the app, and forks one for each tab: that starts at once, and shares memory.

`ForkServer` is the study server's side of it. The process (`python -m assistant.server.fork_server FD`) has one
thread and opens nothing, so that forking it is safe; it tells how each of its children ended, and leaves with the
study's server. Linux only: elsewhere, and where it is lost, an app is started by its command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST = 200_000
"""Bytes of a message."""
POLL = 0.05
PACKAGES = ("assistant.tui", "assistant.session", "assistant.journal", "assistant.reporting")
"""Imported whole before the first fork, by name: they stand beside this package or are loaded late by others."""
MODULES = (
    "assistant.cli.run", "assistant.cli.tui_launcher", "assistant.problems.load", "assistant.sandbox.local",
    "assistant.engine.open", "assistant.engine.scripted.engine", "assistant.engine.process.client",
    "assistant.engine.service.shared",
)  # fmt: skip
"""The same, one by one. What is missing here is imported by each app for itself."""


class ForkServerLost(Exception):
    """The process that forks has gone."""


class ForkedApp:
    """A forked app, as `asyncio.subprocess.Process` shows its own."""

    def __init__(
        self,
        fork_server: ForkServer,
        pid: int,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, stderr
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._fork_server = fork_server

    @property
    def returncode(self) -> int | None:
        """As that of `subprocess`; None while it runs."""
        return self.ended.result() if self.ended.done() else None

    async def wait(self) -> int:
        """Until it has ended; how."""
        while not self.ended.done():
            if self._fork_server.lost and not _lives(self.pid):
                return 0  # nobody knows
            await asyncio.wait([self.ended], timeout=POLL if self._fork_server.lost else None)
        return self.ended.result()

    def kill(self) -> None:
        """End it by force."""
        if not self.ended.done():
            self._fork_server.kill(self.pid)


class ForkServer:
    """The server's side of the process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start it; it imports meanwhile. Raises OSError."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "assistant.server.fork_server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self._socket.setblocking(False)
        self._asked: list[asyncio.Future[int]] = []
        """Starts that are not answered yet, in their order."""
        self._apps: dict[int, ForkedApp] = {}
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._heard)

    async def start(self, words: Sequence[str], environment: Mapping[str, str]) -> ForkedApp:
        """An app of these words of the command line. Raises ForkServerLost, OSError."""
        inward, to_app = os.pipe()
        from_app, outward = os.pipe()
        complaints, complain = os.pipe()
        answer: asyncio.Future[int] = self._loop.create_future()
        try:
            self._send({"words": list(words), "environment": dict(environment)}, (inward, outward, complain))
            self._asked.append(answer)
            pid = await answer
        except BaseException:
            for end in (to_app, from_app, complaints):
                os.close(end)
            raise
        finally:
            for end in (inward, outward, complain):
                os.close(end)
        app = self._apps[pid] = ForkedApp(
            self, pid, await _writer(to_app), await _reader(from_app), await _reader(complaints)
        )
        return app

    def kill(self, pid: int) -> None:
        """End one of its children, if it has not ended."""
        try:
            self._send({"kill": pid})
        except (ForkServerLost, OSError):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def close(self) -> None:
        """End the process; apps that still run notice by themselves that nobody reads them."""
        self._lose()
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)

    def _send(self, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
        if self.lost:
            raise ForkServerLost
        socket.send_fds(self._socket, [json.dumps(message).encode()], files)

    def _heard(self) -> None:
        try:
            data = self._socket.recv(LARGEST)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
            return
        match json.loads(data):
            case {"started": int(pid)}:
                answer = self._asked.pop(0)
                if not answer.done():
                    answer.set_result(pid)
                else:
                    self.kill(pid)  # who asked has left
            case {"ended": int(pid), "status": int(status)}:
                app = self._apps.pop(pid, None)
                if app is not None and not app.ended.done():
                    app.ended.set_result(status)

    def _lose(self) -> None:
        if self.lost:
            return
        self.lost = True
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(ForkServerLost())


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0)
    )
    return reader


async def _writer(end: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(end, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# The process.


def main() -> None:
    """Import the app, then fork one for each order; returns in a child only, which becomes the app."""
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        _import()
        words = _forks(orders)
    sys.argv = ["assistant", *words]
    runpy.run_module("assistant", run_name="__main__", alter_sys=True)


def _import() -> None:
    """What every app needs; where that fails, each says so itself."""
    names = list(MODULES)
    for package in PACKAGES:
        found = importlib.import_module(package)
        names += [found.name for found in pkgutil.walk_packages(found.__path__, f"{package}.")]
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is there now is never looked through again, and stays shared


def _forks(orders: socket.socket) -> list[str]:
    """Fork for each order, and tell of the children, until the server has gone; returns in a child."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    children = set[int]()
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        words = None
        while words is None:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                os.read(woken, 4096)
                _collect(orders, children)
            if orders in ready:
                words = _obey(orders, children)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(woken)
    os.close(wake)
    return words


def _obey(orders: socket.socket, children: set[int]) -> list[str] | None:
    """Do as the server says: the words of the app in a child, None in this process. Leaves with the server."""
    data, files, _, _ = socket.recv_fds(orders, LARGEST, 3)
    if not data:
        os._exit(0)
    order = json.loads(data)
    if "kill" in order:
        if order["kill"] in children:  # else its number may be another's by now
            os.kill(order["kill"], signal.SIGKILL)
        return None
    pid = os.fork()
    if pid:
        for end in files:
            os.close(end)
        children.add(pid)
        _tell(orders, {"started": pid})
        return None
    os.setsid()
    for place, end in enumerate(files):
        os.dup2(end, place)
        os.close(end)
    os.environ.update(order["environment"])
    return [str(word) for word in order["words"]]


def _collect(orders: socket.socket, children: set[int]) -> None:
    """Tell of every child that has ended."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            children.discard(found[0])
            _tell(orders, {"ended": found[0], "status": os.waitstatus_to_exitcode(found[1])})


def _tell(orders: socket.socket, message: Mapping[str, int]) -> None:
    try:
        orders.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)  # the server has gone


if __name__ == "__main__":
    main()
