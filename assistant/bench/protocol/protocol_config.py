"""What is asked of a protocol run: the problems, the tests that are shown, and the settings of every session."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.bench.load_problems import Say, load_ready
from assistant.bench.run_folder import Json, asked_of_problems
from assistant.core.errors import UsageError
from assistant.core.events import Arm, PromptSettings, Settings
from assistant.core.generation import Sampling
from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.core.submission import Limits, Submission
from assistant.problems.strength import SUITE
from assistant.sandbox.local import LocalSandbox
from assistant.session.prompting import load_template

SHOWN = ("", "hidden", SUITE)
"""What else is shown from the start: nothing, one of the hidden tests, or one of those that `--harden` added."""
LONGEST_SHOWN = 160
"""Characters of a test that is shown in addition."""


@dataclass(frozen=True)
class ProtocolConfig:
    """One run. `arms` are made after the sessions and change none of them: more can be made another time."""

    source: str
    hidden: str = ""
    split: str = ""
    sample: int | None = None
    seed: int = 0
    rounds: int = 4
    template: str = ""
    max_tokens: int = 640
    thinking_tokens: int | None = None
    shown: str = ""
    hidden_feedback: bool = False
    redraw: bool = False
    arms: tuple[Arm, ...] = ()
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """What of the source is not used; `problems` fills it."""

    def __post_init__(self) -> None:
        if self.shown not in SHOWN:
            raise UsageError(f"--show-test {self.shown} is not known; choose {', '.join(SHOWN[1:])}")

    def settings(self) -> Settings:
        """Of every session: greedy, one sample a turn; a second draw only with `redraw`, and no round for nothing."""
        prompt = PromptSettings(template=self.template) if self.template else PromptSettings()
        load_template(prompt.template)
        sampling = Sampling(
            seed=self.seed, max_new_tokens=self.max_tokens, thinking_tokens=self.thinking_tokens
        )
        return Settings(
            rounds=self.rounds,
            sampling=sampling,
            prompt=prompt,
            arms=(),
            continue_after_end=self.hidden_feedback,
            redraw=self.redraw,
            redraw_unchanged=self.redraw,
        )

    def problems(self, sandbox: LocalSandbox, say: Say) -> tuple[Problem, ...]:
        """A random part of those with hidden tests, in the order of the source. Raises UsageError."""
        collection = load_ready(self.source, sandbox, say, hidden=self.hidden, split=self.split)
        fit = [p for p in collection if _published(p) or not (self.hidden or self.shown)]
        if not fit:
            raise UsageError(
                f"no problem of {self.source} has hidden tests: name some with --hidden-tests FILE"
            )
        if without := [p.id for p in collection if p not in fit]:
            self.left_out[self.source] = without
            say(f"left out: {len(without)} problems without hidden tests")
        if self.sample is not None and self.sample < len(fit):
            chosen = set(random.Random(self.seed).sample(sorted(p.id for p in fit), self.sample))
            fit = [p for p in fit if p.id in chosen]
        return tuple(self._showing(fit, sandbox, say))

    def asked(self, problems: tuple[Problem, ...], person: str) -> Json:
        """All that decides what the run holds, for `config.json`; settings that may come later change nothing."""
        return {
            "problems": asked_of_problems(self.source, problems),
            "hidden_tests": self.hidden.rpartition("/")[2],
            "split": self.split,
            "sample": self.sample,
            "seed": self.seed,
            "template": self.settings().prompt.template,
            "settings": self.settings().model_dump(mode="json", exclude_defaults=True),
            "shown": self.shown,
            "hidden_feedback": self.hidden_feedback,
            "person": person,
            "left_out": self.left_out,
        }

    def _showing(self, problems: Sequence[Problem], sandbox: LocalSandbox, say: Say) -> list[Problem]:
        if not self.shown:
            return list(problems)
        found = [showing_one(problem, self.shown, self.seed, sandbox) for problem in problems]
        count = sum(len(p.visible_tests) > len(q.visible_tests) for p, q in zip(found, problems, strict=True))
        say(f"one more test is shown for {count} of {len(problems)} problems")
        return found


def showing_one(problem: Problem, which: str, seed: int, sandbox: LocalSandbox) -> Problem:
    """The problem with one of its hidden tests among the visible ones, drawn at random; as it was where none fits.

    It stays a hidden test as well, so that what is hidden judges alike with and without it. Tests that `--harden`
    added are for showing only: no hidden verdict counts them.
    """
    added = [test for test in problem.hidden_tests if SUITE in test.suites]
    published = _published(problem)
    candidates = added if which == SUITE else [*published]
    kept = problem.model_copy(update={"hidden_tests": published})
    random.Random(f"{seed} {problem.id}").shuffle(candidates)
    for test in candidates:
        shown = _as_assert(test, problem.entry_point)
        if shown is not None and _passes(kept, shown, sandbox):
            return kept.model_copy(update={"visible_tests": (*problem.visible_tests, shown)})
    return kept


def _published(problem: Problem) -> tuple[Test, ...]:
    """Its hidden tests without those that `--harden` added."""
    return tuple(test for test in problem.hidden_tests if SUITE not in test.suites)


def _as_assert(test: Test, entry_point: str) -> AssertTest | None:
    """The test as MBPP shows its own; None where it is too long, or no comparison by `==`."""
    if isinstance(test, CallTest):
        if test.expected is None or test.is_open:
            return None
        call = CallTest(arguments=test.arguments).text(entry_point)
        code = f"assert {call} == {test.expected}"
    elif isinstance(test, AssertTest):
        code = test.code
    else:
        return None
    return AssertTest(code=code) if len(code) <= LONGEST_SHOWN and "\n" not in code else None


def _passes(problem: Problem, test: AssertTest, sandbox: LocalSandbox) -> bool:
    """Whether the reference passes it as it is shown."""
    alone = problem.model_copy(update={"visible_tests": (test,)})
    return sandbox.run(Submission.of(alone, problem.reference, limits=Limits(seconds=5.0))).passed
