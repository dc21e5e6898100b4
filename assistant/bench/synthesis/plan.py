"""From a question to jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.bench.jobs import Job
from assistant.bench.run_folder import asked_of_problems
from assistant.bench.synthesis.few_shot import prompt_for
from assistant.bench.synthesis.variants import Text, Variant
from assistant.core.errors import UsageError
from assistant.core.generation import Sampling
from assistant.core.problem import Problem
from assistant.problems.collection import Collection
from assistant.session.prompting import Template


@dataclass(frozen=True)
class SynthesisPlan:
    """What is asked: `problems` by text, every variant, `samples` each."""

    problems: dict[Text, tuple[Problem, ...]]
    source: str
    variants: tuple[Variant, ...]
    template: Template
    samples: int
    sampling: Sampling
    examples: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    """By prompt seed."""
    hidden: str = ""
    """Where the attached hidden tests come from."""
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By source, what of it is not used."""

    @property
    def total(self) -> int:
        """Samples in all."""
        return sum(len(self.problems[variant.text]) for variant in self.variants) * self.samples

    def jobs(self) -> Iterator[Job]:
        """Problem by problem, so that a run that is cut short has all variants of the problems it reached."""
        some = next(iter(self.problems.values()))
        for place in range(len(some)):
            for variant in self.variants:
                yield self._job(variant, self.problems[variant.text][place])

    def asked(self) -> dict[str, Any]:
        """What decides the samples, for `config.json`."""
        return {
            "problems": {
                text: asked_of_problems(self.source, found) for text, found in self.problems.items()
            },
            "hidden_tests": self.hidden,
            **({"left_out": self.left_out} if self.left_out else {}),
            "variants": [variant.model_dump() for variant in self.variants],
            "template": {"id": self.template.id, "sha256": self.template.sha256},
            "examples": {str(seed): [p.id for p in found] for seed, found in self.examples.items()},
            "samples": self.samples,
            "sampling": self.sampling.model_dump(exclude={"temperature"}),
        }

    def _job(self, variant: Variant, problem: Problem) -> Job:
        return Job(
            group=variant.name,
            row=problem.id,
            problem=problem,
            prompt=prompt_for(self.template, problem, variant.asserts, self.examples.get(variant.prompt, ())),
            sampling=self.sampling.model_copy(update={"temperature": variant.temperature}),
            samples=self.samples,
        )


def both_texts(original: Collection, edited: Collection) -> dict[Text, tuple[Problem, ...]]:
    """The problems that both releases have, in the order of the first. Raises UsageError where there are none."""
    by_id = {problem.id: problem for problem in edited}
    common = [problem for problem in original if problem.id in by_id]
    if not common:
        raise UsageError(f"{original.name} and {edited.name} have no problem in common")
    return {"original": tuple(common), "edited": tuple(by_id[problem.id] for problem in common)}
