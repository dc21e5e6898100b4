"""What of an analysis was planned: the frozen plan of a study against its sessions and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.analysis.person_alone import Way
from assistant.analysis.person_alone import sentence as alone_sentence
from assistant.core.errors import UsageError
from assistant.journal.records import SessionRecord, StudyFreeze
from assistant.session.study_file import parse_study
from assistant.session.study_tables import Plan

ALONE = "alone"
SHOWN: Mapping[str, frozenset[str]] = {
    "solve_rate": frozenset({"solving"}),
    "lift": frozenset({"lifting", "lift", "modelling"}),
    "false_solves": frozenset({"solving"}),
    "time_to_solved": frozenset({"effort", "timing", ALONE}),
    "tokens": frozenset({"tokens"}),
    "words": frozenset({"wording", "words"}),
    "leaks": frozenset({"leaking", "leaks"}),
    "people": frozenset({"people"}),
}
"""Names of the sentences and figures that answer a planned outcome."""


@dataclass(frozen=True)
class PlannedStudy:
    """One freeze of a study, and the sessions held under it and beside it."""

    study: str
    frozen_at: str
    sha256: str
    hypotheses: tuple[str, ...]
    primary: str
    secondary: tuple[str, ...]
    exclusions: tuple[str, ...]
    held: int
    """Sessions that carry its hash."""
    before: int
    """Sessions of the study that began before it."""
    beside: int
    """Sessions of the study that began after it and do not carry its hash: the file was another one."""

    def mark(self, name: str) -> str:
        """`planned, primary outcome`, `planned` or `exploratory`: a sentence or figure of this name."""
        if name in SHOWN[self.primary]:
            return "planned, primary outcome"
        return "planned" if any(name in SHOWN[outcome] for outcome in self.secondary) else "exploratory"


def planned_studies(sessions: Sequence[SessionRecord]) -> list[PlannedStudy]:
    """Every freeze that a session carries, the earliest first."""
    freezes = dict.fromkeys((s.study, s.freeze) for s in sessions if s.freeze is not None)
    found = sorted(freezes, key=lambda pair: (pair[0], pair[1].at))
    return [_planned(study, freeze, [s for s in sessions if s.study == study]) for study, freeze in found]


def _planned(study: str, freeze: StudyFreeze, sessions: Sequence[SessionRecord]) -> PlannedStudy:
    plan = _plan_of(freeze)
    held = sum(session.freeze == freeze for session in sessions)
    before = sum(session.began < freeze.at for session in sessions)
    return PlannedStudy(
        study, freeze.at, freeze.sha256, plan.hypotheses, plan.primary_outcome, plan.secondary_outcomes,
        plan.exclusions, held, before, len(sessions) - held - before,
    )  # fmt: skip


def _plan_of(freeze: StudyFreeze) -> Plan:
    """The plan in a frozen study file. Raises UsageError where a journal holds none: it was not frozen by us."""
    plan = parse_study(freeze.text, "the frozen study in a journal").plan
    if plan is None:
        raise UsageError(
            f"the study frozen at {freeze.at} has no plan: `assistant verify` tells which journal"
        )
    return plan


def plan_of_group(plans: Sequence[PlannedStudy], sessions: Sequence[SessionRecord]) -> PlannedStudy | None:
    """The plan of these sessions; None where they are of several studies or plans, or of none."""
    hashes = {(s.study, s.freeze.sha256 if s.freeze is not None else "") for s in sessions}
    return next((plan for plan in plans if hashes == {(plan.study, plan.sha256)}), None)


def notes(plans: Sequence[PlannedStudy], ways: Sequence[Way]) -> list[str]:
    """What stands before the groups: the plans, and people who worked alone beside those with a model."""
    alone = alone_sentence(ways)
    if alone and len(plans) == 1:
        alone = f"[{plans[0].mark(ALONE)}] {alone}"
    return [*sentences(plans), *filter(None, [alone])]


def sentences(plans: Sequence[PlannedStudy]) -> Iterator[str]:
    """What was planned, and which data were not gathered under the plan."""
    for plan in plans:
        secondary = f"; secondary: {', '.join(plan.secondary)}" if plan.secondary else ""
        yield (
            f"Study {plan.study}: plan frozen at {plan.frozen_at} (SHA-256 {plan.sha256[:16]}); primary outcome: "
            f"{plan.primary}{secondary}. {_sessions(plan.held)} held under it."
        )
        for place, hypothesis in enumerate(plan.hypotheses, start=1):
            yield f"Hypothesis {place}: {hypothesis}"
        for exclusion in plan.exclusions:
            yield f"Planned exclusion (not applied here: choose the sessions): {exclusion}"
        if plan.before:
            yield f"Data began before the freeze: {_sessions(plan.before)} of {plan.study} began earlier."
        if plan.beside:
            yield (
                f"{_sessions(plan.beside)} of {plan.study} began after the freeze under another file than the frozen "
                "one, or without it: not planned."
            )


def _sessions(number: int) -> str:
    return f"{number} session{'s' * (number != 1)}"
