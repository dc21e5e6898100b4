"""A person alone beside people with a model: how many solve, and how long it takes them, on the same problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from assistant.core.speaker import PEOPLE
from assistant.core.stats.proportion import wilson
from assistant.journal.records import SessionRecord


@dataclass(frozen=True)
class Way:
    """People who worked in one way on the problems that were worked on in both."""

    way: str
    """`alone`, or `with` and the model's name."""
    sessions: int
    problems: int
    annotators: int
    solved: int
    """By words, by hand, or by a further draw: whatever the person did."""
    rate: float
    low: float
    high: float
    false_solves: int
    timed: int
    """Solved sessions with any time on the clock; the medians are over these."""
    median_seconds: float | None
    """Until it was solved: the person's own time and their waiting."""
    median_own_seconds: float | None
    """Reading, typing and editing alone."""


def alone_and_with_model(sessions: Sequence[SessionRecord]) -> list[Way]:
    """The person alone first, then with each model, on problems of both; empty where nobody worked alone.

    A session that the first answer solves counts as one with the model: the person had nothing to do.
    """
    alone = [s for s in sessions if s.person_alone and s.origin == f"{PEOPLE} alone"]
    with_model = [s for s in sessions if s.origin == PEOPLE and s.is_answered]
    if not alone:
        return []
    shared = {s.problem_sha256 for s in alone} & {s.problem_sha256 for s in with_model}
    if shared:
        alone = [s for s in alone if s.problem_sha256 in shared]
    models: dict[str, list[SessionRecord]] = {}
    for session in with_model:
        if session.problem_sha256 in shared:
            models.setdefault(session.model, []).append(session)
    return [_way("alone", alone), *(_way(f"with {model}", found) for model, found in sorted(models.items()))]


def _way(name: str, sessions: Sequence[SessionRecord]) -> Way:
    solved = [session for session in sessions if solved_somehow(session)]
    efforts = [session.effort for session in solved]
    timed = [effort for effort in efforts if effort.active + effort.waiting > 0]
    return Way(
        name, len(sessions), len({s.problem_sha256 for s in sessions}), len({s.annotator for s in sessions}),
        len(solved), len(solved) / len(sessions), *wilson(len(solved), len(sessions)),
        sum(_false(session) for session in solved), len(timed),
        median(e.active + e.waiting for e in timed) if timed else None,
        median(e.active for e in timed) if timed else None,
    )  # fmt: skip


def _solving(session: SessionRecord) -> Iterator[bool]:
    """For each program of the person's session that solves, whether it is a false solve."""
    for program in session.programs:
        own = program.edited or program.arm == "human" or program in session.draws_chosen
        if own and program.solved and program.counts:
            yield program.false_solve


def solved_somehow(session: SessionRecord) -> bool:
    """By words, by hand, or by a further draw: whatever the person did."""
    return next(_solving(session), None) is not None


def _false(session: SessionRecord) -> bool:
    return next(_solving(session))


def sentence(ways: Sequence[Way]) -> str:
    """The person alone against people with a model; empty where nobody worked alone."""
    if not ways:
        return ""
    parts = [
        f"{way.way}: {way.solved} of {way.sessions} sessions solved ({way.rate:.0%}, {way.low:.0%}–{way.high:.0%})"
        + (
            f", half of these within {way.median_seconds:.0f} s ({way.median_own_seconds:.0f} s without waiting)"
            if way.median_seconds is not None and way.median_own_seconds is not None
            else ""
        )
        for way in ways
    ]
    end = (
        f" The same {ways[0].problems} problem(s); times are of solved sessions alone: read them with the shares."
        if len(ways) > 1
        else " No session with a model is on the same problems."
    )
    return f"Writing the program by hand, without the model: {'; '.join(parts)}.{end}"
