"""The options of a session, as the command line gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.cli import options as o

if TYPE_CHECKING:
    from assistant.core.events import Settings
    from assistant.problems.own_function import OwnWork


@dataclass(frozen=True)
class RunOptions(o.EngineOptions, o.ProblemOptions):
    """Options of a session; None where nothing was said, so that preferences apply. In the order of `--help`."""

    rounds: o.Rounds = 4
    samples: o.Samples = 1
    draws: o.Draws = None
    point_by_point: o.PointByPoint = None
    temperature: o.Temperature = 0.0
    seed: o.Seed = 0
    max_tokens: o.MaxTokens = 640
    thinking_tokens: o.ThinkingTokens = None
    tests_in_prompt: o.TestsInPrompt = None
    failing_cases: o.FailingCases = None
    drop_rounds: o.DropRounds = True
    template: o.Template = None
    sessions: o.WrittenSessions = None
    annotator: o.Annotator = None
    author: o.Author = None
    """Who speaks, as said: `person`, `model` or `model:NAME`."""
    study: o.Study = None
    arms: o.Arms = None
    alone: o.Alone = False
    plain: o.Plain = False
    json_events: o.JsonEvents = False
    unsafe_run: o.UnsafeRun = False
    own_engine: o.OwnEngine = False
    resume: str | None = None
    """The session to go on with: an argument of `assistant resume`."""
    own: OwnWork | None = None
    """The function of `assistant fix`."""
    given: frozenset[str] = frozenset()
    """Names of the options that stand on the command line."""

    def settings(self) -> Settings:
        """What the session's header will say was asked."""
        from assistant.core.events import ALONE, PromptSettings, Settings
        from assistant.core.generation import Sampling
        from assistant.session.arms.build import parse_arms

        if self.alone:
            return ALONE
        default = PromptSettings()
        return Settings(
            rounds=self.rounds,
            arms=None if self.arms is None else parse_arms(self.arms),
            redraw=True,
            redraw_unchanged=True,
            unchanged_uses_round=False,
            continue_after_end=True,
            point_by_point=_preferred_steps() if self.point_by_point is None else self.point_by_point,
            samples=self.samples,
            draws=_preferred_draws() if self.draws is None else self.draws,
            sampling=Sampling(
                temperature=self.temperature,
                seed=self.seed,
                max_new_tokens=self.max_tokens,
                thinking_tokens=self.thinking_tokens,
            ),
            prompt=PromptSettings(
                template=self.template or default.template,
                visible_tests=self.tests_in_prompt,
                failing_cases=default.failing_cases if self.failing_cases is None else self.failing_cases,
                overflow="drop" if self.drop_rounds else "refuse",
            ),
        )


def _preferred_draws() -> int | None:
    """Further draws as the settings say; None where they leave it to the app."""
    from assistant.settings.preferences import load_preferences

    chosen = load_preferences().draws
    return None if chosen == "auto" else chosen


def _preferred_steps() -> bool | None:
    """Whether points are taken one by one, as the settings say; None where they leave it to the app."""
    from assistant.settings.preferences import load_preferences

    chosen = load_preferences().point_by_point
    return None if chosen == "auto" else chosen
