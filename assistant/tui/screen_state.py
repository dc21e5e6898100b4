"""The phase of a session as the screen shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assistant.core.state import Program, State


class Phase(Enum):
    """Whose turn it is."""

    GETTING_READY = "the model is getting ready"
    STARTING = "starting"
    WRITING = "writing"
    TESTING = "running the tests"
    YOUR_TURN = "your turn"
    STOPPED = "stopped"
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


def phase_of(state: State, *, begun: bool, busy: bool) -> Phase:
    """The phase of a session; `begun` once it was handed to its thread, `busy` while a step runs."""
    if state.ended is not None and not busy:
        return Phase.ENDED
    if not begun:
        return Phase.GETTING_READY
    if busy:
        if state.open_turn is not None:
            return Phase.WRITING
        return Phase.TESTING if state.programs else Phase.STARTING
    if state.current_program is None or state.pending_feedback is not None:
        return Phase.STOPPED
    return Phase.YOUR_TURN


def shown_program(state: State, looked_at: str | None) -> Program | None:
    """The program to show: the one looked at, else a partial answer that came last, else the one on the table."""
    if looked_at is not None:
        return state.program(looked_at)
    latest = max(state.human_programs, key=lambda program: program.turn, default=None)
    if latest is not None and not latest.complete and waits_for_answer(state):
        return latest
    return state.current_program


def waits_for_answer(state: State) -> bool:
    """No complete answer has come to what was last asked."""
    return state.current_program is None or state.pending_feedback is not None


def possible(
    action: str, phase: Phase, shown: Program | None, view: View, *, may_branch: bool = True
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
        case "insert_case" | "insert_line" | "kinds":
            return phase is not Phase.ENDED
        case _:
            return True
