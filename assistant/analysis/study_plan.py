"""What of an analysis was planned: the frozen plan of a study against its sessions and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.analysis.exclusions import BY_HAND, Excluded, counted, frozen_study
from assistant.analysis.person_alone import Way
from assistant.analysis.person_alone import sentence as alone_sentence
from assistant.journal.records import SessionRecord, StudyFreeze
from assistant.session.study_tables import Exclusions

ALONE = "alone"
NOT_APPLIED = "planned exclusions were not applied"
"""A departure from a plan."""
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
    rules: dict[str, str]
    """Exclusions that the analysis applies itself: keys of [exclusions], and what they say."""
    exclusions: tuple[str, ...]
    """Those in words."""
    held: int
    """Sessions that carry its hash."""
    before: int
    """Sessions of the study that began before it."""
    beside: int
    """Sessions of the study that began after it and do not carry its hash: the file was another one."""
    departures: tuple[str, ...] = ()
    """Why the figures are of other sessions than the plan says; empty where they are of those."""

    def mark(self, name: str) -> str:
        """`planned, primary outcome`, `planned` or `exploratory`: a sentence or figure of this name.

        Where the sessions are chosen in another way than was planned, nothing is `planned`.
        """
        is_primary = name in SHOWN[self.primary]
        if not is_primary and not any(name in SHOWN[outcome] for outcome in self.secondary):
            return "exploratory"
        outcome = "planned, primary outcome" if is_primary else "planned"
        return f"{outcome}, but sessions chosen otherwise than planned" if self.departures else outcome


def planned_studies(
    sessions: Sequence[SessionRecord],
    out: Sequence[Excluded] = (),
    *,
    condition: bool = False,
    rules_applied: bool = True,
) -> list[PlannedStudy]:
    """Every freeze that a session carries, the earliest first; `out` is what was left out of these sessions.

    `condition`: only sessions under some condition were asked for, which no plan says.
    """
    freezes = dict.fromkeys((s.study, s.freeze) for s in sessions if s.freeze is not None)
    found = sorted(freezes, key=lambda pair: (pair[0], pair[1].at))
    return [
        _planned(study, freeze, [s for s in sessions if s.study == study], out, condition, rules_applied)
        for study, freeze in found
    ]


def _planned(
    study: str,
    freeze: StudyFreeze,
    sessions: Sequence[SessionRecord],
    out: Sequence[Excluded],
    condition: bool,
    rules_applied: bool,
) -> PlannedStudy:
    file, plan = frozen_study(freeze)
    rules = (file.exclusions or Exclusions()).rules()
    held = {session.id for session in sessions if session.freeze == freeze}
    before = sum(session.began < freeze.at for session in sessions)
    departures = {
        "sessions were left out by hand": any(x.rule == BY_HAND and x.session in held for x in out),
        "only some conditions were chosen": condition,
        NOT_APPLIED: bool(rules) and not rules_applied,
    }
    return PlannedStudy(
        study, freeze.at, freeze.sha256, plan.hypotheses, plan.primary_outcome, plan.secondary_outcomes,
        rules, plan.exclusions, len(held), before, len(sessions) - len(held) - before,
        tuple(why for why, is_so in departures.items() if is_so),
    )  # fmt: skip


def plan_of_group(plans: Sequence[PlannedStudy], sessions: Sequence[SessionRecord]) -> PlannedStudy | None:
    """The plan of these sessions; None where they are of several studies or plans, or of none."""
    hashes = {(s.study, s.freeze.sha256 if s.freeze is not None else "") for s in sessions}
    return next((plan for plan in plans if hashes == {(plan.study, plan.sha256)}), None)


def notes(plans: Sequence[PlannedStudy], ways: Sequence[Way], out: Sequence[Excluded] = ()) -> list[str]:
    """What stands before the groups: the plans, and people who worked alone beside those with a model."""
    alone = alone_sentence(ways)
    if alone and len(plans) == 1:
        alone = f"[{plans[0].mark(ALONE)}] {alone}"
    return [*sentences(plans, out), *filter(None, [alone])]


def sentences(plans: Sequence[PlannedStudy], out: Sequence[Excluded] = ()) -> Iterator[str]:
    """What was planned, and which data were not gathered under the plan."""
    for plan in plans:
        secondary = f"; secondary: {', '.join(plan.secondary)}" if plan.secondary else ""
        yield (
            f"Study {plan.study}: plan frozen at {plan.frozen_at} (SHA-256 {plan.sha256[:16]}); primary outcome: "
            f"{plan.primary}{secondary}. {_sessions(plan.held)} held under it."
        )
        for place, hypothesis in enumerate(plan.hypotheses, start=1):
            yield f"Hypothesis {place}: {hypothesis}"
        yield from exclusion_sentences(plan, out)
        if plan.before:
            yield f"Data began before the freeze: {_sessions(plan.before)} of {plan.study} began earlier."
        if plan.beside:
            yield (
                f"{_sessions(plan.beside)} of {plan.study} began after the freeze under another file than the frozen "
                "one, or without it: not planned."
            )
    by_hand = [x for x in out if x.rule == BY_HAND]
    if by_hand:
        yield f"Left out by hand, planned by nobody (`--leave-out`): {counted(out, BY_HAND)}."


def exclusion_sentences(plan: PlannedStudy, out: Sequence[Excluded]) -> Iterator[str]:
    """Each planned exclusion with how many sessions it left out, and what departs from the plan."""
    for rule, words in plan.rules.items():
        if NOT_APPLIED in plan.departures:
            yield f"Planned exclusion, not applied (`--keep-excluded`): {words}."
        else:
            yield f"Planned exclusion, applied: {words}: {counted(out, rule, plan.study)}."
    for place, words in enumerate(plan.exclusions, start=1):
        how = f"in words, applied by a person (`--leave-out NAME={place}`)"
        hit = counted(out, f"words {place}", plan.study)
        yield f"Planned exclusion {how}: {words.rstrip('.')}: {hit}."
    if plan.departures:
        yield f"Not as planned: {'; '.join(plan.departures)}. No figure of {plan.study} counts as planned."


def _sessions(number: int) -> str:
    return f"{number} session{'s' * (number != 1)}"
