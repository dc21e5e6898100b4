"""The jobs for each arm of each feedback state, under each prompt template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.bench.feedback.feedback_states import FeedbackState
from assistant.bench.feedback.stand_in_check import TextPair
from assistant.bench.jobs import Job
from assistant.core.control_arms import control_arm, control_arms
from assistant.core.errors import UsageError
from assistant.core.generation import ModelInfo, Sampling
from assistant.core.problem import FrozenModel
from assistant.core.state import State
from assistant.session import prompting
from assistant.session.arms.build import ArmTask, arm_prompt
from assistant.session.arms.shuffled import builtin_feedback

ARMS: tuple[str, ...] = ("human", *control_arms())
WITH_CASES = "+cases"


class Wording(FrozenModel):
    """A template, with or without the failing cases next to the person's feedback."""

    template: str
    failing_cases: bool = False

    @classmethod
    def parse(cls, text: str) -> Wording:
        """`paper` or `paper+cases`. Raises UsageError for a template that there is not."""
        name = text.removesuffix(WITH_CASES)
        prompting.load_template(name)
        return cls(template=name, failing_cases=text.endswith(WITH_CASES))

    @property
    def name(self) -> str:
        return self.template + (WITH_CASES if self.failing_cases else "")

    def group(self, arm: str) -> str:
        """`paper human`."""
        return f"{self.name} {arm}"


def parse_arms(text: str) -> tuple[str, ...]:
    """`human,retry` or `all`, in their usual order; `human` is always among them. Raises UsageError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = (*ARMS, "simulated")
    unknown = [name for name in names if name not in (*known, "all")]
    if unknown or not names:
        raise UsageError(f"there is no arm `{', '.join(unknown)}`; known: {', '.join(known)}, all")
    wanted = {"human", *names, *(ARMS if "all" in names else ())}
    every: tuple[str, ...] = (*ARMS, "simulated")
    return tuple(arm for arm in every if arm in wanted)


@dataclass(frozen=True)
class JobFactory:
    """Makes the jobs of all arms. `simulated` holds a model's feedback by row, for the arm of that name."""

    model: ModelInfo
    sampling: Sampling
    samples: int
    states: Sequence[FeedbackState]
    simulated: Mapping[str, str]

    def jobs(self, wordings: Sequence[Wording], arms: Sequence[str]) -> Iterator[Job]:
        """State by state, so that an interrupted run has all arms of the states it reached."""
        for item in self.states:
            for wording in wordings:
                for arm in arms:
                    if self._applies(item, arm):
                        yield self.job(item, wording, arm)

    def total(self, wordings: Sequence[Wording], arms: Sequence[str]) -> int:
        """Samples in all."""
        applying = sum(self._applies(item, arm) for item in self.states for arm in arms)
        return applying * len(wordings) * self.samples

    def job(self, item: FeedbackState, wording: Wording, arm: str) -> Job:
        """One arm of one state."""
        state = item.under(wording.template, wording.failing_cases)
        assert state.problem is not None
        return Job(
            group=wording.group(arm),
            row=item.row,
            problem=state.problem.model_copy(update={"visible_tests": state.visible_tests()}),
            prompt=self._prompt(state, item, arm),
            sampling=self._sampling(item, arm),
            samples=self.samples,
        )

    def texts(self) -> list[TextPair]:
        """What person and simulated person said, of the states about which both spoke."""
        both = [item for item in self.states if item.row in self.simulated]
        return [TextPair(item.words, self.simulated[item.row]) for item in both]

    def _applies(self, item: FeedbackState, arm: str) -> bool:
        if arm == "simulated" and item.row not in self.simulated:
            return False
        table = item.state.current_program
        return not (arm in ARMS[1:] and control_arm(arm).needs_failing_case) or bool(
            prompting.failing_cases(table.visible if table else None)
        )

    def _prompt(self, state: State, item: FeedbackState, arm: str) -> prompting.Prompt:
        spoken = state.pending_feedback
        assert spoken is not None
        if arm == "human":
            return prompting.build_prompt(state, self.model, prompting.pending_turn(state))
        if arm == "simulated":
            said = prompting.UserTurn(spoken.program, self.simulated[item.row])
            return prompting.build_prompt(state, self.model, said)
        return arm_prompt(state, ArmTask(arm, spoken.program, spoken.round), self.model, self._others(item))

    def _others(self, item: FeedbackState) -> tuple[tuple[str, str], ...]:
        """Feedback on other problems; the built-in list where all is on this one."""
        others = tuple((m.problem_id, m.words) for m in self.states)
        return others if any(about != item.problem_id for about, _ in others) else builtin_feedback()

    def _sampling(self, item: FeedbackState, arm: str) -> Sampling:
        """A greedy model that wrote the wrong program itself would write it again."""
        table = item.state.current_program
        own = table is not None and bool(table.text)
        return control_arm(arm).sampling(self.sampling) if own and arm in ARMS[1:] else self.sampling
