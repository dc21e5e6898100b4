"""The steps that take the points of one feedback one after the other: their prompts, and what is left to do.

A small model that is told several changes at once makes few of them, one at a time nearly all. So each step shows the
model the program as it is by then in place of the one spoken about, with one point in place of all.
"""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.control_arms import control_seed
from assistant.core.generation import Message, ModelInfo
from assistant.core.point_steps import due_point, point_steps, points_of, step_to_take
from assistant.core.state import Program, State
from assistant.session import evaluation, prompting


def takes_points(settings: ev.Settings, model: ModelInfo, *, study: bool) -> bool:
    """Whether the session takes points one by one: never in a study, else as asked.

    Where nothing was said: with a model that this program runs itself; a scripted one has an answer for each round.
    """
    if study:
        return False
    return model.engine == "transformers" if settings.point_by_point is None else settings.point_by_point


def steps_left(state: State) -> bool:
    """Whether the steps of the current answer are not all made, judged and chosen from, as after a crash."""
    return due_point(state) is not None or step_to_take(state) is not None or bool(unjudged_steps(state))


def unjudged_steps(state: State) -> list[Program]:
    """Steps of the current answer whose tests a crash cut off."""
    answer = state.current_program
    steps = point_steps(state, answer.turn) if answer is not None else ()
    return [step for step in steps if step.complete and not evaluation.is_judged(state, step)]


def next_step(state: State, number: int) -> ev.GenerationStarted:
    """The step that is due, as turn `number`; its seed follows from the state, as that of a further draw."""
    answer, point = state.current_program, due_point(state)
    assert answer is not None and point is not None
    asked = next(asked for asked in reversed(state.asked) if asked.turn == answer.turn)
    seed = control_seed(state.session, ev.DRAW, asked.parent or "", asked.round)
    sampling = state.settings.sampling.model_copy(update={"seed": seed + 1000 * state.draws_of(answer.turn)})
    return asked.model_copy(
        update={
            "turn": number,
            "arm": ev.DRAW,
            "sampling": sampling,
            "samples": 1,
            "redraw_of": None,
            "draw_of": answer.turn,
            "point": point,
            "messages": _messages(state, asked, answer, point),
        }
    )


def _messages(state: State, asked: ev.GenerationStarted, answer: Program, point: int) -> tuple[Message, ...]:
    """The prompt of the answer, with the program as it is by now and one point in place of its last exchange."""
    template = prompting.load_template(state.settings.prompt.template)
    written = [step for step in point_steps(state, answer.turn) if step.code is not None]
    spoken_about = state.program(answer.parent or "")
    program = written[-1] if written else spoken_about
    first = prompting.first_turn(state, template)
    turn = prompting.person_turn(state, template, program, points_of(answer)[point - 1], first)
    exchange = (
        Message(role="assistant", content=prompting.answer_turn(template, program)),
        Message(role="user", content=turn),
    )
    return (*asked.messages[:-2], *exchange)
