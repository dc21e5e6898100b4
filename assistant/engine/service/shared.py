"""The engine service where one holds the model that is wanted; a worker of our own where none does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant import __version__
from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, Progress
from assistant.engine.process.peer import Peer
from assistant.engine.process.priority_lock import POLL_SECONDS
from assistant.engine.process.protocol import ModelChoice
from assistant.engine.process.worker_process import WorkerProcess
from assistant.engine.progress import Cancelled
from assistant.engine.service.messages import Hello
from assistant.engine.service.place import ServicePlace, usual_place
from assistant.engine.service.service_peer import ServicePeer

SOCKET_VARIABLE = "ASSISTANT_ENGINE_SOCKET"
"""Set for the tabs of `assistant serve`: somebody keeps an engine running there, so that none loads its own."""
RESTART_SECONDS = 20.0
"""For an engine that somebody keeps running to be started again."""


@dataclass(frozen=True)
class SharedOrOwn:
    """Connects to the service of this machine, or starts a worker."""

    choice: ModelChoice
    undecided: bool = False
    """Nobody chose an engine: a service that asks servers will do."""

    def __call__(self, progress: Callable[[Progress], None], cancel: Cancel) -> Peer:
        """Raises EngineError where an engine that somebody keeps running does not come back, Cancelled."""
        kept = os.environ.get(SOCKET_VARIABLE, "")
        place = ServicePlace(Path(kept)) if kept else usual_place(Path(self.choice.cache))
        try:
            peer = _connected(place, RESTART_SECONDS if kept else 0.0, cancel)
            reason = "" if peer is None else difference(peer.hello, self.choice, self.undecided)
        except Cancelled:
            raise
        except EngineError as error:
            peer, reason = None, str(error)
        if peer is not None and not reason:
            return peer
        if peer is not None:
            peer.close()
        elif kept:
            raise EngineError("the shared engine does not answer; it is started again: ask once more")
        if reason:
            progress(Progress(step=f"{reason}: loading a model of our own"))
        return WorkerProcess()


def _connected(place: ServicePlace, seconds: float, cancel: Cancel) -> ServicePeer | None:
    """A connection; None where nobody has answered for so long."""
    until = time.monotonic() + seconds
    while True:
        connection = place.connect()
        if connection is not None:
            return ServicePeer(connection)
        if time.monotonic() >= until:
            return None
        if cancel.is_set():
            raise Cancelled
        time.sleep(POLL_SECONDS)


def difference(hello: Hello, wanted: ModelChoice, undecided: bool = False) -> str:
    """In what the service's engine is not the one that is wanted; empty where it is."""
    held, info = hello.engine.choice, hello.info
    if hello.version != __version__:
        return f"the shared engine is of version {hello.version}"
    if hello.engine.kind != "transformers":
        if undecided and (wanted.model, wanted.device, wanted.precision) == (None, "auto", "auto"):
            return ""
        return f"the shared engine is of the kind {hello.engine.kind}"
    if _model(held) != _model(wanted):
        return f"the shared engine holds {held.model or 'the default model'}"
    devices = {"auto", held.device, info.device if info else held.device}
    if wanted.device not in devices:
        return f"the shared engine is on {info.device if info else held.device}"
    if wanted.precision not in {held.precision, info.precision if info else held.precision}:
        return f"the shared engine has precision {info.precision if info else held.precision}"
    return ""


def _model(choice: ModelChoice) -> str:
    """The model's name, or the whole path of a folder or file: clients have their own working directories."""
    name = choice.model or ""
    return str(Path(name).expanduser().resolve()) if name and Path(name).expanduser().exists() else name
