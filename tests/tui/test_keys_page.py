"""The page of keys names every key that works, and no action hangs on a key that terminals or browsers keep."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from assistant.tui.actions import ACTIONS, FIXED_KEYS, PLACES
from assistant.tui.screens.problems import LibraryScreen
from assistant.tui.screens.sessions import SessionsScreen
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.timeline import Timeline
from assistant.tui.widgets.verdict_table import VerdictTable
from assistant.tui.widgets.virtual_list import VirtualList

KEPT_ELSEWHERE = {"ctrl+b", "ctrl+l", "ctrl+t", "ctrl+n", "ctrl+w", "f11", "f12"}
SHOWN_IN = {
    LibraryScreen: {"library", "panes"},
    SessionsScreen: {"sessions", "panes"},
    **{owner: {"panes"} for owner in (VirtualList, Timeline, Checklist, VerdictTable)},
}


def keys_in(places: set[str]) -> set[str]:
    found = [action.keys for action in (*ACTIONS, *FIXED_KEYS) if action.where in places]
    return {key for keys in found for key in keys.split(",")}


@pytest.mark.parametrize("owner", SHOWN_IN)
def test_every_binding_is_on_the_page(owner: type) -> None:
    bound = {
        key for binding in owner.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")
    }
    assert bound <= keys_in(SHOWN_IN[owner])


def test_every_action_has_a_key_that_reaches_the_app() -> None:
    for action in ACTIONS:
        assert action.keys.partition(",")[0] not in KEPT_ELSEWHERE, action.title
        assert action.where in PLACES
