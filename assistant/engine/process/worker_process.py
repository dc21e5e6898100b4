"""The worker process from the client's side: start, messages, replies, log and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from queue import SimpleQueue

import psutil  # type: ignore[import-untyped]

from assistant.core.errors import EngineError
from assistant.core.problem import FrozenModel
from assistant.engine import inference
from assistant.engine.models.hardware import PACKAGE_ROOT
from assistant.engine.process import protocol
from assistant.engine.process.peer import Peer

LOG_LINES = 200
"""Lines of the worker's stderr that are kept for error reports."""
# Not `-m`, which would put the current folder, and any `random.py` in it, before the standard library.
_START = "import sys; sys.path.append(sys.argv.pop()); from assistant.engine.process.worker_main import main; main()"
_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONUTF8": "1",
    **inference.ENVIRONMENT,
}


class WorkerProcess(Peer):
    """A running worker process."""

    def __init__(self) -> None:
        super().__init__()
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self._cpu_seconds = 0.0
        self._lock = threading.Lock()
        self._started: SimpleQueue[subprocess.Popen[bytes] | OSError] = SimpleQueue()
        # The thread that spawns reads replies until the end: the kernel kills the worker when its
        # parent *thread* ends, and a thread of the screen may end at any time.
        self._keeper = threading.Thread(target=self._keep, name="model worker", daemon=True)
        self._keeper.start()
        started = self._started.get()
        if isinstance(started, OSError):
            raise EngineError(f"The model's process cannot be started: {started.strerror}.") from started
        self._process = started

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def send(self, message: FrozenModel) -> None:
        """Write one message; the end of the process is noticed by the waiter for the reply."""
        assert self._process.stdin is not None
        with self._lock, suppress(OSError, ValueError):
            self._process.stdin.write(protocol.line(message))
            self._process.stdin.flush()

    def has_worked(self) -> bool:
        """Whether the process has used the processor since this was last asked."""
        before = self._cpu_seconds
        with suppress(psutil.Error):
            times = psutil.Process(self.pid).cpu_times()
            self._cpu_seconds = times.user + times.system
        return self._cpu_seconds > before

    def kill(self) -> None:
        """End the process at once and wait for it."""
        self._process.kill()
        self._process.wait()
        self.ended.wait(5)

    def close(self) -> None:
        """Let the process end by closing its stdin; kill it when it does not."""
        with self._lock, suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if not self.ended.wait(2):
            self.kill()

    def lost(self, what: str = "") -> str:
        """One line for whoever waited for it."""
        return f"The model's process {what or self.exit_reason()}; it is started again with the next request."

    def exit_reason(self) -> str:
        """Short description of how the process ended."""
        status = self._process.wait()
        if status == -signal.SIGKILL:
            return "was killed (the system may have run out of memory)"
        if status < 0:
            return f"crashed ({signal.Signals(-status).name})"
        last = next((line for line in reversed(self.log) if line.strip()), "")
        return f"ended with status {status}" + (f" ({last.strip()[:200]})" if last else "")

    def _keep(self) -> None:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(os.getpid()), PACKAGE_ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError as error:
            self._started.put(error)
            return
        threading.Thread(target=self._keep_log, args=(process,), daemon=True).start()
        self._started.put(process)
        self._listen(process)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for text in process.stdout:
            self.heard_at = time.monotonic()
            try:
                reply = protocol.read_reply(text)
            except ValueError:
                self.log.append(f"unreadable reply: {text[:200]!r}")
                continue
            if not isinstance(reply, protocol.Beat):
                self._hand_out(reply)
        process.wait()
        self._has_ended()

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        for text in process.stderr:
            self.log.append(text.decode("utf-8", "replace").rstrip("\n"))
