"""Keeps an engine service running for as long as this process serves: started again when it was killed."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from assistant.core.errors import EngineError
from assistant.engine.service import messages
from assistant.engine.service.place import ServicePlace, usual_place
from assistant.engine.service.service_main import ServiceOptions, start_process
from assistant.engine.service.service_peer import ServicePeer
from assistant.engine.service.shared import difference

LOOK_SECONDS = 0.5
LONGEST_PAUSE = 30.0
"""Between two starts of a service that ends at once."""
END_SECONDS = 5.0


def place_for(served: messages.ServedEngine) -> ServicePlace:
    """The machine's usual place; where a service holds something else there, one of this process's own."""
    usual = usual_place(Path(served.choice.cache))
    usual.make_folder()
    connection = usual.connect()
    if connection is None:
        return usual
    try:
        peer = ServicePeer(connection)
        differs = difference(peer.hello, served.choice)
        peer.close()
    except EngineError:
        differs = "unknown"
    return usual if not differs else ServicePlace(usual.path.with_name(f"engine-serve-{os.getpid()}.sock"))


class ServiceSupervisor:
    """One service at one place, ours or somebody else's. To be closed."""

    def __init__(self, served: messages.ServedEngine, place: ServicePlace | None = None) -> None:
        self.place = place_for(served) if place is None else place
        self._served = served
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="engine supervisor", daemon=True)
        self.place.make_folder()
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process that we started, if it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def close(self) -> None:
        """End the service if it is ours."""
        self._ending.set()
        self._thread.join()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _keep(self) -> None:
        pause = LOOK_SECONDS
        while True:
            if self._process is None or self._process.poll() is not None:
                if self._is_served():
                    pause = LOOK_SECONDS
                elif self._process is None or not self._ending.wait(pause):
                    pause = min(2 * pause, LONGEST_PAUSE)
                    self._start()
            if self._ending.wait(LOOK_SECONDS):
                return

    def _is_served(self) -> bool:
        with suppress(EngineError):
            connection = self.place.connect()
            if connection is not None:
                connection.close()
                return True
        return False

    def _start(self) -> None:
        options = ServiceOptions(socket=str(self.place.path), engine=self._served, parent=os.getpid())
        with suppress(OSError), self.place.log.open("ab") as output:
            self._process = start_process(options, output)
