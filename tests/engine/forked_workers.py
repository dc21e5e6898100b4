"""Model workers forked from this process, which has torch and transformers in it.

A worker that is started takes four seconds of processor time until it has imported them, a forked one none. It runs
the same program on the same pipes; what is not the same is the start itself, which tests of the start keep.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.engine.process import worker_process


class ForkedWorker:
    """What `WorkerProcess` uses of a `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], *, env: Mapping[str, str], **_: Any) -> None:
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        self.pid = os.fork()
        if self.pid == 0:
            _become(theirs, arguments[arguments.index("-c") + 1 :], env)
        for end in theirs:
            os.close(end)
        self.stdin = os.fdopen(pipes[0][1], "wb")
        self.stdout, self.stderr = (os.fdopen(pipe[0], "rb") for pipe in pipes[1:])
        self._status: int | None = None
        self._waiting = threading.Lock()

    def kill(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        with self._waiting:
            if self._status is None:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status


def _become(pipes: Sequence[int], arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the program in the child, with nothing of pytest's open, and end."""
    status = 1
    gc.freeze()  # an old file object that is collected would close a descriptor that is another's by then
    try:
        for number, end in enumerate(pipes):
            os.dup2(end, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
        faulthandler.enable(sys.stderr)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(environment)
        if "HF_ENDPOINT" in environment:  # the hub's client reads its environment when it is imported
            for name in [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]:
                del sys.modules[name]
        program, *rest = arguments
        sys.argv = ["-c", *rest]
        exec(program, {"__name__": "__main__"})
        status = 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)


@pytest.fixture
def forked_workers() -> Iterator[pytest.MonkeyPatch]:
    """Within the test workers are forked; `undo` starts them again."""
    import transformers  # noqa: F401

    with pytest.MonkeyPatch.context() as patch:
        forking = SimpleNamespace(Popen=ForkedWorker, PIPE=subprocess.PIPE)
        patch.setattr(worker_process, "subprocess", forking)
        yield patch
