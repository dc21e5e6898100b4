"""Steps that take the points of one feedback one after the other: which one is due, and which is gone on with.

They are made (`Settings.point_by_point`) where feedback names several points and its answer does not pass every
visible test. Each is a further draw of its own kind (`GenerationStarted.point`), so that what comes of it is in no
curve of single answers. `session/points.py` makes them, and `assistant verify` holds journals to what stands here.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.feedback_points import feedback_points
from assistant.core.generation import Message
from assistant.core.session_state import Program, State


def point_steps(state: State, turn: int) -> tuple[Program, ...]:
    """The steps after the answers of this turn, in order."""
    return tuple(p for p in state.programs if p.draw_of == turn and p.point is not None)


def due_point(state: State) -> int | None:
    """The point, from 1, that the next step takes; None where none is due."""
    answer = _failing_answer(state)
    if answer is None:
        return None
    made = len(point_steps(state, answer.turn))
    return made + 1 if made < len(points_of(answer)) else None


def step_to_take(state: State) -> Program | None:
    """The step that the session goes on from by itself, once all are there; None where the answer stays.

    The best by visible tests, and of equal ones the last: it has heard every point.
    """
    answer = _failing_answer(state)
    if answer is None or due_point(state) is not None:
        return None
    steps = [p for p in point_steps(state, answer.turn) if p.code is not None and state.judged_by_all(p)]
    best = max(steps, key=lambda p: (_passes(p), p.turn), default=None)
    return best if best is not None and _passes(best) >= _passes(answer) else None


def points_of(answer: Program) -> tuple[str, ...]:
    """The points that an answer's feedback names, where it names several."""
    points = feedback_points(answer.feedback)
    return points if len(points) > 1 else ()


def _failing_answer(state: State) -> Program | None:
    """The answer to feedback of several points that steps may follow: neither right, nor chosen by the person.

    None where a step was stopped: the person, or the engine, wants no more of them.
    """
    answer, waits = state.current_program, state.pending_feedback is not None or state.ended is not None
    if answer is None or waits or not state.settings.point_by_point:
        return None
    if answer.arm != "human" or answer.edited or answer.given or answer.solved or not points_of(answer):
        return None
    last = state.last_turn
    fresh = last is not None and answer.turn in (last.turn, last.redraw_of) and _is_dialogue(last.messages)
    stopped = any(not step.complete for step in point_steps(state, answer.turn))
    judged = answer.code is None or state.judged_by_all(answer)
    return answer if fresh and judged and not stopped and state.chosen_turn != answer.turn else None


def _is_dialogue(messages: Sequence[Message]) -> bool:
    """Whether a prompt ends with the program spoken about, in a message of its own, and the feedback."""
    return [message.role for message in messages[-2:]] == ["assistant", "user"]


def _passes(program: Program) -> int:
    return program.visible.pass_count if program.visible is not None else -1
