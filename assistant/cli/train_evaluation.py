"""Before and after a training: the benches on problems that it never saw, compared row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli import bench_feedback, bench_synthesis
from assistant.cli import bench_options as b
from assistant.core.errors import UsageError
from assistant.core.state_labels import plural

if TYPE_CHECKING:
    from assistant.core.problem import Problem

FOLDER = "evaluation"
"""In the model's folder: a run of each bench for each model, which `bench compare` and `bench show` take."""


@dataclass(frozen=True)
class Evaluation:
    """What a model is asked before and after; nothing where neither problems nor feedback are named."""

    out: Path
    problems: str
    split: str
    hidden: str
    feedback: Path | None
    arms: str
    limit: int | None
    trained: frozenset[str]
    """Content hashes of the problems that were trained on, which are not asked."""
    options: b.BenchOptions

    def check(self) -> None:
        """Refuse what cannot be before anything is loaded. Raises `UsageError`."""
        from assistant.bench.feedback.feedback_jobs import parse_arms
        from assistant.core.optional_deps import check

        if not self.problems and (self.split or self.hidden):
            raise UsageError("--eval-split and --hidden-tests are for --eval-problems: name a source")
        if "simulated" in parse_arms(self.arms):
            raise UsageError("--eval-arms simulated has no model that could speak: leave it out")
        if self.problems or self.feedback:
            check("duckdb", "matplotlib", "scipy", "numpy")

    def run(self, name: str, model: str) -> None:
        """Ask the model; what a run that was stopped has is kept, and a finished one is shown again."""
        if self.problems:
            self._synthesis(self._options(f"synthesis-{name}", model))
        if self.feedback is not None:
            self._feedback(self.feedback, self._options(f"feedback-{name}", model))

    def print_difference(self, first: str, second: str) -> None:
        """The second model's runs minus the first's, row by row, printed and kept beside them."""
        from assistant.bench.compare import compare, report
        from assistant.bench.run_folder import write_json

        for bench in self._benches():
            comparison = compare(self._place(f"{bench}-{first}"), self._place(f"{bench}-{second}"))
            print(f"\n{bench}: A is {first}, B is {second}")
            print("\n".join(report(comparison)))
            write_json(self._place(f"{bench}-{first}-{second}.json"), comparison.model_dump(mode="json"))

    def _benches(self) -> Iterator[str]:
        if self.problems:
            yield "synthesis"
        if self.feedback is not None:
            yield "feedback"

    def _place(self, name: str) -> Path:
        """In the model's folder, also while that is not finished."""
        from assistant.training.lora import is_finished, unfinished

        return (self.out if is_finished(self.out) else unfinished(self.out)) / FOLDER / name

    def _options(self, name: str, model: str) -> b.BenchOptions:
        asked = {
            "problems": self.problems, "split": self.split, "hidden": self.hidden,
            "feedback": str(self.feedback or ""), "arms": self.arms, "limit": str(self.limit),
            "max_tokens": str(self.options.max_tokens), "trained": json.dumps(sorted(self.trained)),
            "model": model,
        }  # fmt: skip
        return replace(self.options, model=model, out=self._place(name), given=asked)

    def _synthesis(self, options: b.BenchOptions) -> None:
        from assistant.bench.synthesis.synthesis_config import Question

        question = Question(
            source=self.problems, samples=1, temperature="0", split=self.split, hidden=self.hidden,
            seed=options.seed, max_tokens=options.max_tokens,
        )  # fmt: skip
        if not b.shown_again("synthesis", options):
            bench_synthesis.answer(question, options, self._held_out)

    def _feedback(self, folder: Path, options: b.BenchOptions) -> None:
        from assistant.bench.feedback.feedback_jobs import Wording, parse_arms
        from assistant.core.events import PromptSettings

        run = bench_feedback.FeedbackRun(
            options, folder, None, None, parse_arms(self.arms), 1, 0.0, self.limit, options, self._is_held_out
        )
        if not b.shown_again("feedback", options):
            run.once([Wording.parse(PromptSettings().template)], "all")

    def _held_out(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The first of those that were not trained on."""
        kept = tuple(filter(self._is_held_out, problems))
        if len(kept) < len(problems):
            b.say(f"left out: {plural(len(problems) - len(kept), 'problem')} that the model is trained on")
        return kept[: self.limit]

    def _is_held_out(self, problem: Problem) -> bool:
        return problem.content_sha256 not in self.trained
