"""Textual's drivers for a terminal and for a browser, with our own reading of what is typed."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import termios
from codecs import getincrementaldecoder
from typing import Any, TextIO, cast

from textual import log
from textual.app import App
from textual.driver import Driver
from textual.drivers._byte_stream import ByteStream
from textual.drivers.linux_driver import LinuxDriver
from textual.drivers.web_driver import WebDriver, _ExitInput
from textual.messages import ExitApp

from assistant.tui.terminal_input import TerminalInput

READ_AT_ONCE = 65536
MOST_AT_ONCE = 4_000_000
"""Bytes that are taken together when they are there: a paste is seen whole."""
BEAT = 0.05
"""Seconds after which a lone Esc is looked at again."""


def own_driver(driver: type[Driver]) -> type[Driver]:
    """The driver to use in place of Textual's."""
    if driver is LinuxDriver:
        return TerminalDriver
    return BrowserDriver if driver is WebDriver else driver


class LastingFile:
    """A terminal to write to. After it has closed, writes are dropped and never block."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()


class TerminalDriver(LinuxDriver):
    """A terminal. Bytes that are no UTF-8 become U+FFFD; a terminal that is gone ends the app."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file = cast("Any", LastingFile(cast("TextIO", sys.__stderr__)))

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._raw_mode = self._terminal_mode()

    def _terminal_mode(self) -> list[Any] | None:
        try:
            return termios.tcgetattr(self.fileno)
        except termios.error:
            return None

    def _sigcont_application(self, *_: object) -> None:
        """Go on: after Ctrl+Z from the beginning; after a SIGSTOP from elsewhere with what is still running.

        Textual would begin anew there too, and two threads would then share the keys between them.
        """
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._writer_thread is not None and self._auto_restart:
            # Not here: the signal may come while this very thread puts something into the writer's queue, whose lock
            # it would then wait for without end.
            self._loop.call_soon_threadsafe(self._reclaim_terminal)

    def _reclaim_terminal(self) -> None:
        """The terminal as the app needs it: a shell may have used it meanwhile. Nothing that was typed is lost."""
        try:
            if os.tcgetpgrp(self.fileno) != os.getpgrp():
                return
            if self._raw_mode is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw_mode)
        except (OSError, termios.error):
            return
        self.write("\x1b[?1049h\x1b[?25l\x1b[?1004h")
        self._enable_mouse_support()
        self._enable_bracketed_paste()
        self._app.call_later(self._app.refresh, layout=True)

    def run_input_thread(self) -> None:
        source = TerminalInput(debug=self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(BEAT):
                    came = self._read(selector)
                    if not came:
                        self.send_message(ExitApp())
                        return
                    for message in source.feed(decode(came)):
                        self.process_message(message)
                for message in source.tick():
                    self.process_message(message)

    def _read(self, selector: selectors.SelectSelector) -> bytes:
        """All that is there now; nothing when the terminal is gone."""
        came = b""
        while len(came) < MOST_AT_ONCE:
            try:
                piece = os.read(self.fileno, READ_AT_ONCE)
            except OSError:
                return came
            came += piece
            if not piece or not selector.select(0):
                break
        return came


LEAVE_WITHIN = 4
"""Seconds that an app has to leave when its server is gone."""


class BrowserDriver(WebDriver):
    """A tab of `assistant serve`. When the server is gone, the app ends as if the tab was closed."""

    def write(self, data: str) -> None:
        with contextlib.suppress(OSError):
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            super().write_meta(data)

    def run_input_thread(self) -> None:
        try:
            self._read_packets()
        except _ExitInput:
            return
        except Exception as error:  # whatever the server sends, the session must be released
            log.error(error)
        finally:
            self._input_reader.close()
        if not self.exit_event.is_set():
            self.send_message(ExitApp())
            # Whatever keeps it: every shown event is on disk, and the system ends what still runs then.
            signal.alarm(LEAVE_WITHIN)

    def _read_packets(self) -> None:
        """What the server sends: `D` is what was typed, anything else tells of the page."""
        source, packets = TerminalInput(debug=self._debug), ByteStream()
        decode = getincrementaldecoder("utf-8")("replace").decode
        for came in self._input_reader:
            for kind, payload in packets.feed(came) if came else ():
                if kind != "D":
                    self._on_meta(kind, payload)
                    continue
                for message in source.feed(decode(payload)):
                    self.process_message(message)
            for message in source.tick():
                self.process_message(message)
