"""Keys, pastes and clicks take effect in the order in which they came.

Textual looks at the app's and the screen's own keys at once, while letters wait in the queue of the widget that
has the focus: Enter would send a text whose last letters are not in it yet, and letters typed after a key that moves
the focus or opens a screen would go to the wrong place. Here, whatever is no letter for a text field waits until all
that was typed before has been taken in, and what is typed after it waits until its effects have come to rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual.events import AppBlur, AppFocus, Event, InputEvent, Key, MouseDown, MouseEvent, MouseUp, Paste
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea

from assistant.session.feedback_validation import is_text

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen
    from textual.widget import Widget

LONGEST = 10.0
"""Seconds to wait for one widget. Longer than anything takes that is not stuck: a stuck widget must not hold keys."""
QUIET = 2
"""Rounds through the widgets, one after the other, in which none had anything to do, until all has come to rest."""
MOST_ROUNDS = 100


class InputQueue:
    """The app's input, one after the other. `deliver` gives one to the app, as Textual would have."""

    def __init__(self, app: App[Any], deliver: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._waiting: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._unsettled = False
        """Letters have been given to a widget and perhaps not been taken in yet."""

    @staticmethod
    def takes(event: Event) -> bool:
        """Whether an event is input whose order matters."""
        return isinstance(event, InputEvent | Paste | AppFocus | AppBlur) and not event.is_forwarded

    async def put(self, event: Event) -> None:
        """Take an event after those that wait. To be called by the app's own task."""
        if self._task is None and self._is_text(event):
            await self._give(event)
        else:
            self._waiting.append(event)
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="input queue")

    @property
    def empty(self) -> bool:
        """Every event has been given to the app and has come to rest."""
        return self._task is None

    def close(self) -> None:
        """Give up what waits."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._take(self._waiting.popleft())
        finally:
            self._task = None

    async def _take(self, event: Event) -> None:
        alone = not self._is_text(event) and not _only_moves(event)
        if alone and self._unsettled:
            await self._settle()
        given = asyncio.Event()

        async def give() -> None:
            try:
                await self._give(event)
            finally:
                given.set()

        self._app.call_later(give)
        await _within(given)
        if alone:
            await self._settle()

    async def _give(self, event: Event) -> None:
        self._unsettled = True
        await self._deliver(event)

    def _is_text(self, event: Event) -> bool:
        """A letter for the text field that has the focus: it changes nothing but that field."""
        if not isinstance(event, Key):
            return _only_moves(event)
        field = isinstance(self._app.focused, Input | TextArea)
        return field and event.is_printable and not self._is_command(event.key)

    def _is_command(self, key: str) -> bool:
        """Whether an action takes this key before the focused widget sees it (a person may choose any key)."""
        chain = self._app.screen._binding_chain
        return any(binding.priority for _, keys in chain for binding in keys.key_to_bindings.get(key, ()))

    async def _settle(self) -> None:
        """Wait until every widget that input can reach has nothing left to do."""
        quiet = 0
        for _ in range(MOST_ROUNDS):
            pumps = self._pumps()
            busy = any(pump.message_queue_size for pump in pumps)
            for pump in pumps:
                await _reached(pump)
            quiet = 0 if busy or self._pumps() != pumps else quiet + 1
            if quiet == QUIET:
                break
        self._unsettled = False

    def _pumps(self) -> list[MessagePump]:
        """The focused widget, those around it, the screen and the app, from the inside out: the way of a message."""
        if not self._app.screen_stack:
            return [self._app]
        screen = self._app.screen
        focused = screen.focused
        return [*(focused.ancestors_with_self if focused is not None else [screen, self._app])]


def as_text(event: Event) -> Event:
    """A typed character that Textual takes for none (a wide space, a joiner) as the text that it is."""
    if isinstance(event, Key) and event.character and len(event.character) == 1:
        character = event.character
        if is_text(character) and not character.isprintable() and character not in "\n\t":
            return Paste(character)
    return event


def direct_typing(screen: Screen[Any], event: Event) -> None:
    """Text that is typed or pasted while a pane has the focus goes to the screen's `typing_field`.

    Letters, digits and spaces are always text there; other characters are, where they are no key of an action.
    """
    field: Widget | None = getattr(screen, "typing_field", None)
    if field is None or isinstance(screen.focused, Input | TextArea):
        return
    if isinstance(event, Paste) or (isinstance(event, Key) and _is_typed(screen, event)):
        screen.set_focus(field)


def _is_typed(screen: Screen[Any], event: Key) -> bool:
    character = event.character or ""
    if not event.is_printable:
        return False
    bound = any(event.key in keys.key_to_bindings for _, keys in screen._binding_chain)
    return character.isalnum() or character == " " or not bound


def _only_moves(event: Event) -> bool:
    """A mouse that moves or scrolls."""
    return isinstance(event, MouseEvent) and not isinstance(event, MouseDown | MouseUp)


async def _reached(pump: MessagePump) -> None:
    """Wait until `pump` has done all that was in its queue."""
    reached = asyncio.Event()
    if pump.call_later(reached.set):
        await _within(reached)


async def _within(happened: asyncio.Event) -> None:
    """Wait for an event, but not for ever."""
    late = asyncio.get_running_loop().call_later(LONGEST, happened.set)
    await happened.wait()
    late.cancel()
