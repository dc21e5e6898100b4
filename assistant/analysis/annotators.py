"""Several annotators: do they tag the same fault alike, and does their feedback help alike?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from assistant.analysis.lift import ArmPair, clusters_of, interval_of
from assistant.analysis.solve_curve import answered
from assistant.core.stats.agreement import cohen_kappa, krippendorff_alpha, masi
from assistant.core.stats.random_effects import spread_between
from assistant.journal.records import SessionRecord


@dataclass(frozen=True)
class Agreement:
    """On first programs that two or more annotators spoke about: agreement on whether a kind applies."""

    kind: str
    """`all kinds` compares whole sets of kinds (MASI distance)."""
    programs: int
    annotators: int
    alpha: float | None
    """Krippendorff's."""
    kappa: float | None
    """Cohen's, mean over pairs of annotators."""


@dataclass(frozen=True)
class PersonLift:
    """One annotator's lift over an arm."""

    arm: str
    annotator: str
    pairs: int
    problems: int
    lift: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Between:
    """How much the lift differs between annotators beyond chance (`sd` 0: no more than chance)."""

    arm: str
    annotators: int
    mean: float
    sd: float
    p: float


Judged = dict[str, frozenset[str]]
"""The kinds that each annotator gave to one program."""


def agreement(sessions: Sequence[SessionRecord]) -> list[Agreement]:
    """For all kinds together, then for each; empty where no program was judged twice."""
    units = [judged for judged in _judged_programs(sessions).values() if len(judged) > 1]
    if not units:
        return []
    kinds = sorted({kind for judged in units for found in judged.values() for kind in found})
    people = len({annotator for judged in units for annotator in judged})
    whole = krippendorff_alpha([list(judged.values()) for judged in units], masi)
    rows = [Agreement("all kinds", len(units), people, whole, _mean_kappa(units))]
    for kind in kinds:
        marks = [{who: frozenset({kind}) & found for who, found in judged.items()} for judged in units]
        alpha = krippendorff_alpha([list(mark.values()) for mark in marks])
        rows.append(Agreement(kind, len(units), people, alpha, _mean_kappa(marks)))
    return rows


def person_lifts(by_arm: Mapping[str, Sequence[ArmPair]]) -> list[PersonLift]:
    """Each annotator's lift over each arm."""
    return [
        _person_lift(arm, annotator, own)
        for arm, pairs in by_arm.items()
        for annotator, own in sorted(_by_annotator(pairs).items())
    ]


def between(by_arm: Mapping[str, Sequence[ArmPair]]) -> list[Between]:
    """The spread of the lift over each arm, from everybody with a pair.

    Nobody is left out for having few pairs, or none that differ: one variance of a pair is estimated from all
    annotators together, and who has few pairs weighs little.
    """
    rows = []
    for arm, pairs in by_arm.items():
        clusters = [clusters_of(own) for _, own in sorted(_by_annotator(pairs).items())]
        if len(clusters) >= 2:
            means = [_mean(own) for own in clusters]
            variance = _pooled_variance(clusters, means)
            spread = spread_between(means, [variance / _pairs(own) for own in clusters])
            rows.append(Between(arm, len(clusters), spread.mean, spread.sd, spread.p))
    return rows


def _judged_programs(sessions: Sequence[SessionRecord]) -> dict[tuple[str, str], Judged]:
    """First feedbacks with kinds, by problem and exact code of the first program; an annotator's first counts."""
    found: dict[tuple[str, str], Judged] = {}
    for session in answered(sessions):
        words = next((f for f in session.feedback if f.round == 1), None)
        if words is None or not words.kinds:
            continue
        unit = found.setdefault((session.problem_sha256, words.code), {})
        unit.setdefault(session.annotator, frozenset(words.kinds))
    return found


def _mean_kappa(units: Sequence[Judged]) -> float | None:
    """Kappa of every two annotators who share at least two programs, averaged."""
    labels: dict[str, dict[int, frozenset[str]]] = {}
    for number, judged in enumerate(units):
        for who, kinds in judged.items():
            labels.setdefault(who, {})[number] = kinds
    kappas = []
    for one, other in combinations(sorted(labels), 2):
        pairs = [
            (labels[one][unit], labels[other][unit]) for unit in labels[one].keys() & labels[other].keys()
        ]
        kappa = cohen_kappa(pairs) if len(pairs) > 1 else None
        if kappa is not None:
            kappas.append(kappa)
    return fmean(kappas) if kappas else None


def _by_annotator(pairs: Sequence[ArmPair]) -> dict[str, list[ArmPair]]:
    found: dict[str, list[ArmPair]] = {}
    for pair in pairs:
        found.setdefault(pair.annotator, []).append(pair)
    return found


def _person_lift(arm: str, annotator: str, pairs: Sequence[ArmPair]) -> PersonLift:
    problems = len({pair.problem_sha256 for pair in pairs})
    lift = sum(pair.difference for pair in pairs) / len(pairs)
    return PersonLift(arm, annotator, len(pairs), problems, lift, *interval_of(pairs))


Clusters = Sequence[tuple[float, float]]
"""Of one annotator, by problem: sum of differences, and number of pairs."""


def _pairs(clusters: Clusters) -> float:
    return sum(n for _, n in clusters)


def _mean(clusters: Clusters) -> float:
    return sum(value for value, _ in clusters) / _pairs(clusters)


def _pooled_variance(annotators: Sequence[Clusters], means: Sequence[float]) -> float:
    """Variance of one pair around its annotator's mean, problems as clusters, over all annotators.

    Its own variance would give an annotator whose pairs are all alike a weight without bounds. One pair with a
    residual of 1 is added, so that it is not zero either where every annotator's pairs are alike.
    """
    squares = freedom = 1.0
    for clusters, mean in zip(annotators, means, strict=True):
        total = _pairs(clusters)
        squares += sum((value - mean * n) ** 2 for value, n in clusters)
        freedom += sum(n * (1 - n / total) for _, n in clusters)
    return squares / freedom
