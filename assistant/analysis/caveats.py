"""Caveats: where numbers are too small or too mixed for a conclusion, as text for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from assistant.analysis.baseline import Alone
from assistant.analysis.grouping import SessionGroup
from assistant.analysis.lift import Lift
from assistant.analysis.solve_curve import LEAST_COVERAGE, CurvePoint, answered, longest
from assistant.core.stats.crossed import FEW
from assistant.journal.records import SessionRecord

FEW_SESSIONS = 30
FEW_PROBLEMS = 20
FEW_DISCORDANT = 10


def cautions(
    group: SessionGroup,
    curve: Sequence[CurvePoint],
    lifts: Sequence[Lift],
    alone: Sequence[Alone],
    sealed: Sequence[CurvePoint] = (),
) -> list[str]:
    """One sentence each; empty when there is nothing to warn of."""
    if all(session.person_alone for session in group.sessions):
        return [
            "In these sessions people wrote the program without the model, on the clock: they are in no rate of a "
            "model; the sentence at the top compares them with people who had one."
        ]
    if all(session.given for session in group.sessions):
        return [
            "These sessions began with functions that people brought (`assistant fix`): the model made no first "
            "answer, so they are in no rate and compared with nothing."
        ]
    return [
        *_sizes(group), *_imported(group.sessions), *_unfinished(group.sessions), *_mixtures(group.sessions),
        *_rounds(curve),
        *_controls(group.sessions, lifts), *_hidden(group.sessions), *_unsealed(group.sessions, sealed),
        *_hard_coded(group.sessions), *_alone(group.sessions, alone),
    ]  # fmt: skip


def _sizes(group: SessionGroup) -> Iterator[str]:
    count, problems = len(answered(group.sessions)), group.problems
    if count < FEW_SESSIONS:
        yield (
            f"Only {_count(count)}: one more or less moves a rate by {100 / max(1, count):.0f} points, and the "
            "intervals are too wide to rank anything."
        )
    if problems < FEW_PROBLEMS:
        yield f"Only {_count(problems, 'problem')}: intervals clustered by problem are rough with so few."
    if 1 < group.annotators < FEW:
        yield f"{_count(group.annotators, 'annotator')}: the intervals are about these, on other problems."
    if group.annotators == 1:
        yield "One annotator: nothing here says how other people would do."


def _imported(sessions: Sequence[SessionRecord]) -> Iterator[str]:
    if any(session.imported_from == "realhumaneval" for session in sessions):
        yield (
            "What a programmer wrote after an answer counts here as feedback on it; in these chats most later turns "
            "are new questions, so that rates after interventions are not about feedback on a program."
        )


def _unfinished(sessions: Sequence[SessionRecord]) -> Iterator[str]:
    unanswered = len(sessions) - len(answered(sessions))
    if unanswered:
        yield f"No complete first answer in {_count(unanswered)}, left out of every rate."
    unfinished = sum(not s.has_ended and s.solve is None for s in answered(sessions))
    if unfinished:
        yield (
            f"Not ended yet: {_count(unfinished)}, counted as unsolved from where they stand, so that later rates "
            "are lower bounds."
        )
    ends = Counter("out_of_time" if s.out_of_time else s.end for s in sessions)
    for reason, name in (
        ("gave_up", "Given up"),
        ("out_of_time", "Out of time"),
        ("bad_task", "Called a bad task"),
    ):
        if stopped := ends[reason]:
            yield f"{name}: {_count(stopped)}, counted as unsolved from then on."
    edited = sum(bool(s.edits) for s in sessions)
    if edited:
        yield (
            f"In {_count(edited)} the person edited code by hand; what came of that is not counted as solved by "
            "feedback."
        )
    branched = sum(
        s.most_interventions > max((p.round for p in s.dialogue_or_edited), default=0) for s in sessions
    )
    if branched:
        yield (
            f"In {_count(branched)} the person spoke on several paths, again before an answer, or after an answer "
            "that changed nothing; every feedback given before a program is counted as an intervention, so that "
            "there can be more of them than rounds."
        )


def _mixtures(sessions: Sequence[SessionRecord]) -> Iterator[str]:
    most = longest(sessions)
    limited = sum(s.rounds < most and s.solve is None for s in answered(sessions))
    if limited:
        yield (
            f"{_count(limited)} could have fewer than {most} interventions and stayed unsolved: counted as unsolved "
            "in every point, so that later rates are lower bounds (`--by rounds` keeps them apart)."
        )
    mixed: dict[str, set[Any]] = {
        "rounds": {s.rounds for s in sessions},
        "samples a round": {s.samples for s in sessions},
        "visible tests in the prompt": {s.visible_tests for s in sessions},
        "precision": {s.precision for s in sessions},
        "condition": {tuple(sorted(s.condition.items())) for s in sessions},
    }
    names = [name for name, values in mixed.items() if len(values) > 1]
    if names:
        yield f"Sessions that differ in {', '.join(names)} are pooled here; `--by` or `--condition` keeps them apart."


def _rounds(curve: Sequence[CurvePoint]) -> Iterator[str]:
    thin = [p for p in curve if p.arm == "human" and p.interventions and p.asked < FEW_DISCORDANT]
    if thin:
        names = ", ".join(f"{p.interventions} ({p.asked})" for p in thin)
        yield f"Few sessions came so far (interventions, and sessions that had it): {names}."


def _controls(sessions: Sequence[SessionRecord], lifts: Sequence[Lift]) -> Iterator[str]:
    states = sum(len(found) for s in answered(sessions) for found in s.spoken.values())
    overall = [lift for lift in lifts if lift.round == "all"]
    if states and not overall:
        yield "No control arms were made, so nothing here says that it was the feedback: run `assistant arms DIR`."
    missing = [f"{lift.arm} {lift.pairs} of {states}" for lift in overall if lift.pairs < states]
    if missing:
        yield (
            f"Controls are missing ({'; '.join(missing)} made): in the solve rates the states that have one stand "
            f"for those that have none; an arm made in fewer than {LEAST_COVERAGE:.0%} of an intervention's states "
            "has no point there. `assistant arms DIR` completes them; the failing tests alone cannot be shown "
            "where no test failed."
        )
    thin = [lift.arm for lift in overall if lift.only_human + lift.only_control < FEW_DISCORDANT]
    if thin:
        yield f"Fewer than {FEW_DISCORDANT} pairs differ for {', '.join(thin)}: too few to see an effect."


def _hidden(sessions: Sequence[SessionRecord]) -> Iterator[str]:
    without = len({s.problem_sha256 for s in sessions if not s.problem.hidden_tests})
    if without:
        yield f"No hidden tests for {_count(without, 'problem')}: false solves cannot be seen there."


def _unsealed(sessions: Sequence[SessionRecord], sealed: Sequence[CurvePoint]) -> Iterator[str]:
    solves = [s.solve for s in answered(sessions) if s.solve is not None]
    unsealed = sum(not solve.sealed for solve in solves)
    if unsealed and sealed:
        yield (
            f"Of {_count(len(solves), 'solve')} {unsealed} ({unsealed / len(solves):.0%}) are unsealed: a test ran "
            "in the program's process, which could have forged the verdict. Sealed verdicts alone: "
            f"{sealed[0].rate:.0%} at the first answer, {sealed[-1].rate:.0%} at the end (table curve_sealed)."
        )


def _hard_coded(sessions: Sequence[SessionRecord]) -> Iterator[str]:
    solves = [s.solve for s in answered(sessions) if s.solve is not None]
    named = sum(solve.hard_coded > 0 for solve in solves)
    if named:
        yield (
            f"Of {_count(len(solves), 'solve')} {named} ({named / len(solves):.0%}) name the inputs of visible tests "
            "in their code, and may know these answers alone. This is a hint: they are counted as solves."
        )


def _alone(sessions: Sequence[SessionRecord], alone: Sequence[Alone]) -> Iterator[str]:
    most = max(0, longest(sessions)) + 1
    drawn = alone[-1].tries if alone else 0
    if drawn < most:
        yield (
            f"At most {_count(drawn, 'sample')} without feedback can be compared (a person had up to {most}): "
            "complete the `resample` arm where it is missing (`assistant arms DIR`), or hold more sessions on "
            "the same problems, whose samples are pooled."
        )


def _count(number: int, of: str = "session") -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"
