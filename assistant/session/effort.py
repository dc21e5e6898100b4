"""Effort clock: seconds spent reading, typing, waiting, editing and away. The caller passes the time.

The app and plain mode use the same clock. Plain mode reads whole lines and sees no keys: it gives `away_after` as
infinite, so that nobody is away there, and all time until a line is sent is reading.
"""

from __future__ import annotations

import threading
from typing import Literal

from assistant.core.events import Effort

Kind = Literal["reading", "typing", "waiting", "editing", "away"]

TYPING_GAP = 3.0
"""Seconds between two keys in the feedback box that still count as typing; longer ones are reading."""
AWAY_AFTER = 60.0
"""Seconds without any key, click or scroll after which a person counts as away."""


class EffortClock:
    """Credits the seconds between what happens; begins paused. All times are seconds of one monotonic clock.

    The session's thread reads it too, when verdicts are there; everything else happens in the screen's thread.
    """

    def __init__(
        self, before: Effort = Effort(), away_after: float = AWAY_AFTER, taken: Effort | None = None
    ) -> None:
        """`before` are the totals so far, of which `taken` (else all) was credited to words and edits."""
        self._away_after = away_after
        self._spent: dict[Kind, float] = {
            "reading": before.reading,
            "typing": before.typing,
            "waiting": before.waiting,
            "editing": before.editing,
            "away": before.away,
        }
        credited = before if taken is None else taken
        self._taken = {kind: min(self._spent[kind], getattr(credited, kind)) for kind in self._spent}
        self._crediting = threading.Lock()
        self._since: float | None = None
        self._active_at = 0.0
        self._last_key: float | None = None
        self.waiting = False
        self.editing = False

    @property
    def running(self) -> bool:
        return self._since is not None

    def continue_from(self, before: Effort, credited: Effort) -> None:
        """Add the totals of a session that is resumed, of which `credited` went into feedback and edits."""
        with self._crediting:
            for kind in self._spent:
                earlier = getattr(before, kind)
                self._spent[kind] += earlier
                self._taken[kind] += min(earlier, getattr(credited, kind))

    def start(self, now: float) -> None:
        """Run from now on."""
        if self._since is None:
            self._since = self._active_at = now
            self._last_key = None

    def pause(self, now: float) -> None:
        """Credit what has passed and stand still."""
        self._credit(now, "reading")
        self._since = None

    def activity(self, now: float, *, typing: bool = False) -> None:
        """A key, click or scroll; `typing` for a key in the feedback box."""
        if self._since is None:
            self.start(now)
        quick = typing and self._last_key is not None and now - self._last_key <= TYPING_GAP
        self._credit(now, "typing" if quick else "reading", typed=typing)
        self._active_at = now
        self._last_key = now if typing else None

    def wait(self, now: float, waiting: bool) -> None:
        """The model begins (or ends) to work."""
        self._credit(now, "reading")
        if self.waiting and not waiting:
            self._active_at = now  # there is something new to read
        self.waiting = waiting

    def edit(self, now: float, editing: bool) -> None:
        """The person begins (or ends) to edit the code by hand."""
        self._credit(now, "reading")
        self.editing = editing

    def read(self, now: float) -> Effort:
        """Totals so far."""
        self._credit(now, "reading")
        return Effort(**self._spent)

    def active(self, now: float) -> float:
        """Seconds of the person's own work so far; unlike `read`, it decides nothing about what they went into."""
        with self._crediting:
            done = sum(self._spent[kind] for kind in ("reading", "typing", "editing"))
            if self._since is None or (self.waiting and not self.editing):
                return done
            present = max(0.0, self._active_at + self._away_after - self._since)
            return done + min(max(0.0, now - self._since), present)

    def take(self, now: float) -> Effort:
        """What was spent since the last take."""
        self._credit(now, "reading")
        since = {kind: self._spent[kind] - self._taken[kind] for kind in self._spent}
        self._taken = dict(self._spent)
        return Effort(**since)

    def put_back(self, taken: Effort) -> None:
        """Seconds that were taken and credited to nothing after all: the next `take` has them again."""
        with self._crediting:
            for kind in self._taken:
                self._taken[kind] -= getattr(taken, kind)

    def _credit(self, now: float, kind: Kind, *, typed: bool = False) -> None:
        with self._crediting:
            self._credit_alone(now, kind, typed)

    def _credit_alone(self, now: float, kind: Kind, typed: bool) -> None:
        if self._since is None:
            return
        gap, self._since = max(0.0, now - self._since), now
        if self.editing:
            kind = "editing"
        elif self.waiting and not (typed and kind == "typing"):
            self._spent["waiting"] += gap
            return
        present = min(gap, max(0.0, self._active_at + self._away_after - (now - gap)))
        self._spent[kind] += present
        self._spent["away"] += gap - present
