"""From a session's state to what is sent to the model."""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.generation import ModelInfo, Request, Sampling
from assistant.core.state import Program, State
from assistant.session import prompting


def human_prompt(state: State, model: ModelInfo, dropped: int = 0) -> prompting.Prompt:
    """The person's dialogue up to the current program, with their pending feedback as the last turn."""
    if state.pending_feedback is not None:
        return prompt_after(state, model, state.pending_feedback.text, dropped)
    template = prompting.load_template(state.settings.prompt.template, is_chat=model.is_chat)
    return prompting.fitted(prompt_for(state, template, (), [], dropped), model)


def prompt_after(state: State, model: ModelInfo, feedback: str, dropped: int = 0) -> prompting.Prompt:
    """The person's dialogue up to the current program, with `feedback` as the last turn."""
    template = prompting.load_template(state.settings.prompt.template, is_chat=model.is_chat)
    path = state.path(state.current)
    turns = [*(program.feedback for program in path[1:]), feedback]
    return prompting.fitted(prompt_for(state, template, path, turns, dropped), model)


def prompt_for(
    state: State,
    template: prompting.Template,
    path: tuple[Program, ...],
    turns: list[str],
    dropped: int = 0,
    *,
    verbatim_last: bool = False,
) -> prompting.Prompt:
    """The dialogue along `path`, where `turns[i]` is the feedback on `path[i]`.

    An edit replaces the answer it changes: it has the same round and no feedback of its own. With `verbatim_last`
    the last turn is used as it is (a control's), not rendered as a person's feedback.
    """
    assert state.problem is not None
    first = first_turn(state, template)
    steps = [
        prompting.Step(
            prompting.answer_turn(template, program),
            turn
            if verbatim_last and index == len(path) - 1
            else _user_turn(state, template, program, turn, first),
        )
        for index, (program, turn) in enumerate(zip(path, turns, strict=True))
        if turn
    ]
    return prompting.build(template, first, steps, dropped, entry_point=state.problem.entry_point)


def first_turn(state: State, template: prompting.Template) -> str:
    """The first user turn: the task with the tests that the settings show."""
    assert state.problem is not None
    tests = prompting.shown_tests(state.settings.prompt, state.visible_tests())
    return prompting.task_turn(template, state.problem, tests)


def next_turn(state: State, model: ModelInfo, dropped: int, number: int) -> ev.GenerationStarted:
    """The next request to the model, as turn `number`, without the `dropped` oldest rounds."""
    prompt, settings = human_prompt(state, model, dropped), state.settings
    return ev.GenerationStarted(
        turn=number,
        round=state.round + (1 if state.pending_feedback else 0),
        parent=state.current,
        messages=prompt.messages,
        sampling=turn_sampling(settings, state.draws),
        samples=settings.samples,
        raw=prompt.raw,
        stop=prompt.stop,
        until_program=prompt.until_program,
        template_sha256=settings.prompt.template_sha256,
        dropped_rounds=dropped,
    )


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


def turn_sampling(settings: ev.Settings, draws: int) -> Sampling:
    """Every turn draws with a seed of its own: the session's, and how many turns were drawn before (`State.draws`).

    A turn that a crash cut off is drawn again under the same seed.
    """
    return settings.sampling.model_copy(update={"seed": settings.sampling.seed + 1000 * draws})


def can_drop(state: State, dropped: int) -> bool:
    """Whether one more of the oldest rounds may be left out of a full context."""
    steps = sum(1 for program in state.path(state.current) if program.feedback)
    return state.settings.prompt.overflow == "drop" and dropped < steps


def _user_turn(state: State, template: prompting.Template, program: Program, feedback: str, task: str) -> str:
    failing = prompting.failing_cases(program.visible) if state.settings.prompt.failing_cases else ()
    return prompting.feedback_turn(template, feedback, failing, task)
