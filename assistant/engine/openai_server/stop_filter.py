"""The end of an answer, found by the client: servers detect no complete programs, and some ignore stop strings."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.completion_detector import ProgramEnd
from assistant.core.thinking import may_mark, unsaid_thinking

_LONGEST_MARK = 300


class StopFilter:
    """Passes text on up to the first stop string, holding back what may be the beginning of one.

    With `until_program` the text also ends where the program in it is complete. Servers have no such option:
    it talks on, and its stream is read to the end for its token counts, which are what it asks money for. Where
    what it says then shows that all so far was thought (a closing mark alone), the text goes on after all.
    """

    def __init__(self, stops: Sequence[str], until_program: str | None = None) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._program = None if until_program is None else ProgramEnd(until_program)
        self._held = ""
        self._given = ""
        self._behind = ""
        self.left_out = 0
        """Characters that came behind the end."""
        self.stopped = False
        """A stop string was found: nothing more is read."""
        self.complete = False
        """The program is complete: nothing more is part of the text."""

    def feed(self, text: str) -> str:
        """The part of the text so far that is certain and not yet returned."""
        if self.complete and self._goes_on(text):
            self.complete, text, self._behind = False, self._behind + text, ""
        elif self.stopped or self.complete:
            self._behind += text if self.complete else ""
            self.left_out += len(text)
            return ""
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        end = self._program.find(self._given + text) if self._program is not None else None
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        safe = min([*found, len(text) - keep])
        if end is not None and end - len(self._given) <= safe:
            self.complete, safe = True, end - len(self._given)
            self._behind = text[safe:]
        self.stopped = bool(found) and not self.complete
        self._held = "" if self.stopped or self.complete else text[safe:]
        self._given += text[:safe]
        return text[:safe]

    def _goes_on(self, text: str) -> bool:
        """Whether `text`, which comes behind a complete program, shows that the program was only thought."""
        last = self._behind[-_LONGEST_MARK:] + text
        return may_mark(last) and unsaid_thinking(self._given, self._behind + text)

    def flush(self) -> str:
        """What was held back, once no more text can come."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-n:])), 0)
