"""The app of one browser tab: a process that speaks the protocol of Textual's web driver over its pipes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from assistant.server.fork_server import ForkedApp, ForkServer, ForkServerLost

DATA = b"D"
META = b"M"
GRACE = 4.0
"""Seconds in which an app that was asked to end closes its journal; then it is killed."""
LARGEST = 16 * 2**20
"""Bytes of the largest packet that an app may send."""


class AppProcess:
    """A running app; made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process | ForkedApp) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout
        self._errors: deque[str] = deque(maxlen=20)
        self._listening = asyncio.create_task(self._keep_errors(process.stderr))

    @classmethod
    async def start(
        cls,
        words: Sequence[str],
        environment: Mapping[str, str],
        width: int,
        height: int,
        fork_server: ForkServer | None = None,
    ) -> AppProcess:
        """Start the app with these words of its command line, from the fork server if there is one.

        It has a session of its own: Ctrl+C is the server's alone.
        """
        environment = {**environment, "COLUMNS": str(width), "ROWS": str(height)}
        if fork_server is not None:
            with contextlib.suppress(ForkServerLost, OSError):
                return cls(await fork_server.start(words, environment))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "assistant",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **in_a_page(), **environment},
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    async def read(self) -> tuple[bytes, bytes] | None:
        """The next packet, its kind and its contents; None when the app has ended."""
        try:
            while (head := await self._stdout.readexactly(1)) not in (DATA, META, b"P"):
                await self._stdout.readline()  # the line by which the driver says that it is there
            size = int.from_bytes(await self._stdout.readexactly(4), "big")
            return None if size > LARGEST else (head, await self._stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def type(self, keys: str) -> None:
        """Send what was typed, as a terminal would."""
        await self._send(DATA, keys.encode("utf-8", "replace"))

    async def tell(self, **meta: str | int) -> None:
        """Send a message about the screen, or `type="quit"`."""
        await self._send(META, json.dumps(meta).encode())

    async def _send(self, kind: bytes, payload: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # it has ended: `read` says so
            self._stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
            await self._stdin.drain()

    async def stop(self) -> str:
        """End the app, by force where it does not listen; why it failed, or an empty string."""
        if self._stdout.at_eof():  # it may have ended by itself, and nobody has told yet
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 0.5)
        asked = self._process.returncode is None
        if asked:
            await self.tell(type="quit")
            self._stdin.close()
        drained = asyncio.create_task(self._drain())
        try:
            await asyncio.wait_for(self._process.wait(), GRACE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            return f"did not end by itself in {GRACE:g} s"
        finally:
            drained.cancel()
            await asyncio.wait([self._listening], timeout=1)
        status = self._process.returncode
        last = self._errors[-1] if self._errors else "it said nothing"
        return f"ended with status {status}: {last}" if status and not asked else ""

    async def _drain(self) -> None:
        """What nobody reads any more must not hold up an app that is leaving."""
        with contextlib.suppress(OSError):
            while await self._stdout.read(65536):
                pass

    async def _keep_errors(self, stderr: asyncio.StreamReader) -> None:
        while data := await stderr.read(65536):
            self._errors.extend(line for line in data.decode("utf-8", "replace").splitlines() if line.strip())


def in_a_page() -> dict[str, str]:
    """What Textual reads about the terminal that it is in, when it is imported."""
    return {
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_FPS": "60",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TERM_PROGRAM": "textual",
        "TERM_PROGRAM_VERSION": version("textual-serve"),
    }
