"""A regression of solving: solved ~ arm x round + order, with people and problems as crossed clusters.

Logistic, fitted by statsmodels. Its odds ratios are of the population (averaged over people and problems), and their
intervals and tests take the variance that people and problems, crossed, leave (`crossed_variance`): they assume
nothing of how people differ. The mixed model of the same formula, with its random people and problems, says
how much people and problems differ; its own intervals are not shown, since they miss the truth (see the guide).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from assistant.analysis.answer_rows import FEEDBACK, AnswerRow
from assistant.core.control_arms import RECORDED
from assistant.core.optional_deps import need
from assistant.core.stats.crossed import FEW, Variance, crossed_variance

LEAST_OUTCOMES = 5
"""Solved answers, and unsolved ones, that a model needs for each coefficient."""
FARTHEST = 30.0
"""Log odds beyond which an interval has no end."""
MOST_ROWS = 5_000
"""With more answers than this the mixed model is not fitted: it takes minutes."""


@dataclass(frozen=True)
class OddsRatio:
    """One term of the model; `change` 1 is no effect."""

    term: str
    arm: str
    """The control that feedback is compared with; empty for terms of all arms."""
    odds_ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class MarginalEffect:
    """By how much feedback solves more than a control, as a share, on average over the states that have it."""

    arm: str
    states: int
    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelFit:
    """What was fitted, and to what."""

    said: str
    """Whether it converged; or why there is no model."""
    answers: int = 0
    people: int = 0
    problems: int = 0
    sd_people: float | None = None
    """Standard deviation between people in log odds, by the mixed model; None where it was not fitted."""
    sd_problems: float | None = None


@dataclass(frozen=True)
class SolveModel:
    """The model; without terms where the data are too thin."""

    fit: ModelFit
    terms: tuple[OddsRatio, ...] = ()
    effects: tuple[MarginalEffect, ...] = ()


def solve_model(rows: Sequence[AnswerRow], *, mixed: bool = True) -> SolveModel:
    """The model of these answers, or why there is none."""
    rows, dropped = _without_constant_arms(rows)
    design = _Design(rows)
    if design.rounds and _too_thin(design) and not _too_thin(simpler := _Design(rows, by_round=False)):
        design, dropped = simpler, f"{dropped} Too few for arm × intervention, which it leaves out."
    thin = _too_thin(design)
    if thin:
        return SolveModel(ModelFit(f"No regression: {thin}.{dropped}"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels warns of what `converged` says here
        fit = _Fit(design)
        if not fit.converged:
            why = f"No regression: it did not converge in {fit.steps} steps; a control may solve all or nothing."
            return SolveModel(ModelFit(why + dropped))
        people, problems = len(set(design.people.tolist())), len(set(design.problems.tolist()))
        spread = _spread(design) if mixed and people > 1 and len(rows) <= MOST_ROWS else (None, None)
    said = f"The regression converged in {fit.steps} steps on {len(rows)} answers.{dropped}"
    constant = [arm for arm in design.arms if design.by_round and _constant_at_first(rows, arm)]
    if constant:
        names = ", ".join(constant)
        said += f" No odds ratio is given over {names}: at the first intervention it solves all or nothing."
    terms = tuple(term for term in fit.terms() if term.arm not in constant)
    effects = tuple(fit.effect(arm) for arm in design.arms)
    return SolveModel(ModelFit(said, len(rows), people, problems, *spread), terms, effects)


def _too_thin(design: _Design) -> str:
    """Why these answers cannot be modelled; empty where they can."""
    problems, solved = len(set(design.problems.tolist())), int(design.y.sum())
    fewest, needed = min(solved, len(design.y) - solved), LEAST_OUTCOMES * len(design.names)
    if not design.arms:
        return "no control that both solved and failed was made"
    if problems < FEW:
        return f"{problems} problems have answers and a control, and {FEW} are needed"
    if fewest < needed:
        kind = "solved" if solved == fewest else "unsolved"
        return (
            f"{fewest} {kind} answers are too few for {len(design.names)} coefficients ({needed} are needed)"
        )
    return ""


def _without_constant_arms(rows: Sequence[AnswerRow]) -> tuple[list[AnswerRow], str]:
    """Without controls that solved all or nothing, whose odds have no bound, and a sentence that names them."""
    outcomes: dict[str, set[bool]] = {}
    for row in rows:
        outcomes.setdefault(row.arm, set()).add(row.solved)
    constant = [arm for arm in RECORDED if len(outcomes.get(arm, (True, False))) == 1]
    kept = [row for row in rows if row.arm not in constant]
    said = f" Left out, since they solve all or nothing: {', '.join(constant)}." if constant else ""
    return kept, said


def _constant_at_first(rows: Sequence[AnswerRow], arm: str) -> bool:
    """Its odds there, and how they change later, are then a guess from later interventions alone."""
    return len({row.solved for row in rows if row.arm == arm and row.round == 1}) < 2


class _Design:
    """The matrix: a column for each coefficient; feedback at the mean intervention is the constant."""

    def __init__(self, rows: Sequence[AnswerRow], by_round: bool = True) -> None:
        numpy = need("numpy")
        self.rows = rows
        found = {row.arm for row in rows}
        self.arms = [arm for arm in RECORDED if arm in found]
        several = len({row.round for row in rows}) > 1
        self.rounds, self.by_round, self.orders = (
            several,
            several and by_round,
            len({row.order for row in rows}) > 1,
        )
        self.names = ["constant", *self.arms]
        self.names += ["round"] * several + [f"{arm}:round" for arm in self.arms] * self.by_round
        self.names += ["order"] * self.orders
        self.y = numpy.array([float(row.solved) for row in rows])
        self.round_mean = sum(row.round for row in rows) / max(1, len(rows))
        self.order_mean = sum(row.order for row in rows) / max(1, len(rows))
        self.x = numpy.array([self.values(row, row.arm) for row in rows]).reshape(len(rows), len(self.names))
        self.problems = numpy.unique([row.problem for row in rows], return_inverse=True)[1]
        self.people = numpy.unique([row.annotator for row in rows], return_inverse=True)[1]

    def values(self, row: AnswerRow, arm: str) -> list[float]:
        """The row's values, had it been of this arm."""
        arms = [float(arm == other) for other in self.arms]
        step = row.round - self.round_mean
        rounds = [step] * self.rounds + [step * value for value in arms] * self.by_round
        # Controls do not learn: the order is that of the person who spoke.
        order = [(row.order - self.order_mean) * (arm == FEEDBACK)] if self.orders else []
        return [1.0, *arms, *rounds, *order]


class _Fit:
    """statsmodels' fit, and what each answer moves its coefficients by."""

    def __init__(self, design: _Design) -> None:
        glm = need("statsmodels.genmod.generalized_linear_model").GLM
        binomial = need("statsmodels.genmod.families").Binomial
        self.design = design
        fitted = glm(design.y, design.x, family=binomial()).fit()
        self.coefficients = fitted.params
        self.steps = int(fitted.fit_history["iteration"])
        self.converged = bool(fitted.converged) and bool(abs(fitted.params).max() < 15)
        rates = self.rates(design.x)
        information = (design.x * (rates * (1 - rates))[:, None]).T @ design.x
        scores = design.x * (design.y - rates)[:, None]
        self.influence = need("numpy").linalg.solve(information, scores.T).T if self.converged else scores

    def rates(self, x: Any) -> Any:
        return 1 / (1 + need("numpy").exp(-(x @ self.coefficients)))

    def variance(self, influence: Any) -> Variance:
        return crossed_variance(influence, self.design.problems, self.design.people)

    def terms(self) -> list[OddsRatio]:
        """Feedback over each control, how that changes with each intervention, and what holds for all."""
        found = []
        for place, name in enumerate(self.design.names[1:], 1):
            arm, _, of_round = name.partition(":")
            control = arm in self.design.arms
            term = ("feedback x intervention" if of_round else "feedback") if control else _TERMS[name]
            found.append(self._term(place, term, arm if control else "", -1 if control else 1))
        return found

    def _term(self, place: int, term: str, arm: str, sign: int) -> OddsRatio:
        value = sign * float(self.coefficients[place])
        variance = self.variance(self.influence[:, place]).pooled
        half = variance.quantile * variance.value**0.5
        low, high = (exp(max(-FARTHEST, min(FARTHEST, end))) for end in (value - half, value + half))
        return OddsRatio(term, arm, exp(value), low, high, variance.p(value) if half > 0 else 1.0)

    def effect(self, arm: str) -> MarginalEffect:
        """Predicted share of feedback less that of the arm, over the states that have the arm."""
        numpy, rows = need("numpy"), self.design.rows
        states = {row.state for row in rows if row.arm == arm}
        own = [n for n, row in enumerate(rows) if row.arm == FEEDBACK and row.state in states]
        x = [numpy.array([self.design.values(rows[n], which) for n in own]) for which in (FEEDBACK, arm)]
        rates = [self.rates(values) for values in x]
        each = rates[0] - rates[1]
        slopes = [
            (values * (rate * (1 - rate))[:, None]).mean(axis=0)
            for values, rate in zip(x, rates, strict=True)
        ]
        influence = self.influence @ (slopes[0] - slopes[1])
        influence[own] += (each - each.mean()) / len(own)
        variance = self.variance(influence)
        half = variance.quantile * variance.value**0.5
        effect = float(each.mean())
        return MarginalEffect(arm, len(own), effect, max(-1.0, effect - half), min(1.0, effect + half))


_TERMS = {"round": "intervention", "order": "order"}


def _spread(design: _Design) -> tuple[float, float]:
    """Standard deviations of people and of problems in log odds: the mixed model, by variational Bayes."""
    numpy = need("numpy")
    mixed = need("statsmodels.genmod.bayes_mixed_glm").BinomialBayesMixedGLM
    blocks, kinds = [], list[int]()
    for kind, names in enumerate((design.people, design.problems)):
        found, codes = numpy.unique(names, return_inverse=True)
        blocks.append(numpy.eye(len(found))[codes])
        kinds += [kind] * len(found)
    model = mixed(design.y, design.x, numpy.hstack(blocks), numpy.array(kinds))
    numbers = model.k_fep + model.k_vcp + model.k_vc
    fitted = model.fit_vb(
        mean=numpy.zeros(numbers), sd=numpy.full(numbers, 0.5)
    )  # else its start is drawn at random
    people, problems = numpy.exp(fitted.vcp_mean)
    return float(people), float(problems)
