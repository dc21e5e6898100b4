"""Control arms: from the very state in which a person's words were used, what would have come without them?

For each feedback, an arm asks the model again from the same dialogue with other last words (`retry`, `tests`,
`shuffled`), or for another answer to the same prompt with no new turn (`resample`). An arm's events are written
together when it is complete, so that giving way to the person leaves nothing half-made behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.domain import events as ev
from assistant.domain.answer import extract_code
from assistant.domain.errors import UsageError
from assistant.domain.generation import Cancel, Engine, Finish, ModelInfo, NeverCancelled, Request, Sampling
from assistant.domain.outcome import Report
from assistant.domain.state import Program, State, program_id
from assistant.domain.submission import Sandbox, Submission
from assistant.session import dialogue, prompts
from assistant.session.shuffled import choose_words

CONTROL_ARMS: tuple[ev.Arm, ...] = ("retry", "tests", "resample", "shuffled")
RESAMPLE_TEMPERATURE = 0.8
"""A greedy model answers the same prompt the same way: there, `resample` draws at this temperature."""

Record = Callable[[Sequence[ev.Event]], None]


@dataclass(frozen=True)
class ArmTask:
    """One control to be made: the person's words about `parent` led to `round`; what would `arm` have led to?"""

    arm: ev.Arm
    parent: str
    round: int


def parse_arms(words: str) -> tuple[ev.Arm, ...]:
    """`retry,tests` or `all` or `none` as arms. Raises UsageError."""
    if words in ("all", "none"):
        return CONTROL_ARMS if words == "all" else ()
    names = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [name for name in names if name not in CONTROL_ARMS]
    if unknown:
        raise UsageError(
            f"there is no control arm `{unknown[0]}`; known: {', '.join(CONTROL_ARMS)}, all, none"
        )
    return tuple(arm for arm in CONTROL_ARMS if arm in names)


def missing_arms(state: State, arms: Sequence[ev.Arm]) -> list[ArmTask]:
    """The controls that the person's feedbacks call for and that no complete program answers yet."""
    made = {(p.arm, p.parent, p.round) for p in state.programs if p.arm != "human" and p.complete}
    spoken = [(p.parent, p.round) for p in state.human_programs if p.feedback and p.parent and p.complete]
    states = list(dict.fromkeys(spoken))
    return [
        ArmTask(arm, parent, round_)
        for parent, round_ in states
        for arm in arms
        if (arm, parent, round_) not in made and _applies(state, arm, parent)
    ]


def _applies(state: State, arm: ev.Arm, parent: str) -> bool:
    """`tests` needs a case that fails."""
    return arm != "tests" or bool(prompts.failing_cases(state.program(parent).visible))


def run_arm(
    state: State, task: ArmTask, engine: Engine, sandbox: Sandbox, cancel: Cancel = NeverCancelled()
) -> list[ev.Event] | None:
    """Generate and test one control. Its events, or None when it was cancelled or the model failed."""
    model = engine.prepare()
    prompt = arm_prompt(state, task, model)
    started = ev.GenerationStarted(
        turn=-1,
        arm=task.arm,
        round=task.round,
        parent=task.parent,
        messages=prompt.messages,
        sampling=arm_sampling(state, task),
        samples=state.settings.samples,
        raw=prompt.raw,
        stop=prompt.stop,
        template_sha256=state.settings.prompt.template_sha256,
    )
    request = Request(
        messages=prompt.messages,
        sampling=started.sampling,
        samples=started.samples,
        raw=prompt.raw,
        stop=prompt.stop,
        conversation=f"{state.session}/arms",
    )
    finishes = [piece for piece in engine.generate(request, cancel) if isinstance(piece, Finish)]
    if cancel.is_set() or any(finish.reason in ("cancelled", "error") for finish in finishes):
        return None
    events: list[ev.Event] = [started]
    for finish in finishes:
        events += _judged(state, started, finish, sandbox)
    return events


def numbered(events: Sequence[ev.Event], turn: int) -> Iterator[ev.Event]:
    """The same events under the turn number that the session has for them at the moment of writing."""
    for event in events:
        update: dict[str, object] = {"turn": turn}
        if isinstance(event, ev.GenerationFinished | ev.TestsFinished | ev.HiddenScored):
            sample = int(event.program.rpartition("s")[2])
            update["program"] = program_id(turn, sample)
        yield event.model_copy(update=update)


def arm_prompt(
    state: State, task: ArmTask, model: ModelInfo, others: tuple[tuple[str, str], ...] = ()
) -> prompts.Prompt:
    """What is sent for a control: the person's dialogue, with other last words or with none.

    `others` are (problem id, words) from which `shuffled` takes its own; the stock where there are none.
    """
    template = prompts.load_template(state.settings.prompt.template, is_chat=model.is_chat)
    path = state.path(task.parent)
    if task.arm == "resample":
        generated = _generated_part(path)
        words = [program.feedback for program in generated[1:]]
        return dialogue.prompt_for(state, template, generated[:-1], words)
    return dialogue.prompt_for(
        state,
        template,
        path,
        [*(p.feedback for p in path[1:]), _last_words(state, task, template, path[-1], others)],
        spoken_last=True,
    )


def _last_words(
    state: State,
    task: ArmTask,
    template: prompts.Template,
    parent: Program,
    others: tuple[tuple[str, str], ...],
) -> str:
    """What the arm says in the person's place, in the frame that the person's words had."""
    first, failing = dialogue.first_words(state, template), prompts.failing_cases(parent.visible)
    if task.arm == "shuffled":
        cases = failing if state.settings.prompt.failing_cases else ()
        return prompts.feedback_words(template, choose_words(state, parent, others), cases, first)
    return prompts.control_words(template, task.arm, failing, task=first)


def arm_sampling(state: State, task: ArmTask) -> Sampling:
    """The session's sampling under a seed that the state and the arm decide, whenever it is made."""
    name = f"{state.session} {task.arm} {task.parent} {task.round}"
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    sampling = state.settings.sampling.model_copy(update={"seed": seed})
    if task.arm == "resample" and sampling.temperature == 0:
        return sampling.model_copy(update={"temperature": RESAMPLE_TEMPERATURE})
    return sampling


def _generated_part(path: tuple[Program, ...]) -> tuple[Program, ...]:
    """The path up to its last generated program: an edit at its end was never prompted for."""
    last = max(index for index, program in enumerate(path) if not program.edited)
    return path[: last + 1]


def _judged(
    state: State, started: ev.GenerationStarted, finish: Finish, sandbox: Sandbox
) -> Iterator[ev.Event]:
    assert state.problem is not None
    answer = extract_code(finish.text, state.problem.entry_point)
    name = program_id(0, finish.sample)
    at = {"turn": started.turn, "arm": started.arm, "round": started.round, "program": name}
    yield ev.GenerationFinished.model_validate(
        {**at, "finish": finish, "code": answer.code, "answer_problem": answer.problem}
    )
    if answer.code is None:
        return
    digest = hashlib.sha256(answer.code.encode("utf-8", "surrogatepass")).hexdigest()
    visible = state.problem.model_copy(update={"visible_tests": state.visible_tests()})
    report: Report = sandbox.run(Submission.of(visible, answer.code))
    yield ev.TestsFinished.model_validate({**at, "code_sha256": digest, "visible": report})
    if state.problem.hidden_tests:
        hidden = sandbox.run(Submission.of(state.problem, answer.code, hidden=True))
        yield ev.HiddenScored.model_validate({**at, "hidden": hidden})
