"""What plain mode prints and reads: data on standard output, talk on standard error, lines from standard input."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.cli import text_rendering as text
from assistant.core import events as ev


class Printer:
    """Data on stdout, talk on stderr; with `json_events`, stdout is the event stream alone."""

    def __init__(self, json_events: bool, who: str = "") -> None:
        self.json_events = json_events
        self._who = who
        """The annotator as said on the command line, which has to be said again to go on."""
        self.resume_words = "resume"
        """What goes on with a session, before its id."""
        self.colour = text.colour_wanted(sys.stdout)
        self.left = False
        """The person has gone: the input ended, or they said that they go on another day."""
        self.at_terminal = sys.stdin is not None and sys.stdin.isatty()
        """An editor can be opened: a person sits at standard input."""
        self._silent: list[ev.LiveEvent] = []
        """What may be shown only when the session is over."""
        self.warning = ""
        """A warning, at the start and with every verdict, while programs are not fully isolated."""

    def read_line(self) -> str:
        """One line of stdin with its end; empty when there is no more, or standard input is closed."""
        try:
            line = sys.stdin.readline() if sys.stdin is not None else ""
        except OSError as error:
            self.talk(f"assistant: standard input cannot be read ({error.strerror}): it counts as ended")
            line = ""
        self.left = self.left or not line
        return line

    def resume_command(self, session: str) -> str:
        """The command that goes on with a session."""
        return f"assistant {self.resume_words} {session}{f' --annotator {self._who}' if self._who else ''}"

    def data(self, words: str = "", end: str = "\n") -> None:
        if not self.json_events:
            print(words, end=end, flush=True)

    def talk(self, words: str, end: str = "\n") -> None:
        print(words, end=end, file=sys.stderr, flush=True)

    def warn(self) -> None:
        if self.warning:
            self.talk(self.warning)

    def event(self, event: ev.LiveEvent) -> None:
        """Print it as JSON where that was asked for; what hidden tests say waits for the session's end."""
        if not self.json_events:
            return
        if isinstance(event, ev.HiddenScored):
            self._silent.append(event)
            return
        self._print(event)
        if isinstance(event, ev.SessionEnded):
            for silent in self._silent if event.reason != "interrupted" else ():
                self._print(silent)
            self._silent.clear()

    def _print(self, event: ev.LiveEvent) -> None:
        record = event.model_dump(mode="json")
        print(json.dumps(record if "type" in record else {"type": "streamed", **record}), flush=True)


@contextmanager
def interrupt_once(cancel: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `cancel`; a second one interrupts as usual."""

    def first(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        cancel()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
