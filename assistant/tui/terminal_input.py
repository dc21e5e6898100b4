"""Text from a terminal, cut into keys, pastes and reports: nothing of a paste is a key, and no letter is lost.

Textual's own parser ends a bracketed paste at the first escape character in it, and holds back or renames letters
that are read together with an escape character. Here whole sequences are found first, by their grammar (ECMA-48);
Textual's parser then only says what each of them means.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.events import Key, Paste
from textual.message import Message

ESC = "\x1b"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
FOCUS_CAME = "\x1b[I"
SEQUENCE_DELAY = 1.0
"""Seconds to wait for the rest of a sequence that was begun: a slow line may cut one in two."""
PASTE_DELAY = 1.0
"""Seconds without a character after which what has come of a paste is shown; what follows still belongs to it."""

CSI = re.compile(r"\x1b\[(?:M[\s\S]{3}|\[[A-E]|[0-?]*[ -/]*[@-LN-Z\\^-~]|[0-?]+[ -/]*[@-~])")
"""A control sequence: mouse reports of three bytes and the Linux console's `[[A` are kinds of their own."""
CSI_BEGUN = re.compile(r"\x1b\[(?:M[\s\S]{0,2}|\[?|[0-?]*[ -/]*)\Z")
SS3 = re.compile(r"\x1bO[A-Z]")
"""A function or cursor key; the lower-case ones of a number pad count only when they come alone."""
ALT_ENTER = re.compile(r"\x1b[\r\n]")
"""A line break, whatever follows: read as Esc and Enter, the line before it would be sent as it stands."""
ALONE = re.compile(r"\x1b(?:O[a-z]|[bdf\x7f])\Z")
"""Combinations with Alt that are keys when nothing follows at once; otherwise Esc was pressed before letters."""
ALONE_DELAY = 0.03
"""Seconds without a character after which nothing follows: what was written at once may be read in two pieces."""
NAMES = {"\x1b\r": "alt+enter", "\x1b\n": "alt+enter", "\x1b\x7f": "alt+backspace", "\x1bd": "alt+delete"}


class TerminalInput:
    """Feed it text as it is read, and `tick` it now and then; both give Textual's messages."""

    def __init__(self, *, debug: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._parser = XTermParser(debug)
        self._clock = clock
        self._text = ""
        """Read and not yet understood."""
        self._pasting = False
        self._read_at = clock()

    def feed(self, text: str) -> Iterator[Message]:
        """All that `text` completes."""
        self._read_at = self._clock()
        self._text += text
        yield from self._messages()

    def tick(self) -> Iterator[Message]:
        """What can be said without waiting any longer."""
        waited = self._clock() - self._read_at
        if self._pasting and self._text and waited >= PASTE_DELAY:
            yield from self._shown_paste()
        elif whole := ALONE.match(self._text):
            if waited >= ALONE_DELAY:
                yield from self._taken(whole.end())
        elif self._text and waited >= (ESCAPE_DELAY if len(self._text) <= 2 else SEQUENCE_DELAY):
            yield from self._escape_and(self._text[1:2])
            yield from self._messages()

    def _messages(self) -> Iterator[Message]:
        while self._text:
            before = len(self._text)
            yield from self._paste() if self._pasting else self._next()
            if len(self._text) == before:
                return

    def _next(self) -> Iterator[Message]:
        """What the text begins with; nothing when it takes more to know."""
        text = self._text
        if text[0] != ESC:
            yield from self._taken(1)
        elif text.startswith(PASTE_BEGINS):
            self._text, self._pasting = text[len(PASTE_BEGINS) :], True
        elif whole := CSI.match(text) or SS3.match(text) or ALT_ENTER.match(text):
            yield from self._taken(whole.end())
        elif text not in (ESC, ESC + "O") and not CSI_BEGUN.match(text) and not ALONE.match(text):
            yield from self._escape_and("")

    def _escape_and(self, character: str) -> Iterator[Message]:
        """The key Esc, and a character that was taken for the beginning of a sequence."""
        self._text = self._text[1 + len(character) :]
        yield Key("escape", ESC)
        yield from self._meaning(character) if character else ()

    def _taken(self, count: int) -> Iterator[Message]:
        sequence, self._text = self._text[:count], self._text[count:]
        yield from self._meaning(sequence)

    def _meaning(self, sequence: str) -> Iterator[Message]:
        """What Textual makes of one whole sequence.

        A long one that it does not know is a report of the terminal and means nothing; a short one was typed.
        """
        if sequence in NAMES:
            yield Key(NAMES[sequence], None)
            return
        messages = list(self._parser.feed(sequence))
        list(self._parser.feed(FOCUS_CAME))  # brings the parser back from a sequence that it waits to go on
        if not messages and len(sequence) == 3:
            messages = [Key("escape", ESC), *self._parser.feed(sequence[1:])]
        yield from messages

    def _paste(self) -> Iterator[Message]:
        """A paste up to its last end mark in what was read: an end mark inside it is part of what was pasted."""
        end = self._text.rfind(PASTE_ENDS, 0, self._next_paste())
        if end >= 0:
            pasted, self._text = self._text[:end], self._text[end + len(PASTE_ENDS) :]
            self._pasting = False
            yield Paste(pasted.replace(PASTE_ENDS, ""))

    def _next_paste(self) -> int:
        """Where another paste begins that the text holds, or its end."""
        first_end = self._text.find(PASTE_ENDS)
        begins = self._text.find(PASTE_BEGINS, first_end) if first_end >= 0 else -1
        return begins if begins >= 0 else len(self._text)

    def _shown_paste(self) -> Iterator[Message]:
        """What has come of a paste whose end is still to come. An Esc alone, much later, ends it as well."""
        if self._text == ESC:
            self._text, self._pasting = "", False
        else:
            kept = next((n for n in range(5, 0, -1) if self._text.endswith(PASTE_ENDS[:n])), 0)
            shown, self._text = self._text[: len(self._text) - kept], self._text[len(self._text) - kept :]
            yield from [Paste(shown)] if shown else []
