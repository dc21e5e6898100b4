"""Further draws: more answers to a prompt of the dialogue, offered to the person and never put in place of one.

While the person reads, the idle engine draws `Settings.draws` answers to the prompt of the current program, in
one batch and at a temperature (`arms/background.py`). `commands.DrawAnother` draws one in the foreground. A draw
belongs to the dialogue only once the person goes on from it (`commands.ChooseProgram`).
"""

from __future__ import annotations

from collections.abc import Container

import psutil  # type: ignore[import-untyped]

from assistant.core import events as ev
from assistant.core.control_arms import control_seed
from assistant.core.generation import ModelInfo
from assistant.core.state import Program, State
from assistant.session import evaluation, turns

ON_CPU, ON_GPU = 3, 8
"""Further draws where nothing was said: a step of eight tokens costs about twice one of one token."""


def draws_for(settings: ev.Settings, model: ModelInfo, interface: ev.Interface, *, study: bool) -> int:
    """Further draws of each answer: none in a study, else what was asked for.

    Where nothing was said: some in the app, where this program runs the model itself, so that a batch costs little.
    """
    if study:
        return 0
    if settings.draws is not None:
        return settings.draws
    if interface not in ("app", "browser") or model.engine != "transformers":
        return 0
    return ON_GPU if model.device.startswith(("cuda", "mps")) else ON_CPU


def on_battery() -> bool:
    """Whether the machine runs on its battery now."""
    sensors = getattr(psutil, "sensors_battery", None)  # not on every system
    try:
        battery = sensors() if sensors is not None else None
    except (OSError, psutil.Error):
        return False
    return battery is not None and battery.power_plugged is False


def missing_draws(state: State) -> int | None:
    """The turn whose prompt is to be drawn again while the person reads; None beside a solution or an edit."""
    table = state.current_program
    if not state.settings.draws or state.ended is not None or state.pending_feedback is not None:
        return None
    if table is None or table.edited or table.solved or (table.code is not None and table.visible is None):
        return None
    asked = _asked(state)
    return None if asked is None or _made(state, asked.turn) else asked.turn


def _made(state: State, turn: int) -> bool:
    """Whether a whole batch is there; one that a crash cut off while it was written is made again."""
    batches: dict[int, int] = {}
    for program in state.programs:
        if program.draw_of == turn and program.point is None and evaluation.is_judged(state, program):
            batches[program.turn] = batches.get(program.turn, 0) + 1
    return max(batches.values(), default=0) >= (state.settings.draws or 0)


def further_draw(state: State, number: int, samples: int) -> ev.GenerationStarted | None:
    """`samples` further draws for the current program, as turn `number`; None where no prompt led to it.

    The seed follows from the state, so that a draw can be made again.
    """
    asked = _asked(state)
    if asked is None:
        return None
    seed = control_seed(state.session, ev.DRAW, asked.parent or "", asked.round)
    seed += 1000 * state.draws_of(asked.turn)
    sampling = turns.hotter(state.settings.sampling).model_copy(update={"seed": seed})
    update = {"turn": number, "arm": ev.DRAW, "sampling": sampling, "samples": samples}
    return asked.model_copy(update={**update, "redraw_of": None, "draw_of": asked.turn})


def _asked(state: State) -> ev.GenerationStarted | None:
    """The generation whose prompt led to the current program; before an edit, to the program edited."""
    program = state.current_program
    while program is not None and program.edited:
        program = state.program(program.parent) if program.parent else None
    turn = None if program is None else program.answers_turn
    return next((asked for asked in reversed(state.asked) if asked.turn == turn), None)


def draws_beside(state: State, program: Program | None) -> tuple[Program, ...]:
    """The complete further draws of the prompt that `program` answers, in order."""
    if program is None or program.edited:
        return ()
    return tuple(p for p in state.programs if p.draw_of == program.answers_turn and p.complete)


def unseen_draws(state: State, seen: Container[str]) -> list[Program]:
    """Further draws beside the current program that were not looked at, the best first."""
    beside = [p for p in draws_beside(state, state.current_program) if p.id not in seen and not p.chosen]
    return sorted(beside, key=lambda p: -passed(state, p))


def offered_draw(state: State, seen: Container[str]) -> Program | None:
    """The best further draw that was not looked at, where it passes more than the current program."""
    table = state.current_program
    if table is None or state.ended is not None:
        return None
    best = next(iter(unseen_draws(state, seen)), None)
    return best if best is not None and passed(state, best) > passed(state, table) else None


def passed(state: State, program: Program) -> int:
    """Visible tests that a program passes; -1 where it was not judged by those of now."""
    return program.visible.pass_count if program.visible and state.judged_by_all(program) else -1
