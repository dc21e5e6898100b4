"""An answer without a program is drawn once more in the same round, before that round is used up.

The same prompt goes out again at a temperature, since a greedy model would repeat itself. Control arms do the same
(see `arms`), so that the person's answers have no draw that the controls lack. `Settings.redraw` asks for it.
"""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.generation import Sampling
from assistant.core.state import State
from assistant.session.dialogue import turn_sampling

TEMPERATURE = 0.8
"""A second draw has at least this temperature."""


def is_wanted(state: State) -> bool:
    """Whether the answer on the table holds no program and was not drawn a second time yet."""
    table, last = state.current_program, state.last_turn
    if not state.settings.redraw or state.pending_feedback is not None or state.ended is not None:
        return False
    if table is None or last is None or table.turn != last.turn or last.redraw_of is not None:
        return False
    answers = [program for program in state.programs if program.turn == last.turn]
    drawn_again = any(program.redraw_of == last.turn for program in state.programs)
    return not drawn_again and all(program.complete and program.code is None for program in answers)


def turn_of(state: State, number: int) -> ev.GenerationStarted:
    """The second draw of the last turn's prompt, as turn `number`."""
    last = state.last_turn
    assert last is not None
    sampling = hotter(turn_sampling(state.settings, state.draws))
    return last.model_copy(update={"turn": number, "sampling": sampling, "redraw_of": last.turn})


def hotter(sampling: Sampling) -> Sampling:
    """The same sampling at the temperature of a second draw."""
    return sampling.model_copy(update={"temperature": max(TEMPERATURE, sampling.temperature)})
