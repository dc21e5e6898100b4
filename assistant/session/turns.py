"""Turns of the model: the next one, a second draw of a prompt that gave nothing new, and the request of either.

An answer without a program (`Settings.redraw`), or with the program that the person spoke about
(`Settings.redraw_unchanged`), is drawn once more in the same round. The same prompt goes out again at a temperature,
since a greedy model would repeat itself. Control arms do the same (see `arms`), so that the person's answers have no
draw that the controls lack.
"""

from __future__ import annotations

from typing import Any

from assistant.core import events as ev
from assistant.core.control_arms import REDRAW_TEMPERATURE
from assistant.core.generation import ModelInfo, Request, Sampling
from assistant.core.state import State, replay
from assistant.session import prompting


def next_turn(state: State, model: ModelInfo, dropped: int, number: int) -> ev.GenerationStarted:
    """The next request to the model, as turn `number`, without the `dropped` oldest rounds."""
    return ev.GenerationStarted(
        turn=number,
        round=state.pending_feedback.round if state.pending_feedback else state.round,
        parent=state.current,
        sampling=turn_sampling(state.settings, state.draws),
        samples=state.settings.samples,
        template_sha256=state.settings.prompt.template_sha256,
        **prompt_fields(prompting.build_prompt(state, model, prompting.pending_turn(state), dropped)),
    )


def prompt_fields(prompt: prompting.Prompt) -> dict[str, Any]:
    """What a turn records of its prompt."""
    return {
        "messages": prompt.messages,
        "raw": prompt.raw,
        "stop": prompt.stop,
        "until_program": prompt.until_program,
        "dropped_rounds": prompt.dropped_rounds,
    }


def request_of(started: ev.GenerationStarted, conversation: str) -> Request:
    """The request to the engine, built of recorded values only, so that it can be repeated."""
    return Request(
        messages=started.messages,
        sampling=started.sampling,
        samples=started.samples,
        stop=started.stop,
        until_program=started.until_program,
        raw=started.raw,
        conversation=conversation,
    )


def conversation_of(started: ev.GenerationStarted, session: str) -> str:
    """The conversation whose cache a turn uses: what is made beside the dialogue leaves that one's alone."""
    own = started.arm == "human" or started.point is not None
    return session if own else f"{session}/arms"


def unsent_request(state: State, model: ModelInfo, text: str) -> Request | None:
    """The request that `text` would make if it were sent now; None where nothing could be sent."""
    if not text.strip() or state.current is None or state.ended is not None:
        return None
    prompt = prompting.build_prompt(state, model, prompting.UserTurn(state.current, text))
    return Request(messages=prompt.messages, raw=prompt.raw, conversation=state.session)


def first_request(started: ev.SessionStarted, conversation: str) -> Request | None:
    """The request with which a session of this header begins; None where it begins with a program."""
    state = replay([started])
    if state.settings.person_alone or started.problem.given:
        return None
    prompt = prompting.build_prompt(state, started.model, None)
    return Request(messages=prompt.messages, raw=prompt.raw, conversation=conversation)


def turn_sampling(settings: ev.Settings, draws: int) -> Sampling:
    """Every turn draws with a seed of its own: the session's, and how many turns were drawn before (`State.draws`).

    A turn that a crash cut off is drawn again under the same seed.
    """
    return settings.sampling.model_copy(update={"seed": settings.sampling.seed + 1000 * draws})


def can_drop(state: State, dropped: int) -> bool:
    """Whether one more of the oldest rounds may be left out of a full context."""
    steps = sum(1 for program in state.path(state.current) if program.feedback)
    return state.settings.prompt.overflow == "drop" and dropped < steps


def overflowed(state: State, turn: int) -> bool:
    """Whether the prompt of this turn did not fit into the model's context."""
    finishes = [program.finish for program in state.programs if program.turn == turn]
    return any(finish is not None and finish.overflow for finish in finishes)


def wants_redraw(state: State) -> bool:
    """Whether the current answer brought nothing new and was not drawn a second time yet."""
    table, last = state.current_program, state.last_turn
    if state.pending_feedback is not None or state.ended is not None:
        return False
    if table is None or last is None or table.turn != last.turn or last.redraw_of is not None:
        return False
    answers = [program for program in state.programs if program.turn == last.turn]
    drawn_again = any(program.redraw_of == last.turn for program in state.programs)
    return not drawn_again and all(program.complete for program in answers) and bool(_samples(state, last))


def second_draw(state: State, number: int) -> ev.GenerationStarted:
    """The second draw of the last turn's prompt, as turn `number`."""
    last = state.last_turn
    assert last is not None
    sampling = hotter(turn_sampling(state.settings, state.draws))
    update = {"turn": number, "sampling": sampling, "samples": _samples(state, last), "redraw_of": last.turn}
    return last.model_copy(update=update)


def _samples(state: State, first: ev.GenerationStarted) -> int:
    """How many answers the second draw of this turn has; 0 where there is none."""
    codes = [program.code for program in state.programs if program.turn == first.turn]
    return state.redraw_samples(first.parent, codes, first.samples)


def hotter(sampling: Sampling) -> Sampling:
    """The same sampling at the temperature of a second draw."""
    return sampling.model_copy(update={"temperature": max(REDRAW_TEMPERATURE, sampling.temperature)})
