"""Seconds of a person's time, as journals count them."""

from __future__ import annotations

from assistant.core.problem import FrozenModel


class Effort(FrozenModel):
    """Seconds of a person's time, by what it went into. `away` is time without any key for a while."""

    reading: float = 0.0
    typing: float = 0.0
    waiting: float = 0.0
    away: float = 0.0
    editing: float = 0.0
    """Editing the code by hand."""

    @property
    def active(self) -> float:
        """Seconds of the person's own work: reading, typing and editing."""
        return self.reading + self.typing + self.editing

    def __add__(self, other: Effort) -> Effort:
        return Effort(**{name: getattr(self, name) + getattr(other, name) for name in Effort.model_fields})


def clock_at_end(clock: Effort, last: Effort) -> Effort:
    """The clock's totals at a session's end: `last` is its reading there, all zero where there was none."""
    return clock if last == Effort() else last


def total_effort(clock: Effort, added: Effort) -> Effort:
    """A session's effort: the clock's totals, or the sum of its feedback and edits where that is more.

    The clock may not have run, or may have been read before the last feedback.
    """
    return clock if clock.active >= added.active else added
