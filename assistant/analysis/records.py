"""A session for the analysis: its programs as a tree, the feedback between them, and times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from assistant.core.control_arms import RECORDED
from assistant.core.events import Effort
from assistant.core.problem import Problem
from assistant.core.speaker import PEOPLE, Spoke, speaker

ARMS: tuple[str, ...] = RECORDED
"""Control arms, in the order in which they are shown."""
DIALOGUE_ARMS = ("human", "simulated")
"""Arms that answer feedback on this program; their programs make the dialogue."""


class Program(NamedTuple):
    """One program. `solved`: every visible test passed; `honest`: every hidden one too, None where none ran.

    `sealed`: no visible test ran in the program's process, which could then have forged its verdict.
    """

    seq: int
    id: str
    turn: int
    sample: int
    round: int
    parent: str | None
    arm: str
    edited: bool
    complete: bool
    """Neither cancelled nor failed."""
    solved: bool
    honest: bool | None
    code_sha256: str
    prompt_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0
    sealed: bool = True
    redraw_of: int | None = None
    """The turn that held no program and whose prompt was drawn once more for this one."""

    @property
    def false_solve(self) -> bool:
        return self.solved and self.honest is False

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.prompt_tokens + self.generated_tokens


@dataclass(frozen=True, slots=True)
class Feedback:
    """Feedback on the program `about`; `round` is the one that it leads to."""

    seq: int
    about: str
    round: int
    text: str
    kinds: tuple[str, ...]
    effort: Effort
    author: str
    code: str
    """The program that the feedback is on."""
    author_model: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A person edited the code by hand; `program` is the result."""

    seq: int
    program: str
    round: int
    effort: Effort


@dataclass(frozen=True)
class Session:
    """One journal. Programs, feedback and edits are in the order they happened."""

    id: str
    annotator: str
    problem: Problem
    problem_sha256: str
    model: str
    precision: str
    rounds: int
    samples: int
    visible_tests: int | None
    """How many visible tests the prompt showed; None is all."""
    study: str
    condition: Mapping[str, str]
    imported_from: str
    programs: tuple[Program, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    edits: tuple[Edit, ...] = ()
    end: str = "open"
    """Reason of its end; `open` where it has none yet."""
    announced: Spoke = ("person", "")
    """Who was to speak."""
    clock: Effort = field(default_factory=Effort)
    """Totals of the effort clock, zeros where it did not run."""

    @cached_property
    def by_id(self) -> dict[str, Program]:
        return {program.id: program for program in self.programs}

    @cached_property
    def dialogue(self) -> tuple[Program, ...]:
        """Complete programs of the dialogue, made by feedback alone: none after an edit by hand."""
        if not self.edits:
            return self.dialogue_or_mended
        return tuple(p for p in self.dialogue_or_mended if not self._mended(p))

    @cached_property
    def dialogue_or_mended(self) -> tuple[Program, ...]:
        """The model's complete programs of the dialogue, also those that follow an edit by hand."""
        return tuple(
            p
            for p in self.programs
            if p.arm in DIALOGUE_ARMS and p.complete and not p.edited and p.turn not in self.redrawn
        )

    @cached_property
    def redrawn(self) -> frozenset[int]:
        """Turns without a program that were drawn once more: the second draw is their answer, in every arm."""
        return frozenset(p.redraw_of for p in self.programs if p.redraw_of is not None and p.complete)

    @cached_property
    def controls(self) -> dict[tuple[str, str, int], list[Program]]:
        """Complete programs of control arms by arm, program spoken about and round.

        As many as the person's answer had: what `resample` draws beyond that is for tries without a person. The
        first whole turn counts; one is made again only where a crash left it half written.
        """
        turns: dict[tuple[str, str, int], dict[int, list[Program]]] = {}
        for program in self.programs:
            fit = program.arm not in DIALOGUE_ARMS and program.complete and program.sample < self.samples
            fit = fit and program.turn not in self.redrawn
            if fit and program.parent:
                made = turns.setdefault((program.arm, program.parent, program.round), {})
                made.setdefault(program.turn, []).append(program)
        return {task: max(made.values(), key=len) for task, made in turns.items()}

    @cached_property
    def spoken(self) -> dict[int, list[tuple[str, list[Program]]]]:
        """By round, the states from which words led to it: the program spoken about, and the first answers.

        Where a person went back and said something else about the same program, the first time counts.
        """
        states: dict[tuple[int, str], list[Program]] = {}
        for program in self.dialogue_or_mended:
            if program.round and program.parent:
                made = states.setdefault((program.round, program.parent), [])
                if not made or made[0].turn == program.turn:
                    made.append(program)
        found: dict[int, list[tuple[str, list[Program]]]] = {}
        for (round_, parent), made in states.items():
            found.setdefault(round_, []).append((parent, made))
        return found

    @cached_property
    def is_answered(self) -> bool:
        """Whether its first answer is complete; a session without one says nothing about solving."""
        return any(p.round == 0 for p in self.dialogue_or_mended)

    @property
    def has_ended(self) -> bool:
        """Whether it can no longer be continued."""
        return self.end not in ("open", "interrupted")

    @property
    def speaker(self) -> str:
        """Who spoke: `people`, `model NAME`, `simulated`, `unknown speaker`, or `several speakers`."""
        said = [(words.author, words.author_model) for words in self.feedback]
        if any(p.arm == "simulated" for p in self.programs):
            said = [spoke for spoke in said if spoke[0] == "model"] or [("model", "")]
        return speaker(said, self.announced)

    @property
    def origin(self) -> str:
        """Who spoke and where: feedback of different origin is never pooled."""
        if not self.imported_from:
            return self.speaker
        imported = f"imported from {self.imported_from}"
        return imported if self.speaker == PEOPLE else f"{imported}, {self.speaker}"

    @property
    def effort(self) -> Effort:
        """The clock's totals where it ran, else what feedback and edits add up to."""
        if self.clock != Effort():
            return self.clock
        efforts = [words.effort for words in self.feedback] + [edit.effort for edit in self.edits]
        return sum(efforts, Effort())

    def interventions(self, program: Program) -> int:
        """Feedbacks that had been given when the program was made, those on paths that were left included."""
        return max(program.round, bisect_left(self._feedback_places, program.seq))

    @cached_property
    def _feedback_places(self) -> list[int]:
        return sorted(words.seq for words in self.feedback)

    def solved_at(self, interventions: int) -> Program | None:
        """The program that solves the problem within so many interventions, by feedback alone: the first shown."""
        return self._within(self.solve, interventions)

    def _within(self, solve: Program | None, interventions: int) -> Program | None:
        return solve if solve is not None and self.interventions(solve) <= interventions else None

    def state_before(self, intervention: int) -> tuple[str, int] | None:
        """The program that this intervention was about, and the round that it led to; None without an answer to it
        that is made by feedback alone."""
        answers = (p for p in self.dialogue if p.round and self.interventions(p) == intervention)
        return next(((p.parent, p.round) for p in answers if p.parent), None)

    @cached_property
    def solve(self) -> Program | None:
        """The program that solves the problem by feedback alone, after however many of them: the first shown."""
        return first_shown(p for p in self.dialogue if p.solved)

    def solved_sealed_at(self, interventions: int) -> Program | None:
        """`solved_at`, where only verdicts count that no program could have forged."""
        solve = first_shown(p for p in self.dialogue if p.solved and p.sealed)
        return self._within(solve, interventions)

    def _mended(self, program: Program) -> bool:
        if not self.edits:
            return False
        step: Program | None = program
        while step is not None:
            if step.edited:
                return True
            step = self.by_id.get(step.parent) if step.parent else None
        return False


def first_shown(programs: Iterable[Program]) -> Program | None:
    """The one that a person saw first."""
    return min(programs, key=lambda p: (p.turn, p.sample), default=None)
