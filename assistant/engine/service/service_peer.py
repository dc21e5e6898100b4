"""The engine service from a client's side: a socket, and a thread that reads what comes."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from contextlib import closing, suppress

from assistant.core.errors import EngineError
from assistant.core.problem import FrozenModel
from assistant.engine.process import protocol
from assistant.engine.process.peer import Peer
from assistant.engine.service import messages
from assistant.engine.service.place import ServicePlace, peer_credentials

HELLO_SECONDS = 10.0
SEND_SECONDS = 10


class ServicePeer(Peer):
    """A connection to the service. Raises EngineError where it says nothing that can be understood."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._sending = threading.Lock()
        self._lines = connection.makefile("rb")
        self.hello = self._first_line()
        threading.Thread(target=self._listen, name="engine service", daemon=True).start()

    @property
    def pid(self) -> int:
        return self.hello.pid

    def send(self, message: FrozenModel) -> None:
        with self._sending, suppress(OSError):
            self._socket.sendall(protocol.line(message))

    def kill(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.ended.wait(5)

    def close(self) -> None:
        self.kill()

    def lost(self, what: str = "") -> str:
        return f"The shared engine {what or 'was stopped or killed'}; the next request finds it again, or an own one."

    def has_worked(self) -> bool:
        return False

    def _first_line(self) -> messages.Hello:
        self._socket.settimeout(HELLO_SECONDS)
        try:
            hello = messages.read_reply(self._lines.readline())
        except (OSError, ValueError) as error:
            self._socket.close()
            raise EngineError("the shared engine says nothing that this version understands") from error
        if not isinstance(hello, messages.Hello):
            self._socket.close()
            raise EngineError("the shared engine does not say what it is")
        self._socket.settimeout(None)
        # Sending has a limit of its own: a service that was suspended takes nothing in.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        return hello

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for text in self._lines:
                self.heard_at = time.monotonic()
                reply = messages.read_reply(text)
                if not isinstance(reply, protocol.Beat | messages.Hello | messages.ServiceStatus):
                    self._hand_out(reply)
        with suppress(OSError):
            self._lines.close()
            self._socket.close()
        self._has_ended()


def service_status(place: ServicePlace) -> messages.ServiceStatus | None:
    """How the service is; None where there is none. Raises EngineError where it does not say."""
    connection = place.connect()
    if connection is None:
        return None
    with closing(connection):
        connection.settimeout(HELLO_SECONDS)
        try:
            connection.sendall(protocol.line(messages.AskStatus()))
            with connection.makefile("rb") as lines:
                for text in itertools.islice(lines, 100):
                    reply = messages.read_reply(text)
                    if isinstance(reply, messages.ServiceStatus):
                        return reply
        except ConnectionError:
            return None  # it has ended meanwhile
        except (OSError, ValueError) as error:
            raise EngineError(
                "the engine service does not answer: `assistant engine stop` ends it"
            ) from error
    return None


def service_pid(place: ServicePlace) -> int | None:
    """The process that serves here, as the kernel says; None where there is none."""
    connection = place.connect()
    if connection is None:
        return None
    with closing(connection):
        credentials = peer_credentials(connection)
        if credentials is not None:
            return credentials[0]
    status = service_status(place)
    return None if status is None else status.pid
