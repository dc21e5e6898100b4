"""Reasons why an action is not available now, shown in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Key

from assistant.tui.screen_state import Phase, View

if TYPE_CHECKING:
    from assistant.tui.screens.session.screen import SessionScreen


_NEEDS_PROGRAM = ("edit", "edit_outside", "scratch", "diff", "insert_line")
_AFTER_END = {
    "edit": "the code cannot be edited any more; F7 copies it, Ctrl+S saves it",
    "edit_outside": "the code cannot be edited any more; F7 copies it, Ctrl+S saves it",
    "remove_test": "its tests stay as they are",
    "scratch": "no call can be tried any more",
    "branch": "no branch can go out from it any more; open the problem again for a new session",
    "send": "no more words can be sent; open the problem again for a new session",
    "again": "the model cannot be asked again",
    "give_up": "there is nothing to give up",
}


_EXPLAINED = {*_AFTER_END, *_NEEDS_PROGRAM, "insert_case", "kinds"}


def refusal(action: str, phase: Phase, view: View, *, may_branch: bool = True) -> str:
    """Why an action that is not possible now is not, in one line for the person who pressed its key."""
    if phase is Phase.ENDED:
        return f"this session has ended: {_AFTER_END.get(action, 'this cannot be done any more')}"
    if phase.working:
        return f"{phase.value}: wait for your turn, or press Esc to stop the model"
    if action == "branch" and not may_branch:
        return "this study goes on from the last program only: no branches"
    if action == "branch" and view.program is None:
        return "look back at a round first (Alt+Left), then branch from it"
    if action == "give_up":
        return "Esc leaves the look back; then the session can be given up"
    if action == "diff":
        return "there is no earlier program to compare this one with"
    if action == "again":
        return "there is nothing to repeat: the last answer is complete; say what is wrong with it"
    if action in _NEEDS_PROGRAM:
        return "there is no program yet; Ctrl+R asks the model again"
    return "this is not possible now"


def explain(screen: SessionScreen, event: Key) -> None:
    """Say why the action of this key is not possible now; keys of possible actions never come here."""
    bindings = screen._bindings.copy()
    bindings.apply_keymap(screen.app._keymap)
    for binding in bindings.key_to_bindings.get(event.key, ()):
        if binding.action in _EXPLAINED and not screen.check_action(binding.action, ()):
            branching = screen.state.settings.branching
            words = refusal(binding.action, screen.phase, screen.view, may_branch=branching)
            screen.notify(words, severity="warning")
            event.stop()
            return
