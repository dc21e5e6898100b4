"""Control arms: from the state in which a person gave feedback, what would the model have answered without it?

For each feedback, an arm asks the model again from the same dialogue with another last turn (`retry`, `tests`,
`shuffled`), or for another answer to the same prompt with no new turn (`resample`). Its first `Settings.samples`
answers stand against the person's. From the first answer's state `resample` draws as many more as the person has
rounds, in one batch, so that five tries without a person can be compared with five with one. An arm's events are
written together when it is complete, so that giving way to the person leaves nothing half-made behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from assistant.core import events as ev
from assistant.core.code_extraction import read_answer
from assistant.core.control_arms import RECORDED, control_arm, control_seed, parse_recorded
from assistant.core.generation import Cancel, Engine, Finish, ModelInfo, NeverCancelled, Sampling
from assistant.core.outcome import CaseReport
from assistant.core.state import Program, State, program_id
from assistant.core.submission import Sandbox
from assistant.session import evaluation, prompting, turns
from assistant.session.arms.shuffled import choose_feedback

CONTROL_ARMS = RECORDED
parse_arms = parse_recorded

Record = Callable[[Sequence[ev.Event]], None]


@dataclass(frozen=True)
class ArmTask:
    """One control to be made: the person's feedback on `parent` led to `round`; what would `arm` have led to?"""

    arm: str
    parent: str
    round: int

    def draw(self, state: State, engine: Engine, cancel: Cancel) -> Drawn | None:
        """Generate it; None when it was cancelled or the model failed."""
        return draw_arm(state, self, engine, cancel)


def missing_arms(state: State, arms: Sequence[ev.Arm]) -> list[ArmTask]:
    """The controls that the person's feedbacks call for and that no complete, judged turn answers yet."""
    state = state.of_experiment
    made = _made(state)
    spoken = [(p.parent, p.round) for p in state.human_programs if p.feedback and p.parent and p.complete]
    tasks = (ArmTask(arm, parent, round_) for parent, round_ in dict.fromkeys(spoken) for arm in arms)
    return [task for task in tasks if task not in made and _applies(state, task)]


def _made(state: State) -> set[ArmTask]:
    """Controls of which a whole turn is there: a crash while one is written leaves it to be made again."""
    unfinished = {turn.turn for turn in state.open_arms}
    turns: dict[int, list[Program]] = {}
    for program in state.programs:
        if program.arm != "human" and program.parent is not None and program.turn not in unfinished:
            turns.setdefault(program.turn, []).append(program)
    whole = {
        turn: made
        for turn, made in turns.items()
        if len(made) >= state.settings.samples
        and all(evaluation.is_judged(state, program) for program in made)
    }
    redrawn = {made[0].redraw_of for made in whole.values()}
    return {
        ArmTask(made[0].arm, made[0].parent or "", made[0].round)
        for turn, made in whole.items()
        if made[0].redraw_of is not None
        or turn in redrawn
        or not _second_samples(state, made[0].parent, [p.code for p in made])
    }


def _second_samples(state: State, parent: str | None, codes: Sequence[str | None]) -> int:
    """How many answers a control's second draw has, as the person's would; 0 where it is not drawn again.

    `codes` are the programs of the control's samples, in order; those that are compared decide.
    """
    return state.redraw_samples(parent, codes[: state.settings.samples], len(codes))


def _applies(state: State, task: ArmTask) -> bool:
    """`tests` needs a case that fails."""
    needs_case = control_arm(task.arm).needs_failing_case
    return not needs_case or bool(prompting.failing_cases(state.program(task.parent).visible))


def arm_samples(state: State, task: ArmTask) -> int:
    """How many answers the control draws: the session's number, and for tries without a person one for each round."""
    alone = control_arm(task.arm).tries_alone and not state.words(task.parent)
    return state.settings.samples * max(1, state.settings.rounds if alone else 1)


@dataclass(frozen=True)
class Drawn:
    """What the model gave for one control, not yet tested."""

    started: ev.GenerationStarted
    finishes: tuple[Finish, ...]
    again: Drawn | None = None
    """The second draw, where nothing new came of the first."""


def run_arm(
    state: State, task: ArmTask, engine: Engine, sandbox: Sandbox, cancel: Cancel = NeverCancelled()
) -> list[ev.Event] | None:
    """Generate and test one control. Its events, or None when it was cancelled or the model failed."""
    drawn = draw_arm(state, task, engine, cancel)
    return None if drawn is None else judge_arm(state, drawn, sandbox)


def draw_arm(state: State, task: ArmTask, engine: Engine, cancel: Cancel = NeverCancelled()) -> Drawn | None:
    """Generate one control; None when it was cancelled or the model failed. Only this needs the engine."""
    state = state.of_experiment
    started = ev.GenerationStarted(
        turn=-1,
        arm=cast(ev.Arm, task.arm),  # validated by the event
        round=task.round,
        parent=task.parent,
        sampling=arm_sampling(state, task),
        samples=arm_samples(state, task),
        template_sha256=state.settings.prompt.template_sha256,
        **turns.prompt_fields(arm_prompt(state, task, engine.prepare())),
    )
    finishes = finishes_of(state, started, engine, cancel)
    if finishes is None:
        return None
    assert state.problem is not None
    codes = [read_answer(finish, state.problem.entry_point).code for finish in finishes]
    samples = _second_samples(state, task.parent, codes)
    if not samples:
        return Drawn(started, finishes)
    hotter = turns.hotter(started.sampling).model_copy(update={"seed": started.sampling.seed + 1000})
    update = {"turn": -2, "redraw_of": -1, "sampling": hotter, "samples": samples}
    second = started.model_copy(update=update)
    more = finishes_of(state, second, engine, cancel)
    return None if more is None else Drawn(started, finishes, Drawn(second, more))


def finishes_of(
    state: State, started: ev.GenerationStarted, engine: Engine, cancel: Cancel
) -> tuple[Finish, ...] | None:
    """Every sample of one turn beside the dialogue; None when it was cancelled or the model failed."""
    request = turns.request_of(started, f"{state.session}/arms")
    finishes = [piece for piece in engine.generate(request, cancel) if isinstance(piece, Finish)]
    if cancel.is_set() or any(finish.reason in ("cancelled", "error") for finish in finishes):
        return None
    return tuple(sorted(finishes, key=lambda finish: finish.sample))


def judge_arm(state: State, drawn: Drawn, sandbox: Sandbox) -> list[ev.Event]:
    """Test what was drawn; the control's events, to be recorded together."""
    state = state.of_experiment
    events: list[ev.Event] = [drawn.started]
    for finish in drawn.finishes:
        answer = evaluation.finished(state, drawn.started, finish)
        program = Program(
            id=answer.program, turn=answer.turn, arm=answer.arm, round=answer.round, code=answer.code
        )
        events += [answer, *evaluation.verdicts(state, program, sandbox)]
    return events + (judge_arm(state, drawn.again, sandbox) if drawn.again is not None else [])


def numbered(events: Sequence[ev.Event], turn: int) -> Iterator[ev.Event]:
    """The same events under the turn numbers that the session has for them when they are written.

    Turn -1 becomes `turn`, the second draw -2 the one after it.
    """
    for event in events:
        number = turn - 1 - int(getattr(event, "turn", -1))
        update: dict[str, object] = {"turn": number}
        if getattr(event, "redraw_of", None) is not None:
            update["redraw_of"] = turn
        if isinstance(event, ev.GenerationFinished | ev.TestsFinished | ev.HiddenScored):
            sample = int(event.program.rpartition("s")[2])
            update["program"] = program_id(number, sample)
        yield event.model_copy(update=update)


def arm_prompt(
    state: State, task: ArmTask, model: ModelInfo, others: tuple[tuple[str, str], ...] = ()
) -> prompting.Prompt:
    """What is sent for a control: the person's dialogue, with another last turn or with none.

    `others` are (problem id, feedback) from which `shuffled` chooses; the built-in list where there are none.
    """
    template = prompting.load_template(state.settings.prompt.template, is_chat=model.is_chat)
    return prompting.build_prompt(state, model, _user_turn(state, task, template, others))


def _user_turn(
    state: State, task: ArmTask, template: prompting.Template, others: tuple[tuple[str, str], ...]
) -> prompting.UserTurn | None:
    """What the arm says in the person's place; without a turn of its own, what its parent was asked with."""
    path, speak = state.path(task.parent), control_arm(task.arm).prompt
    if speak is not None:
        text = speak(_LastTurn(state, template, path[-1], others))
        return prompting.UserTurn(task.parent, text, is_feedback=False)
    *before, asked = _generated_part(path)
    return prompting.UserTurn(before[-1].id, asked.feedback) if before else None


@dataclass(frozen=True)
class _LastTurn:
    """What an arm may say in the person's place (`control_arms.LastTurn`)."""

    state: State
    template: prompting.Template
    parent: Program
    others: tuple[tuple[str, str], ...]

    @property
    def task(self) -> str:
        return prompting.first_turn(self.state, self.template)

    @property
    def failing(self) -> tuple[CaseReport, ...]:
        return prompting.failing_cases(self.parent.visible)

    def from_template(self, name: str) -> str:
        cases = prompting.cases_text(self.template, self.failing)
        return self.template.render(name, task=self.task, cases=cases)

    def other_feedback(self) -> str:
        chosen = choose_feedback(self.state, self.parent, self.others)
        return prompting.person_turn(self.state, self.template, self.parent, chosen, self.task)


def arm_sampling(state: State, task: ArmTask) -> Sampling:
    """The session's sampling under a seed that the state and the arm decide, whenever it is made."""
    seed = control_seed(state.session, task.arm, task.parent, task.round)
    sampling = state.settings.sampling.model_copy(update={"seed": seed})
    return control_arm(task.arm).sampling(sampling)


def _generated_part(path: tuple[Program, ...]) -> tuple[Program, ...]:
    """The path up to its last generated program: an edit at its end was never prompted for."""
    last = max(index for index, program in enumerate(path) if not program.edited)
    return path[: last + 1]
