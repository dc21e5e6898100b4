"""What a person asks of a synthesis run, the plan that comes of it, and its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.bench.jobs import Job
from assistant.bench.load_problems import Say, first, load_ready
from assistant.bench.run_folder import asked_of_problems, asked_of_sampling
from assistant.bench.shards import ProblemSelection
from assistant.bench.synthesis.few_shot import USUAL, chosen_examples, prompt_for
from assistant.bench.synthesis.variants import Text, Variant, parse_asserts, parse_numbers, variants
from assistant.core.errors import UsageError
from assistant.core.generation import ModelInfo, Sampling
from assistant.core.problem import Problem
from assistant.problems.collection import Collection
from assistant.problems.expected_values import LiteralRecorder
from assistant.problems.load import load_source
from assistant.session.prompting import Template, load_template


def name_of(source: str) -> str:
    """A source without its folder, which says nothing on another machine."""
    return source.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Question:
    """As said on the command line; empty texts where nothing was."""

    source: str
    samples: int
    temperature: str = "0.5"
    asserts: str = "all"
    shots: str | None = None
    shots_from: str = ""
    prompt_seeds: int = 1
    edited: str = ""
    split: str = ""
    template: str = "paper"
    hidden: str = ""
    limit: int | None = None
    seed: int = 0
    max_tokens: int = 640
    thinking_tokens: int | None = None
    beams: int = 1
    part: ProblemSelection = field(default_factory=ProblemSelection)
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By source, what of it is not used; `problems` fills it."""

    def check(self) -> None:
        """Refuse what cannot be before anything is loaded. Raises UsageError."""
        temperatures = parse_numbers(self.temperature, "--temperature")
        parse_asserts(self.asserts)
        if self.beams > 1:
            if temperatures != [0.0] or self.samples > self.beams:
                raise UsageError(
                    f"--beams {self.beams} gives the {self.beams} likeliest programs and draws none: leave "
                    "--samples and --temperature away"
                )
            return
        if self.samples > 1 and 0 in temperatures:
            raise UsageError(
                "more than one sample at temperature 0 draws the same program again: add --samples 1"
            )

    def problems(self, recorder: LiteralRecorder, say: Say) -> dict[Text, tuple[Problem, ...]]:
        """The problems by text, ready to be scored. Raises UsageError."""
        collection = load_ready(self.source, recorder, say, self.hidden, self.split)
        self.left_out[name_of(self.source)] = collection.skipped
        if not self.edited:
            return {"given": self.part.of(first(collection, self.limit).problems)}
        edited = load_ready(self.edited, recorder, say, self.hidden)
        self.left_out[name_of(self.edited)] = edited.skipped
        both = both_texts(collection, edited)
        return {text: self.part.of(found[: self.limit]) for text, found in both.items()}

    def plan(self, problems: dict[Text, tuple[Problem, ...]], model: ModelInfo) -> SynthesisPlan:
        """Every variant over these problems, in the template that fits the model. Raises UsageError."""
        template = load_template(self.template, is_chat=model.is_chat)
        asked = variants(
            parse_numbers(self.temperature, "--temperature"),
            parse_asserts(self.asserts),
            self.prompt_seeds,
            list(problems),
            self.beams,
        )
        return SynthesisPlan(
            problems=problems,
            source=self.source,
            variants=tuple(asked),
            template=template,
            samples=self.samples,
            sampling=Sampling(
                seed=self.seed, max_new_tokens=self.max_tokens, thinking_tokens=self.thinking_tokens
            ),
            examples=self._examples(is_base=template.kind == "base"),
            hidden=name_of(self.hidden),
            left_out={source: lines for source, lines in self.left_out.items() if lines},
        )

    def _examples(self, *, is_base: bool) -> dict[int, tuple[Problem, ...]]:
        """By prompt seed. A base model gets the paper's unless another is requested; a chat model none."""
        ids = self._shot_ids(is_base=is_base)
        if not ids:
            if self.prompt_seeds > 1:
                raise UsageError("--prompt-seeds varies the examples, and there are none: add --shots 2,3,4")
            return {}
        pool = self._pool()
        return {seed: chosen_examples(pool, ids, seed) for seed in range(self.prompt_seeds)}

    def _shot_ids(self, *, is_base: bool) -> tuple[str, ...]:
        if self.shots is None:
            return USUAL if is_base else ()
        return tuple(name.strip() for name in self.shots.split(",") if name.strip() not in ("", "none"))

    def _pool(self) -> Collection:
        pool = load_source(self.shots_from or self.source)
        if not any(problem.reference for problem in pool):
            raise UsageError(f"{pool.name} has no solutions to show as examples: name MBPP with --shots-from")
        return pool


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
            "variants": [variant.asked() for variant in self.variants],
            "template": {"id": self.template.id, "sha256": self.template.sha256},
            "examples": {str(seed): [p.id for p in found] for seed, found in self.examples.items()},
            "samples": self.samples,
            "sampling": asked_of_sampling(self.sampling, "temperature"),
        }

    def _job(self, variant: Variant, problem: Problem) -> Job:
        return Job(
            group=variant.name,
            row=problem.id,
            problem=problem,
            prompt=prompt_for(self.template, problem, variant.asserts, self.examples.get(variant.prompt, ())),
            sampling=self.sampling.model_copy(update={"temperature": variant.temperature}),
            samples=self.samples,
            beams=variant.beams,
        )


def both_texts(original: Collection, edited: Collection) -> dict[Text, tuple[Problem, ...]]:
    """The problems that both releases have, in the order of the first. Raises UsageError where there are none."""
    by_id = {problem.id: problem for problem in edited}
    common = [problem for problem in original if problem.id in by_id]
    if not common:
        raise UsageError(f"{original.name} and {edited.name} have no problem in common")
    return {"original": tuple(common), "edited": tuple(by_id[problem.id] for problem in common)}
