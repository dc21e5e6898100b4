"""Screens that open without a request: keys typed just before are not taken as answers to them."""

from __future__ import annotations

import time

from textual.events import Key
from textual.screen import Screen, ScreenResultType

PAUSE = 1.0
"""Seconds without a key, since the screen came and since the last key, after which a key is meant for it."""


class Unasked(Screen[ScreenResultType]):
    """A screen that opens without being asked for, while a person may be typing.

    Function keys, Esc and keys with Ctrl or Alt always work. Letters, Enter and what else one types words with are
    kept from it until there was a pause; from the first one after a pause on, all of them are meant for it.
    """

    _quiet_since: float | None = None
    _meant = False

    def takes(self, event: Key) -> bool:
        """Whether this key is for the screen. Called for every key, in order."""
        if not is_typing(event) or self._meant:
            return True
        since = self._quiet_since
        self._quiet_since = event.time
        self._meant = since is not None and event.time - since >= PAUSE
        return self._meant

    def on_screen_resume(self) -> None:
        """The screen is on top: the pause begins once it has been painted."""
        self._meant, self._quiet_since = False, None
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if self._quiet_since is None:
            self._quiet_since = time.monotonic()


def is_typing(event: Key) -> bool:
    """A key that one writes words with."""
    return event.is_printable or event.key in ("enter", "backspace", "delete", "tab", "ctrl+j", "alt+enter")
