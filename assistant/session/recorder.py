"""A session's journal together with the state that follows from it: what is recorded, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from assistant.core import events as ev
from assistant.core.state import State, apply
from assistant.journal.writer import Journal

_Turn = TypeVar("_Turn", ev.GenerationStarted, ev.CodeEdited)


class Recorder:
    """Writes events to the journal and folds them into `state`. Every method may be called from any thread."""

    def __init__(self, journal: Journal, state: State) -> None:
        self.journal = journal
        self.state = state
        self._writing = threading.RLock()

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self.journal.path

    def record(self, event: ev.Event) -> ev.Event:
        """Write `event` to the journal, then to the state. Raises JournalError; the state is then unchanged."""
        with self._writing:
            self.journal.append(event)
            self.state = apply(self.state, event)
        return event

    def record_turn(self, make: Callable[[int], _Turn]) -> _Turn:
        """Record the beginning of the next turn; no control arm takes its number meanwhile."""
        with self._writing:
            event = make(self.state.turns)
            self.record(event)
        return event

    def record_together(self, make: Callable[[int], Sequence[ev.Event]]) -> None:
        """Record the events that `make` builds for the next turn's number, with nothing in between."""
        with self._writing:
            for event in make(self.state.turns):
                self.record(event)

    def save_draft(self, text: str) -> None:
        """Keep unsent feedback."""
        with self._writing:
            if text != self.state.draft and self.state.ended is None:
                self.record(ev.DraftSaved(text=text))

    def clock(self, change: str, effort: ev.Effort, reason: str = "") -> None:
        """Record a change or reading of the effort clock: `effort` are its totals, in seconds.

        Two threads read the clock: where a reading comes here after a newer one, the newer totals stand.
        """
        with self._writing:
            if self.state.ended is None:
                totals = _no_less(effort, self.state.clock)
                self.record(
                    ev.ClockChanged.model_validate({"change": change, "effort": totals, "reason": reason})
                )


def _no_less(effort: ev.Effort, before: ev.Effort) -> ev.Effort:
    """The larger of both, kind by kind."""
    return ev.Effort(**{kind: max(seconds, getattr(before, kind)) for kind, seconds in effort})
