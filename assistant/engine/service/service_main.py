"""The service's program: `service_main JSON`, where the JSON is a `ServiceOptions`. Imports no torch."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from assistant.core import plugins
from assistant.core.generation import Engine, EngineOptions
from assistant.core.problem import FrozenModel
from assistant.engine.models.hardware import PACKAGE_ROOT
from assistant.engine.process.client import LocalEngine
from assistant.engine.service import messages
from assistant.engine.service.place import ServicePlace
from assistant.engine.service.server import BEAT_SECONDS, EngineService

ALREADY_SERVED = 3
"""Exit status where another service holds the place."""
# Not `-m`, which would put the current folder, and any `random.py` in it, before the standard library.
_START = "import sys; sys.path.append(sys.argv.pop()); from assistant.engine.service.service_main import main; main()"
log = logging.getLogger("assistant.engine.service")


class ServiceOptions(FrozenModel):
    """How to serve."""

    socket: str
    engine: messages.ServedEngine
    idle_minutes: float = 0.0
    """End after so long without a client; 0 never."""
    parent: int = 0
    """End with this process, if it is one."""


def start_process(options: ServiceOptions, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """The service in a session of its own, so that a closed terminal does not reach it. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _START, options.model_dump_json(), PACKAGE_ROOT],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def opened(served: messages.ServedEngine) -> Engine:
    """The engine that is served, not prepared yet. Raises AssistantError where there is no such engine."""
    choice = served.choice
    if served.kind == "transformers":
        return LocalEngine(choice)
    open_kind: Callable[[EngineOptions], Engine] = plugins.load("engines", served.kind)
    return open_kind(
        EngineOptions(
            choice.model,
            choice.device,
            choice.precision,
            Path(choice.cache),
            served.base_url or None,
            served.script or None,
            shared=False,
        )
    )


def serve(options: ServiceOptions) -> int:
    """Serve until a signal, idleness, or the end of the parent; the exit status."""
    place = ServicePlace(Path(options.socket))
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    with place.hold() as ours:
        if not ours:
            log.error("an engine is served here already")
            return ALREADY_SERVED
        listener = place.listen()
        service = EngineService(opened(options.engine), options.engine)
        service.preparation.start()
        threading.Thread(target=service.accept, args=(listener,), name="accept", daemon=True).start()
        log.info("serving %s as process %d", options.engine.choice.model or options.engine.kind, os.getpid())
        try:
            reason = _wait(service, options, stop)
        finally:
            with suppress(OSError):
                place.path.unlink()
            with suppress(OSError):
                listener.close()
            service.close()
        log.info("ended: %s", reason)
    return 0


def _wait(service: EngineService, options: ServiceOptions, stop: threading.Event) -> str:
    """Beat until there is a reason to end; the reason."""
    due = time.monotonic()
    while not stop.wait(max(0.0, due - time.monotonic())):
        due = time.monotonic() + BEAT_SECONDS
        service.beat()
        if options.parent and os.getppid() != options.parent:
            return "the program that started it has ended"
        if options.idle_minutes and service.idle_seconds() > options.idle_minutes * 60:
            return "nobody was here"
    return "asked to"


def main() -> None:
    """Serve as the first argument says."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    status = serve(ServiceOptions.model_validate_json(sys.argv[1]))
    logging.shutdown()
    os._exit(status)  # threads of a library must not keep it


if __name__ == "__main__":
    main()
