"""How often a model alone solves each problem, and the problems between two rates.

The draws are a synthesis run with one variant: a problem asked in the wording of a new session, `samples` programs of
each. A rate is the share of these that pass every visible and every hidden test: it estimates how often the first
answer of a session would. `tests/benchmarks/starter_difficulty.py` measures the starter problems with the same parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assistant.bench.aggregates import tally_groups
from assistant.bench.jobs import Batch, Judge, Sample, Verdict
from assistant.bench.synthesis.synthesis_config import SynthesisPlan
from assistant.bench.synthesis.variants import Variant
from assistant.core.errors import EngineError, UsageError
from assistant.core.generation import Engine, Finish, ModelInfo, Sampling
from assistant.core.problem import Problem
from assistant.core.session_origin import PromptSettings
from assistant.problems.starter_rates import MeasuredProblem, Measurement, identity
from assistant.session.prompting import Template, load_template


@dataclass(frozen=True)
class RateRange:
    """Bounds of a rate, both inside: shares from 0 to 1."""

    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> RateRange:
        """`10-60` or `10%-60%`, in percent. Raises UsageError."""
        parts = text.replace("%", "").replace("–", "-").split("-")
        try:
            low, high = (float(part) / 100 for part in parts)
        except ValueError:
            low, high = 1.0, 0.0
        if not 0 <= low <= high <= 1:
            raise UsageError(f"--between {text}: give two percentages, the lower first, e.g. 10-60")
        return cls(low, high)

    def holds(self, found: MeasuredProblem) -> bool:
        """Whether the rate of a problem lies in it."""
        return self.low * found.of <= found.solved <= self.high * found.of


def session_template(model: ModelInfo) -> Template:
    """The wording of a new session."""
    return load_template(PromptSettings().template, is_chat=model.is_chat)


def plan_of(
    problems: Sequence[Problem], source: str, model: ModelInfo, sampling: Sampling, samples: int
) -> SynthesisPlan:
    """The draws, `samples` of each problem at the temperature of `sampling`."""
    return SynthesisPlan(
        problems={"given": tuple(problems)},
        source=source,
        variants=(Variant(temperature=sampling.temperature),),
        template=session_template(model),
        samples=samples,
        sampling=sampling,
    )


def passes_all(verdict: Verdict) -> bool:
    """Whether a program passes every visible and every hidden test."""
    return verdict.solved and verdict.honest is not False


def drawn(plan: SynthesisPlan, engine: Engine, judge: Judge) -> list[Verdict]:
    """The verdicts on a plan's draws, a problem's in one batch, kept nowhere. Raises EngineError."""
    verdicts = []
    for job in plan.jobs():
        for piece in engine.generate(Batch(job, 0, job.samples).request()):
            if isinstance(piece, Finish) and piece.reason == "error":
                raise EngineError(f"the model failed: {piece.error}")
            if isinstance(piece, Finish):
                verdicts.append(judge(job, piece.text))
    return verdicts


def rates_of(samples: Iterable[Sample], problems: Sequence[Problem]) -> dict[str, MeasuredProblem]:
    """By id, the rate of each problem that has samples."""
    by_id = {problem.id: problem for problem in problems}
    return {
        name: MeasuredProblem(sha256=identity(by_id[name]), solved=row.honest, of=row.samples)
        for group in tally_groups(samples).values()
        for name, row in group.rows.items()
        if name in by_id
    }


def measurement_of(rates: dict[str, MeasuredProblem], model: ModelInfo, temperature: float) -> Measurement:
    """The rates with what they depend on, as the app reads them."""
    template = session_template(model)
    return Measurement(
        date=datetime.now(UTC).date().isoformat(),
        model=model.name,
        precision=model.precision or model.dtype,
        weights_sha256=model.weights_sha256,
        template=template.id,
        template_sha256=template.sha256,
        temperature=temperature,
        problems=rates,
    )
