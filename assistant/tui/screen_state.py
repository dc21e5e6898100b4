"""The phase of a session as the screen shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assistant.core.events import DRAW
from assistant.core.state import Program, State


class Phase(Enum):
    """Whose turn it is."""

    GETTING_READY = "the model is getting ready"
    STARTING = "starting"
    WRITING = "writing"
    TESTING = "running the tests"
    YOUR_TURN = "your turn"
    STOPPED = "stopped"
    QUESTIONS = "a few questions about this problem"
    ENDED = "ended"
    BROKEN = "the session could not be opened"

    @property
    def working(self) -> bool:
        """The person waits."""
        return self in (Phase.GETTING_READY, Phase.STARTING, Phase.WRITING, Phase.TESTING)


@dataclass(frozen=True)
class View:
    """Earlier program that is shown, if any."""

    program: str | None = None
    """A program looked back at."""
    base: str | None = None
    """A program that the shown one is compared with."""
    whole: bool = False
    """All that the model said, instead of the program alone."""


def phase_of(state: State, *, begun: bool, busy: bool, asked: bool = False) -> Phase:
    """The phase of a session; `begun` once it was handed to its thread, `busy` while a step runs.

    `asked` says that its end waits for answers to a study's questions.
    """
    if state.ended is not None and not busy:
        return Phase.ENDED
    if asked and not state.is_over:
        return Phase.QUESTIONS
    if not begun:
        return Phase.GETTING_READY
    if busy:
        if state.open_turn is not None or any(turn.arm == DRAW for turn in state.open_arms):
            return Phase.WRITING
        return Phase.TESTING if state.programs else Phase.STARTING
    if state.current_program is None or state.pending_feedback is not None:
        return Phase.STOPPED
    return Phase.YOUR_TURN


def shown_program(state: State, looked_at: str | None) -> Program | None:
    """The program to show: the one looked at, else a partial answer that came last, else the current one."""
    if looked_at is not None:
        return state.program(looked_at)
    latest = max(state.human_programs, key=lambda program: program.turn, default=None)
    if latest is not None and not latest.complete and waits_for_answer(state):
        return latest
    return state.current_program


def is_shown_beside(state: State, program_id: str) -> bool:
    """Whether this further draw is shown at once: the person asked for it, and it is there."""
    program = state.program(program_id)
    return program.complete and program.point is None


def waits_for_answer(state: State) -> bool:
    """No complete answer has come to what was last asked."""
    return state.current_program is None or state.pending_feedback is not None


def possible(
    action: str,
    phase: Phase,
    shown: Program | None,
    view: View,
    *,
    may_branch: bool = True,
    may_draw: bool = True,
) -> bool:
    """Whether an action of the working screen makes sense now; others are not offered."""
    your_turn = phase in (Phase.YOUR_TURN, Phase.STOPPED)
    match action:
        case "stop":
            return view != View() or phase in (Phase.WRITING, Phase.STARTING, Phase.ENDED)
        case "again":
            return phase in (Phase.STOPPED, Phase.BROKEN)
        case "edit" | "edit_outside" | "scratch" | "remove_test":
            return phase is Phase.YOUR_TURN
        case "diff":
            return shown is not None and shown.parent is not None and not phase.working
        case "branch":
            return view.program is not None and your_turn and may_branch
        case "give_up":
            return your_turn and view.program is None
        case "draw":
            return phase is Phase.YOUR_TURN and may_draw
        case "insert_case" | "insert_line" | "kinds":
            return phase is not Phase.ENDED
        case _:
            return True


_NEEDS_PROGRAM = ("draw", "edit", "edit_outside", "scratch", "diff", "insert_line")
_AFTER_END = {
    "edit": "the code cannot be edited any more; F7 copies it, Ctrl+S saves it",
    "edit_outside": "the code cannot be edited any more; F7 copies it, Ctrl+S saves it",
    "remove_test": "its tests stay as they are",
    "scratch": "no call can be tried any more",
    "branch": "no branch can go out from it any more; open the problem again for a new session",
    "draw": "no other answer can be drawn any more",
    "send": "no more words can be sent; open the problem again for a new session",
    "again": "the model cannot be asked again",
    "give_up": "there is nothing to give up",
}
EXPLAINED = {*_AFTER_END, *_NEEDS_PROGRAM, "insert_case", "kinds"}
"""Actions whose refusal is explained."""


def refusal(action: str, phase: Phase, view: View, *, may_branch: bool = True) -> str:
    """Why an action that is not possible now is not, in one line for the person who pressed its key."""
    if phase is Phase.ENDED:
        return f"this session has ended: {_AFTER_END.get(action, 'this cannot be done any more')}"
    if phase.working:
        return f"{phase.value}: wait for your turn, or press Esc to stop the model"
    if phase is Phase.QUESTIONS:
        return f"{phase.value} come first: the session is over"
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
    if action == "draw" and phase is Phase.YOUR_TURN:
        return "in a study each round has its own answers only: no other one can be drawn"
    if action in _NEEDS_PROGRAM:
        return "there is no program yet; Ctrl+R asks the model again"
    return "this is not possible now"
