"""Length-prefixed JSON messages over a stream socket, for harness, judge and program."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

MAX_FRAME = 48 * 1024 * 1024
"""Bytes of one message; more is refused before it is read."""

_write = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_HEADER = struct.Struct(">I")


class FrameError(Exception):
    """The peer is gone, is late, or does not speak the protocol."""


class FrameTooLarge(FrameError):
    """A message over the cap."""


def pack(message: object) -> bytes:
    """One message as bytes on the wire."""
    body = _write(message).encode("ascii")
    if len(body) > MAX_FRAME:
        raise FrameTooLarge(f"a message of {len(body)} bytes")
    return _HEADER.pack(len(body)) + body


class Frames:
    """One end of a stream of messages. Not thread-safe; `deadline` is a time on the monotonic clock."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self.socket = sock
        self._clock = clock

    def send(self, message: object, deadline: float | None = None) -> None:
        """Send one message whole."""
        data = pack(message)
        self._arm(deadline)
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise FrameError(f"cannot send: {error}") from error

    def receive(self, deadline: float | None = None) -> dict[str, Any]:
        """The next message, which must be a JSON object."""
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, deadline))
        if length > MAX_FRAME:
            raise FrameTooLarge(f"a message of {length} bytes")
        return parse(self._exactly(length, deadline))

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        parts: list[bytes] = []
        while size:
            self._arm(deadline)
            try:
                part = self.socket.recv(min(size, 1 << 20))
            except OSError as error:
                raise FrameError(f"cannot read: {error}") from error
            if not part:
                raise FrameError("the peer closed the stream")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _arm(self, deadline: float | None) -> None:
        if deadline is None:
            return
        left = deadline - self._clock()
        if left <= 0:
            raise FrameError("the deadline passed")
        self.socket.settimeout(left)

    def close(self) -> None:
        self.socket.close()


def parse(body: bytes) -> dict[str, Any]:
    """A message from its bytes; `FrameError` for anything that is not a JSON object."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError, MemoryError) as error:
        raise FrameError(f"not a message: {type(error).__name__}") from None
    if not isinstance(message, dict):
        raise FrameError("not a message: no object")
    return message
