"""One set of confined children and the conversation with the judge among them, every read under a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

from assistant.sandbox.guest.framing import FrameError, parse
from assistant.sandbox.guest.framing import pack as packed
from assistant.sandbox.worker import SandboxWorker

KILL_OUTPUT = 64 * 1024 * 1024
"""Printed bytes after which a program is stopped."""
MAX_VERDICT = 4 * 1024 * 1024
"""Bytes of one verdict; a judge that says more is broken."""


class DeadlineExceeded(Exception):
    """The deadline passed."""


class PeerClosed(Exception):
    """The judge's stream closed before it answered."""


class OutputLimitExceeded(Exception):
    """The program printed more than is bearable."""


class Output:
    """Printed bytes: kept to a limit, counted beyond it."""

    def __init__(self, fd: int, keep: int) -> None:
        self.fd = fd
        self._keep = keep
        self._total = 0
        self._kept = bytearray()
        os.set_blocking(fd, False)

    def drain(self) -> bool:
        """Take what is there now; False at the stream's end."""
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._total += len(data)
            if self._total > KILL_OUTPUT:
                raise OutputLimitExceeded
            available = self._keep + 1 - len(self._kept)
            self._kept += data[: max(0, available)]

    def take(self) -> bytes:
        """What was printed since the last `take`."""
        taken, self._kept = bytes(self._kept), bytearray()
        return taken


class Execution:
    """Children of one worker, from fork to wipe. Use as a context manager.

    Roles: `persistent` (the worker's persistent judge and a solution), `judge` (a judge of its own and a solution),
    `unsealed` and `program` (one process).
    """

    def __init__(
        self,
        worker: SandboxWorker,
        *,
        role: str,
        limits: dict[str, Any],
        keep: int,
        extra: Sequence[int] = (),
    ) -> None:
        self._worker = worker
        self.role = role
        self._limits = limits
        self._stack = contextlib.ExitStack()
        self._buffer = bytearray()
        self._sound = True
        """Whether the judge has answered everything that it was asked."""
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        self._stack.callback(os.close, read_fd)
        self.output = Output(read_fd, keep)
        with contextlib.ExitStack() as passed:
            # Our copies of the children's descriptors are closed at once, so that their end is seen.
            passed.callback(os.close, write_fd)
            self._judge, self._pids = self._fork([write_fd, *extra], passed)

    def _fork(self, own: list[int], passed: contextlib.ExitStack) -> tuple[socket.socket, list[int]]:
        """Start the children; the stream to the judge, and the process ids (the program's last)."""
        if self.role == "persistent":
            return self._fork_solution(own, passed)
        ours, theirs = socket.socketpair()
        self._stack.callback(ours.close)
        passed.callback(theirs.close)
        if self.role != "judge":
            return ours, self._worker.start([(self.role, [theirs.fileno(), *own])], self._limits)
        one, other = self._pair(passed)
        roles = [("judge", [theirs.fileno(), one]), ("solution", [other, *own])]
        return ours, self._worker.start(roles, self._limits)

    def _fork_solution(self, own: list[int], passed: contextlib.ExitStack) -> tuple[socket.socket, list[int]]:
        one, other = self._pair(passed)
        judge = self._worker.persistent_judge()
        pids = self._worker.start([("solution", [other, *own])], self._limits)
        with contextlib.suppress(OSError):  # a judge that is gone shows when it is asked
            socket.send_fds(judge, [b"\0"], [one])
        return judge, pids

    def _pair(self, passed: contextlib.ExitStack) -> tuple[int, int]:
        """Both ends of a stream between judge and program."""
        one, other = socket.socketpair()
        passed.callback(one.close)
        passed.callback(other.close)
        return one.fileno(), other.fileno()

    def ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The judge's answer within `seconds`; raises `DeadlineExceeded`, `PeerClosed` or `OutputLimitExceeded`."""
        deadline = time.monotonic() + seconds
        self._sound = False
        try:
            self._judge.settimeout(seconds)
            self._judge.sendall(packed(message))
        except TimeoutError:
            raise DeadlineExceeded from None
        except OSError:
            raise PeerClosed from None
        answer = self._await(deadline)
        self.output.drain()
        self._sound = True
        return answer

    def _await(self, deadline: float) -> dict[str, Any]:
        poll = select.poll()
        poll.register(self._judge, select.POLLIN)
        poll.register(self.output.fd, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded
            ready = {fd for fd, _ in poll.poll(left * 1000)}
            if self.output.fd in ready and not self.output.drain():
                poll.unregister(self.output.fd)
            if self._judge.fileno() in ready and (answer := self._read()) is not None:
                return answer

    def _read(self) -> dict[str, Any] | None:
        """One message when it is whole."""
        try:
            data = self._judge.recv(1 << 18)
        except OSError:
            raise PeerClosed from None
        if not data:
            raise PeerClosed
        self._buffer += data
        if len(self._buffer) < 4:
            return None
        (length,) = struct.unpack_from(">I", self._buffer)
        if length > MAX_VERDICT:
            raise PeerClosed
        if len(self._buffer) < 4 + length:
            return None
        body = bytes(self._buffer[4 : 4 + length])
        del self._buffer[: 4 + length]
        try:
            return parse(body)
        except FrameError:
            raise PeerClosed from None

    def program_ended(self) -> int | None:
        """Exit status of the program's process."""
        return self._worker.reap(self._pids[-1])

    def judge_ended(self) -> int | None:
        """Exit status of the process that judges (which is the program's own, in role `unsealed`)."""
        return self._worker.reap(self._worker.judge_pid if self.role == "persistent" else self._pids[0])

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, *_: object) -> None:
        if self.role == "persistent":
            self._release_judge()
        self._stack.close()
        self._worker.clear()

    def _release_judge(self) -> None:
        """The persistent judge is free for the next run, unless it owes us an answer."""
        try:
            if self._sound and not self._buffer:
                self._judge.sendall(packed({"end": True}))
                return
        except OSError:
            pass
        self._worker.dismiss_judge()
