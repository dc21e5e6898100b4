"""The record of a session as frozen values: its programs as a tree, the feedback between them, and times.

Analysis, datasets and lists read sessions in this form (`load.py` makes it of journals), so that a question such as
"was it solved by feedback alone?" has one answer, which stands here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assistant.core.events import DIALOGUE_ARMS, DRAW, Effort, is_final, total_effort
from assistant.core.problem import Problem
from assistant.core.speaker import PEOPLE, Spoke, speaker
from assistant.journal.record_parts import ConsentRecord as ConsentRecord
from assistant.journal.record_parts import Content as Content
from assistant.journal.record_parts import Edit as Edit
from assistant.journal.record_parts import Feedback as Feedback
from assistant.journal.record_parts import Model as Model
from assistant.journal.record_parts import ProgramRecord as ProgramRecord
from assistant.journal.record_parts import PromptRecord as PromptRecord
from assistant.journal.record_parts import StudyFreeze as StudyFreeze

_UNNAMED = Model("")


@dataclass(frozen=True)
class SessionRecord:
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
    programs: tuple[ProgramRecord, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    edits: tuple[Edit, ...] = ()
    end: str = "open"
    """Reason of its end; `open` where it has none yet."""
    out_of_time: bool = False
    """Whether it ended, as `gave_up`, because its time limit was reached."""
    announced: Spoke = ("person", "")
    """Who was to speak."""
    clock: Effort = field(default_factory=Effort)
    """Totals at the last reading of the effort clock, zeros where it did not run."""
    unchanged_uses_round: bool = True
    """Whether feedback used a round up whose answer held the program before it, or none."""
    failing_cases: bool = False
    """Whether failing cases accompanied the feedback."""
    temperature: float = 0.0
    seed: int = 0
    started_with: Model = _UNNAMED
    """The model at the session's start; each prompt names its own."""
    consent: ConsentRecord | None = None
    """None where the session holds no consent question."""
    given: bool = False
    """It began with a person's own function: no first answer is the model's."""
    person_alone: bool = False
    """The person wrote the program without the model, on the clock."""
    study_problems: int | None = None
    """How many problems its study has for this annotator; None where that is not on record."""
    freeze: StudyFreeze | None = None
    """The frozen plan of its study that it was held under; None: none."""
    schema: int = 1
    began: str = field(default="", compare=False)
    """Wall clock of its first line, ISO 8601."""
    tip: str = field(default="", compare=False)
    """SHA-256 of the journal's last line: it stands for the file's content, to its last space."""

    @cached_property
    def by_id(self) -> dict[str, ProgramRecord]:
        return {program.id: program for program in self.programs}

    @cached_property
    def dialogue(self) -> tuple[ProgramRecord, ...]:
        """Answers of the dialogue, made by feedback alone: none after an edit by hand or a further draw."""
        return tuple(p for p in self.with_draws if not self.follows_draw(p))

    @cached_property
    def with_draws(self) -> tuple[ProgramRecord, ...]:
        """`dialogue`, with the further draws that the person went on from and what followed from them."""
        if not (self.edits or self.given or self.draws_chosen):
            return self.dialogue_or_edited
        found = [*self.dialogue_or_edited, *self.draws_chosen]
        return tuple(p for p in sorted(found, key=lambda p: p.seq) if not self.follows_edit(p))

    @cached_property
    def draws_chosen(self) -> tuple[ProgramRecord, ...]:
        """Further draws that the person went on from, and steps that the session did (`draws_taken`: the former)."""
        return tuple(p for p in self.programs if p.arm == DRAW and p.chosen and p.counts)

    @property
    def draws_taken(self) -> tuple[ProgramRecord, ...]:
        """Further draws that the person went on from; no steps of feedback of several points."""
        return tuple(p for p in self.draws_chosen if p.point is None)

    @cached_property
    def further_draws(self) -> dict[int, list[ProgramRecord]]:
        """Further draws, by the turn whose prompt they answer."""
        found: dict[int, list[ProgramRecord]] = {}
        for program in self.programs:
            if program.draw_of is not None and program.point is None and program.counts:
                found.setdefault(program.draw_of, []).append(program)
        return found

    @cached_property
    def draws_offered(self) -> frozenset[int]:
        """Turns beside whose answer a further draw passed more visible tests."""
        best: dict[int, int] = {}
        for program in self.programs if self.further_draws else ():
            best[program.turn] = max(program.passed, best.get(program.turn, -1))
        return frozenset(
            turn
            for turn, drawn in self.further_draws.items()
            if max(program.passed for program in drawn) > best.get(turn, -1)
        )

    @cached_property
    def dialogue_or_edited(self) -> tuple[ProgramRecord, ...]:
        """The model's answers of the dialogue, also those that follow an edit by hand."""
        return tuple(
            p
            for p in self.programs
            if p.arm in DIALOGUE_ARMS and p.counts and not p.edited and p.turn not in self.redrawn
        )

    @cached_property
    def redrawn(self) -> frozenset[int]:
        """Turns that gave nothing new and were drawn once more: the second draw is their answer, in every arm."""
        return frozenset(p.redraw_of for p in self.programs if p.redraw_of is not None and p.counts)

    @cached_property
    def drawn_again(self) -> dict[int, str]:
        """Turns of the dialogue that were drawn once more by themselves, and why: `unchanged` or `no program`."""
        return {
            p.turn: "unchanged" if p.turn in self.drawn_for_another else "no program"
            for p in self.programs
            if p.turn in self.redrawn and p.arm in DIALOGUE_ARMS
        }

    def second_draw_brought(self, turn: int) -> bool:
        """Whether the second draw of a turn brought another program, or one at all."""
        second = (p for p in self.programs if p.redraw_of == turn and p.counts)
        return any(p.code_sha256 and not p.unchanged for p in second)

    @cached_property
    def controls(self) -> dict[tuple[str, str, int], list[ProgramRecord]]:
        """Complete programs of control arms by arm, program spoken about and round.

        As many as the person's answer had: what `resample` draws beyond that is for tries without a person. The
        first whole turn counts; one is made again only where a crash left it half written.
        """
        turns: dict[tuple[str, str, int], dict[int, list[ProgramRecord]]] = {}
        for program in self.programs:
            fit = program.arm not in (*DIALOGUE_ARMS, DRAW) and program.counts and self._is_compared(program)
            fit = fit and program.turn not in self.redrawn
            if fit and program.parent:
                made = turns.setdefault((program.arm, program.parent, program.round), {})
                made.setdefault(program.turn, []).append(program)
        return {task: max(made.values(), key=len) for task, made in turns.items()}

    def _is_compared(self, program: ProgramRecord) -> bool:
        """Whether the person's answer has as many: of a second draw after the same program, all that were drawn."""
        return program.sample < self.samples or program.redraw_of in self.drawn_for_another

    @cached_property
    def drawn_for_another(self) -> frozenset[int]:
        """Turns that were drawn once more because they gave the program that the person spoke about."""
        return frozenset(
            p.turn
            for p in self.programs
            if p.turn in self.redrawn and p.sample < self.samples and p.code_sha256
        )

    @cached_property
    def spoken(self) -> dict[int, list[tuple[str, list[ProgramRecord]]]]:
        """By round, the states from which words led to it: the program spoken about, and the first answers.

        Where a person went back and said something else about the same program, the first time counts.
        """
        states: dict[tuple[int, str], list[ProgramRecord]] = {}
        for program in self.dialogue_or_edited:
            if program.round and program.parent:
                made = states.setdefault((program.round, program.parent), [])
                if not made or made[0].turn == program.turn:
                    made.append(program)
        found: dict[int, list[tuple[str, list[ProgramRecord]]]] = {}
        for (round_, parent), made in states.items():
            found.setdefault(round_, []).append((parent, made))
        return found

    @cached_property
    def is_answered(self) -> bool:
        """Whether its first answer is complete; a session without one says nothing about solving."""
        return any(p.round == 0 for p in self.dialogue_or_edited)

    @property
    def has_ended(self) -> bool:
        """Whether it can no longer be continued."""
        return is_final(self.end)

    @cached_property
    def most_interventions(self) -> int:
        """Interventions before its last answer."""
        return max((self.interventions(p) for p in self.dialogue_or_edited), default=0)

    @property
    def effective_rounds(self) -> int:
        """Interventions that it was to have at most, or had where those are more."""
        return max(self.rounds, self.most_interventions)

    @cached_property
    def speaker(self) -> str:
        """Who spoke: `people`, `model NAME`, `simulated`, `unknown speaker`, or `several speakers`.

        Programs of the arm `simulated` answer a model, whoever else is recorded.
        """
        said = [(given.author, given.author_model) for given in self.feedback]
        if any(p.arm == "simulated" for p in self.programs) and not any(who == "model" for who, _ in said):
            said.append(("model", ""))
        return speaker(said, self.announced)

    @property
    def origin(self) -> str:
        """Who spoke and where: feedback of different origin is never pooled."""
        if self.person_alone:
            return f"{self.speaker} alone"
        if self.given:
            return f"own functions of {self.speaker}"
        if not self.imported_from:
            return self.speaker
        imported = f"imported from {self.imported_from}"
        return imported if self.speaker == PEOPLE else f"{imported}, {self.speaker}"

    @property
    def effort(self) -> Effort:
        """The person's time of the whole session."""
        efforts = [given.effort for given in self.feedback] + [edit.effort for edit in self.edits]
        return total_effort(self.clock, sum(efforts, Effort()))

    def path(self, program: ProgramRecord) -> list[ProgramRecord]:
        """From the first program to this one. Raises KeyError where one of them is not in the session."""
        steps = [program]
        while (parent := steps[-1].parent) is not None:
            steps.append(self.by_id[parent])
        return steps[::-1]

    def feedback_of(self, program: ProgramRecord) -> Feedback | None:
        """The feedback that the program answers; for an edit, the last one on its parent."""
        return None if program.feedback is None else self.feedback[program.feedback]

    def interventions(self, program: ProgramRecord) -> int:
        """Feedbacks that had been given when the program was made, those on paths that were left included."""
        return max(program.round, bisect_left(self._feedback_places, program.seq))

    @cached_property
    def _feedback_places(self) -> list[int]:
        return sorted(given.seq for given in self.feedback)

    def solved_at(self, interventions: int) -> ProgramRecord | None:
        """The program that solves the problem within so many interventions, by feedback alone: the first shown."""
        return self._within(self.solve, interventions)

    def _within(self, solve: ProgramRecord | None, interventions: int) -> ProgramRecord | None:
        return solve if solve is not None and self.interventions(solve) <= interventions else None

    def state_before(self, intervention: int) -> tuple[str, int] | None:
        """The program that this intervention was about, and the round that it led to; None without an answer to it
        that is made by feedback alone."""
        answers = (p for p in self.dialogue if p.round and self.interventions(p) == intervention)
        return next(((p.parent, p.round) for p in answers if p.parent), None)

    def answers_to(self, words: Feedback) -> list[ProgramRecord]:
        """The complete programs that answer these words (one turn's), before the person spoke again."""
        end = next((f.seq for f in self.feedback if f.seq > words.seq), None)
        found = [
            p
            for p in self.dialogue_or_edited
            if p.seq > words.seq and (end is None or p.seq < end) and p.parent == words.about
            and p.round == words.round
        ]  # fmt: skip
        return [p for p in found if p.turn == found[0].turn]

    def outcome_of(self, words: Feedback) -> str:
        """What the answer to these words brought: `changed`, `unchanged`, `no program` or `no answer`."""
        answers = self.answers_to(words)
        if not answers:
            return "no answer"
        if any(p.code_sha256 and not p.unchanged for p in answers):
            return "changed"
        return "unchanged" if any(p.unchanged for p in answers) else "no program"

    @property
    def rounds_used(self) -> int:
        """Feedbacks that used a round up, on whichever path: those with an answer, or with another program."""
        return sum(self.uses_round(self.outcome_of(words)) for words in self.feedback)

    def uses_round(self, outcome: str) -> bool:
        """Whether feedback with this outcome used a round up."""
        return outcome == "changed" or (self.unchanged_uses_round and outcome != "no answer")

    @cached_property
    def solve(self) -> ProgramRecord | None:
        """The program that solves the problem by feedback alone, after however many of them: the first shown."""
        return first_shown(p for p in self.dialogue if p.solved)

    def solved_with_draws_at(self, interventions: int) -> ProgramRecord | None:
        """`solved_at`, where further draws that the person went on from count, and what followed from them."""
        return self._within(first_shown(p for p in self.with_draws if p.solved), interventions)

    def solved_sealed_at(self, interventions: int) -> ProgramRecord | None:
        """`solved_at`, where only verdicts count that no program could have forged."""
        solve = first_shown(p for p in self.dialogue if p.solved and p.sealed)
        return self._within(solve, interventions)

    def follows_words(self, program: ProgramRecord) -> bool:
        """Whether feedback led to the program, or to one on the way to it."""
        return any(step.parent is not None and not step.edited for step in self.path(program))

    def follows_edit(self, program: ProgramRecord) -> bool:
        """Whether the program, or one on the way to it, was written by a person."""
        return bool(self.edits or self.given) and any(step.edited for step in self._back_from(program))

    def follows_draw(self, program: ProgramRecord) -> bool:
        """Whether the program, or one on the way to it, is a further draw."""
        return bool(self.draws_chosen) and any(step.arm == DRAW for step in self._back_from(program))

    def _back_from(self, program: ProgramRecord) -> Iterator[ProgramRecord]:
        """The program, then those on the way to it, the nearest first."""
        step: ProgramRecord | None = program
        while step is not None:
            yield step
            step = self.by_id.get(step.parent) if step.parent else None


def first_shown(programs: Iterable[ProgramRecord]) -> ProgramRecord | None:
    """The one that a person saw first."""
    return min(programs, key=lambda p: (p.turn, p.sample), default=None)
