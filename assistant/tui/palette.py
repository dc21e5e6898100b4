"""The command palette: the registry's actions, as far as they are possible on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen

from assistant.tui.actions import ACTIONS, Action
from assistant.tui.themes import THEMES

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


def places_of(screen: Screen[Any]) -> Sequence[str]:
    """The places of the registry that a screen shows, its own first."""
    return (*getattr(screen, "PLACES", ()), "app")


def commands_of(app: AppContext, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Every action that is possible now, and the themes."""
    for place in places_of(screen):
        owner = _owner(app, screen, place)
        for action in ACTIONS:
            if action.where == place and owner is not None and _possible(owner, action):
                yield SystemCommand(action.title, action.help, partial(_run, app, owner, action))
    for theme in THEMES:
        yield SystemCommand(f"Theme: {theme.name}", "Colours of the app", partial(_theme, app, theme.name))


def _owner(app: AppContext, screen: Screen[Any], place: str) -> DOMNode | None:
    if place == "app":
        return app
    if place == "feedback":
        from assistant.tui.widgets.feedback_box import FeedbackBox

        return screen.query_one(FeedbackBox)
    if place == "editor":
        from assistant.tui.widgets.code_editor import CodeEditor

        editor = screen.query_one(CodeEditor)
        return editor if editor.display else None
    return screen


def _possible(owner: DOMNode, action: Action) -> bool:
    if action.id == "command_palette":
        return False
    return bool(owner.check_action(action.command or action.id, ()))


async def _run(app: AppContext, owner: DOMNode, action: Action) -> None:
    await app.run_action(action.command or action.id, owner)


def _theme(app: AppContext, name: str) -> None:
    from assistant.settings.preferences import save_preference

    save_preference("theme", name)
    app.preference_changed("theme", name)
