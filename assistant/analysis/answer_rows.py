"""Answers to feedback and to its controls, one a row: what the regressions of solving read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.analysis.solve_curve import answered, first_solve
from assistant.core.control_arms import RECORDED
from assistant.journal.records import SessionRecord

FEEDBACK = "human"


@dataclass(frozen=True)
class AnswerRow:
    """What one arm's answer brought from one state."""

    state: int
    arm: str
    """`human` for the feedback itself, whoever spoke."""
    round: int
    order: int
    """Sessions that the annotator had held before."""
    problem: str
    annotator: str
    solved: bool


def positions(sessions: Sequence[SessionRecord]) -> Mapping[str, int]:
    """By session: how many the same annotator had begun before it."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    for session in sorted(sessions, key=lambda s: (s.began, s.id)):
        found[session.id] = counts.get(session.annotator, 0)
        counts[session.annotator] = found[session.id] + 1
    return found


def answer_rows(sessions: Sequence[SessionRecord]) -> list[AnswerRow]:
    """The feedback's answer and each control's of every state that has a control; in an order of their own."""
    sessions = sorted(answered(sessions), key=lambda s: s.id)
    order, rows, state = positions(sessions), list[AnswerRow](), 0
    for session in sessions:
        for round_, states in sorted(session.spoken.items()):
            for about, human in states:
                answers = {arm: session.controls.get((arm, about, round_)) for arm in RECORDED}
                made = {arm: found for arm, found in answers.items() if found}
                for arm, found in ({FEEDBACK: human} | made).items() if made else ():
                    solved = first_solve(found) is not None
                    place = (session.problem_sha256, session.annotator)
                    rows.append(AnswerRow(state, arm, round_, order[session.id], *place, solved))
                state += bool(made)
    return rows
