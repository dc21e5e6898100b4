"""Further draws and second draws: how often a prompt was answered more than once, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.journal.records import SessionRecord


@dataclass(frozen=True)
class DrawCounts:
    """Counts of a group. Answers are prompts of the dialogue that were answered, first answers among them."""

    answers: int
    again_unchanged: int
    """Answers that were drawn once more by themselves: they held the program before."""
    again_no_program: int
    """The same, because they held no program."""
    again_brought: int
    """Of both, those whose second draw brought another program, or one at all."""
    with_draws: int
    """Answers beside which further draws were made."""
    offered: int
    """Of them, those beside which one passed more visible tests than the answer."""
    taken: int
    """Further draws that the person went on from."""
    taken_solved: int
    """Of them, those that pass every visible test."""


def draw_counts(sessions: Sequence[SessionRecord]) -> DrawCounts:
    """The counts over all of `sessions`."""
    again = Counter(reason for session in sessions for reason in session.drawn_again.values())
    taken = [program for session in sessions for program in session.draws_taken]
    return DrawCounts(
        answers=sum(len({p.turn for p in session.dialogue_or_edited}) for session in sessions),
        again_unchanged=again["unchanged"],
        again_no_program=again["no program"],
        again_brought=sum(s.second_draw_brought(turn) for s in sessions for turn in s.drawn_again),
        with_draws=sum(len(session.further_draws) for session in sessions),
        offered=sum(len(session.draws_offered) for session in sessions),
        taken=len(taken),
        taken_solved=sum(program.solved for program in taken),
    )
