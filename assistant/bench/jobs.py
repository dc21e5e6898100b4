"""What a bench asks for, and what it keeps of every answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.core.problem import FrozenModel, Problem
from assistant.session.prompting import Prompt


@dataclass(frozen=True)
class Job:
    """`samples` answers to one prompt. `group` is the variant or arm, `row` what is paired between groups."""

    group: str
    row: str
    problem: Problem
    prompt: Prompt
    sampling: Sampling
    samples: int = 1
    expected: str = ""
    """What the answer is compared with, where that is not the problem's tests."""
    beams: int = 1
    """Above 1, the samples are the best of a beam search this wide, the likeliest first."""


@dataclass(frozen=True)
class Batch:
    """Samples `first`, `first + 1`, … of a job, asked for together."""

    job: Job
    first: int
    count: int

    def request(self) -> Request:
        """Every batch draws with a seed that run, row and place decide, whatever was drawn before it."""
        job = self.job
        name = f"{job.sampling.seed} {job.row} {self.first}"
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") & 0x7FFF_FFFF
        return Request(
            messages=job.prompt.messages,
            sampling=job.sampling.model_copy(update={"seed": seed}),
            samples=self.count,
            stop=job.prompt.stop,
            until_program=job.prompt.until_program,
            raw=job.prompt.raw,
            beams=job.beams,
        )


class Verdict(FrozenModel):
    """What an answer came to."""

    code: str | None = None
    """The program found in the answer (or the value, where one was asked for)."""
    outcome: str
    """`passed`; else the first failing outcome of a visible test, `syntax_error`, or `no_program`."""
    solved: bool
    """Every visible test passed (or the value was right)."""
    honest: bool | None = None
    """Every hidden test passed as well; None where there is none, or none was run since a visible one failed."""
    visible_passed: int = 0
    visible_total: int = 0
    hidden_passed: int = 0
    hidden_total: int = 0
    """Hidden tests that were run."""
    suites: dict[str, bool] = Field(default_factory=dict)
    """For each published test set of the problem, whether the program passes it by its publisher's rule."""
    suite_shares: dict[str, float] = Field(default_factory=dict)
    """The share of each set's tests that it passes."""
    sealed: bool = True
    """False where a test ran in the program's process, which could then have forged its verdict."""
    hard_coded: int = 0
    """Visible tests whose inputs the program names, where it passes all of them: a hint, no verdict."""
    trouble: str = ""
    """Why the answer could not be judged (`outcome` is then `not_judged`)."""


class Sample(FrozenModel):
    """One line of `samples.jsonl` and one row of `samples.parquet`."""

    group: str
    row: str
    problem: str
    difficulty: str
    sample: int
    seed: int
    outcome: str
    solved: bool
    honest: bool | None
    visible_passed: int
    visible_total: int
    hidden_passed: int
    hidden_total: int
    text: str
    code: str | None
    expected: str
    reason: str
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    first_token_seconds: float | None
    seconds: float
    notes: str
    suites: dict[str, bool] = Field(default_factory=dict)
    suite_shares: dict[str, float] = Field(default_factory=dict)
    sealed: bool = True
    hard_coded: int = 0
    trouble: str = ""
    beams: int = 1
    """Of the beam search whose `sample`-th best answer this is, from 0; 1 where it was drawn."""

    @property
    def key(self) -> Key:
        return self.group, self.row, self.sample


Key = tuple[str, str, int]
Judge = Callable[[Job, str], Verdict]
"""From a job and an answer's text to its verdict; called from several threads."""


def what_was_generated(finish: Finish) -> dict[str, Any]:
    """The fields of a `Sample` that say what an engine gave, and what it took."""
    return {
        "seed": finish.seed,
        "text": finish.text,
        "reason": finish.reason,
        "prompt_tokens": finish.prompt_tokens,
        "reused_tokens": finish.reused_tokens,
        "generated_tokens": finish.generated_tokens,
        "first_token_seconds": finish.first_token_seconds,
        "seconds": finish.seconds,
        "notes": "; ".join(finish.notes),
    }


def sample_of(batch: Batch, finish: Finish, verdict: Verdict) -> Sample:
    """The line for one finished answer."""
    job = batch.job
    return Sample(
        group=job.group,
        row=job.row,
        problem=job.problem.id,
        difficulty=job.problem.difficulty,
        sample=batch.first + finish.sample,
        expected=job.expected,
        beams=job.beams,
        **what_was_generated(finish),
        **verdict.model_dump(),
    )


def missing_batches(jobs: Iterable[Job], size: int, done: Collection[Key]) -> Iterator[Batch]:
    """What is left to ask for, `size` samples at a time, beams together. What lacks any sample is asked for whole."""
    for job in jobs:
        together = job.samples if job.beams > 1 else size
        for first in range(0, job.samples, together):
            count = min(together, job.samples - first)
            if any((job.group, job.row, first + i) not in done for i in range(count)):
                yield Batch(job, first, count)


def dialogue_of(*turns: str) -> tuple[Message, ...]:
    """User and assistant in turn, the user first."""
    return tuple(
        Message(role="assistant" if place % 2 else "user", content=text) for place, text in enumerate(turns)
    )
