"""The app in a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

LONGEST = 100.0
"""Seconds until a test ends with what the screen shows, before its own timeout ends it without."""
TURN = re.compile(r"tr(y|ies) left|no try used")
"""How the status line says that it is the person's turn."""
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "ctrl+l": "\x0c",
    "ctrl+q": "\x11",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f7": "\x1b[18~",
}


class Terminal:
    """A pseudo-terminal with the app in it, and what its screen shows."""

    def __init__(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        columns: int,
        rows: int,
        program: Sequence[str] = ("-m", "assistant"),
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        """All that the app wrote to the terminal."""
        self.child = pexpect.spawn(
            sys.executable,
            [*program, *arguments],
            env=dict(environment),
            dimensions=(rows, columns),
            timeout=5,
        )
        self.child.delaybeforesend = None

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self) -> None:
        """Take in what has come since."""
        with contextlib.suppress(pexpect.TIMEOUT):
            came = self.child.read_nonblocking(65536, timeout=0.05)
            self.written += came
            self._stream.feed(came)

    def until(self, words: str, longest: float = LONGEST) -> None:
        """Read until the screen shows `words`."""
        deadline = time.monotonic() + longest
        while words not in self.text:
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} never came; the screen shows:\n{self.text}")
            self.read()

    def press(self, *keys: str) -> None:
        """Send keys by name, or text as it is."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def resize(self, columns: int, rows: int) -> None:
        self.child.setwinsize(rows, columns)
        self.screen.resize(rows, columns)

    def kill(self) -> None:
        """End the app whatever it does, however long that takes on a busy machine."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close()

    def end(self) -> int | None:
        """Wait for the end of the app; its exit status."""
        deadline = time.monotonic() + LONGEST
        while self.child.isalive() and time.monotonic() < deadline:
            try:
                self.read()
            except pexpect.EOF:
                break
        self.child.close()
        return self.child.exitstatus


def environment_at(home: Path, **more: str) -> Mapping[str, str]:
    """This process's environment with settings and data under `home`, where the tour was seen.

    Without a size of the terminal: readline, which pytest imports, puts one into the environment of its workers.
    """
    settings = home / "config" / "assistant" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("tour_seen = true\n")
    own = {
        "TERM": "xterm-256color",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**inherited, **own, **more}
