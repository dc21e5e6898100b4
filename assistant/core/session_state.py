"""The state of a session that runs, and its programs, as values; `state.py` makes it of the session's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assistant.core import events as ev
from assistant.core.control_arms import RECORDED
from assistant.core.generation import COMPLETE, Finish
from assistant.core.outcome import Report, is_false_solve
from assistant.core.pending_feedback import is_last_program
from assistant.core.problem import FrozenModel, Problem, Test

REDRAW_SAMPLES = 3
"""Programs of a second draw after an answer that changed nothing: the best one that differs is taken."""


class Program(FrozenModel):
    """One program of the session: a model's sample, a person's edit, or the function that a person brought."""

    id: str
    turn: int
    sample: int = 0
    round: int
    parent: str | None = None
    arm: ev.Arm = "human"
    edited: bool = False
    given: bool = False
    """A person brought it: it stands in the place of the first answer."""
    of_person_alone: bool = False
    """A person edited it in a session without a model."""
    feedback: str = ""
    """The feedback that led to it, empty for round 0."""
    text: str = ""
    """The model's whole answer; empty for what a person wrote."""
    code: str | None = None
    answer_problem: str = ""
    finish: Finish | None = None
    visible: Report | None = None
    hidden: Report | None = None
    hard_coded: int = 0
    """Visible tests whose inputs it names, where it passes all of them."""
    redraw_of: int | None = None
    """The turn whose prompt was drawn once more for it, because that turn gave no program or no other one."""
    draw_of: int | None = None
    """The turn whose prompt it answers, for a further draw."""
    point: int | None = None
    """The point of its feedback, from 1, that it was asked for by itself, in a step of its own."""
    chosen: bool = False
    """The person went on from it by choice, or the session from a step."""

    @property
    def answers_turn(self) -> int:
        """The turn whose prompt it answers: its own, or for a further draw the one that was drawn again."""
        return self.turn if self.draw_of is None else self.draw_of

    @property
    def first_draw(self) -> int:
        """The turn that asked first for what it answers: of a second draw, the turn that gave nothing new."""
        return self.answers_turn if self.redraw_of is None else self.redraw_of

    @property
    def answers_feedback(self) -> bool:
        """Whether feedback on its parent led to it: neither a first answer nor an edit."""
        return self.parent is not None and not self.edited

    @property
    def solved(self) -> bool:
        """All visible tests pass."""
        return self.visible is not None and self.visible.passed

    @property
    def hidden_passed(self) -> bool | None:
        """All hidden tests pass; None where none has judged it."""
        return None if self.hidden is None else self.hidden.passed

    @property
    def false_solve(self) -> bool:
        """Passes the visible tests and fails a hidden one."""
        return is_false_solve(self.solved, self.hidden_passed)

    @property
    def complete(self) -> bool:
        """Neither cancelled nor failed: it counts as an answer."""
        return self.finish is None or self.finish.reason in COMPLETE


class State(FrozenModel):
    """Everything a screen or a resumed session needs to know."""

    session: str = ""
    problem: Problem | None = None
    settings: ev.Settings = ev.Settings()
    started: ev.SessionStarted | None = None
    programs: tuple[Program, ...] = ()
    current: str | None = None
    """The current program; feedback is about it."""
    open_turn: ev.GenerationStarted | None = None
    """A generation that has started and not every sample of which has finished."""
    last_turn: ev.GenerationStarted | None = None
    """The last generation of the person's dialogue that came to its end with a complete answer."""
    asked: tuple[ev.GenerationStarted, ...] = ()
    """Generations of the person's dialogue that were begun, in order."""
    open_arms: tuple[ev.GenerationStarted, ...] = ()
    """The same for control arms."""
    pending_feedback: ev.FeedbackGiven | None = None
    """Feedback that no complete answer has followed yet."""
    feedback_count: int = 0
    """Every feedback that was given, those of branches that were left included."""
    extra_tests: tuple[Test, ...] = ()
    draft: str = ""
    effort: ev.Effort = ev.Effort()
    clock: ev.Effort = ev.Effort()
    """Totals at the last reading of the clock, that of the session's end included."""
    chosen_turn: int = -1
    """The turn of which the person chose a sample themselves."""
    turns: int = 0
    """The number that the next turn gets."""
    draws: int = 0
    """Turns of the person's dialogue that came to their end (answered, cancelled or failed). The next one's
    random state follows from this, so that neither control arms nor a crash in mid-answer change it."""
    author: ev.Author = "person"
    """Who speaks from here on."""
    author_model: str = ""
    consents: tuple[ev.ConsentGiven, ...] = ()
    answered: tuple[str, ...] = ()
    """A study's questions that were answered or skipped."""
    events: int = 0
    ending: ev.SessionEnding | None = None
    """The session is over, and its end waits for the answers to a study's questions."""
    ended: ev.SessionEnded | None = None
    branches: int = 0
    """How often the person went back to a program of an earlier turn."""
    experiment: State | None = None
    """The session at its first final end, where the person went on after it."""
    closed_on: str | None = None
    """The program of the last final end: the person knows its hidden verdict."""
    extra_rounds: int = 0
    """Rounds that the person took beyond the experiment."""

    def program(self, program_id: str) -> Program:
        """The program with this id. Raises KeyError."""
        for program in self.programs:
            if program.id == program_id:
                return program
        raise KeyError(program_id)

    @property
    def current_program(self) -> Program | None:
        """The program that feedback would be about."""
        return None if self.current is None else self.program(self.current)

    @property
    def round(self) -> int:
        """Round of the current program; 0 before the first."""
        return 0 if self.current_program is None else self.current_program.round

    @property
    def solved(self) -> bool:
        """The current program passes all visible tests."""
        return self.current_program is not None and self.current_program.solved

    @property
    def tries_left(self) -> int:
        """Rounds that the current program leaves."""
        used = 0 if self.current is None else self.rounds_used(self.current)
        return max(0, self.round_limit - used)

    @property
    def round_limit(self) -> int:
        """Rounds of the session, those beyond the experiment included."""
        return self.settings.rounds + self.extra_rounds

    @property
    def beyond(self) -> bool:
        """Whether the person went on after the end: what follows is beyond the experiment."""
        return self.experiment is not None

    @property
    def of_experiment(self) -> State:
        """The session without what is beyond the experiment: as its first final end left it, with later controls."""
        if self.experiment is None:
            return self
        known = {program.id for program in self.experiment.programs}
        controls = [p for p in self.programs if p.id not in known and p.arm in RECORDED]
        kept = {
            name: getattr(self, name) for name in ("open_arms", "turns", "consents", "answered", "events")
        }
        programs = (*self.experiment.programs, *controls)
        return self.experiment.model_copy(update={**kept, "programs": programs})

    @property
    def is_over(self) -> bool:
        """The session has ended and cannot be continued: hidden verdicts may be shown."""
        return self.ended is not None and ev.is_final(self.ended.reason)

    @property
    def is_decided(self) -> bool:
        """The session has ended, or would but for a study's questions."""
        return self.ended is not None or self.ending is not None

    @property
    def may_go_on(self) -> bool:
        """Whether the person may go on after the end, beyond the experiment."""
        ended = self.ended
        return ended is not None and ended.reason in ev.CONTINUABLE and self.settings.continue_after_end

    @property
    def may_reopen(self) -> bool:
        """Whether they may also do so on another day: outside studies."""
        return self.may_go_on and (self.started is None or self.started.study is None)

    @property
    def total_effort(self) -> ev.Effort:
        """The person's time of the whole session."""
        return ev.total_effort(self.clock, self.effort)

    def is_out_of_time(self, reason: str, effort: ev.Effort) -> bool:
        """Whether an end with this reason and these totals of the clock comes of the time limit."""
        left = None if self.beyond else self.settings.seconds_left(effort.active)
        return reason == "gave_up" and left is not None and left <= 0

    @property
    def human_programs(self) -> tuple[Program, ...]:
        """Programs of the person's own dialogue (control arms left out)."""
        return tuple(program for program in self.programs if program.arm == "human")

    @property
    def dialogue(self) -> tuple[Program, ...]:
        """`human_programs`, and the further draws that the person went on from."""
        return tuple(p for p in self.programs if p.arm == "human" or (p.arm == ev.DRAW and p.chosen))

    def draws_of(self, turn: int | None) -> int:
        """How many turns of further draws were made of this turn's prompt: the next one's seed follows from it."""
        return len({p.turn for p in self.programs if p.draw_of is not None and p.draw_of == turn})

    def path(self, program_id: str | None) -> tuple[Program, ...]:
        """From round 0 to this program: what the model's context holds."""
        steps: list[Program] = []
        while program_id is not None:
            program = self.program(program_id)
            steps.append(program)
            program_id = program.parent
        return tuple(reversed(steps))

    def report_before(self, program: Program) -> Report | None:
        """The last verdict on the visible tests on the way to `program`: an answer without a program has none."""
        tested = (step.visible for step in reversed(self.path(program.parent)) if step.visible is not None)
        return next(tested, None)

    def words(self, program_id: str | None) -> int:
        """Feedbacks on the path to this program."""
        return sum(program.answers_feedback for program in self.path(program_id))

    def rounds_used(self, program_id: str) -> int:
        """How many of the feedbacks on the path to this program used a round up.

        All, or (`Settings.unchanged_uses_round`) those whose answer, any sample of it, holds another program than
        the one before.
        """
        if self.settings.unchanged_uses_round:
            return self.program(program_id).round
        return sum(
            program.answers_feedback and self.brought_another(program.turn)
            for program in self.path(program_id)
        )

    def brought_another(self, turn: int) -> bool:
        """Whether any sample of this answer to feedback holds another program than the one before."""
        answers = [program for program in self.programs if program.turn == turn and program.complete]
        return any(program.code is not None and not self.changed_nothing(program) for program in answers)

    def changed_nothing(self, program: Program | None) -> bool:
        """Whether feedback led to `program`, and it is the last program on the path to it."""
        if program is None or program.code is None or not program.answers_feedback:
            return False
        return self._same_as(program.parent, program.code)

    def _same_as(self, parent: str | None, code: str) -> bool:
        """Whether `code` is the last program on the path to `parent`."""
        return is_last_program(code, (program.code for program in reversed(self.path(parent))))

    def redraw_samples(self, parent: str | None, answers: Sequence[str | None], asked: int) -> int:
        """How many answers the second draw of a prompt has; 0 where it is not drawn again.

        `answers` are the programs found in the first draw, as many as the session's samples, for feedback on
        `parent`; `asked` is how many answers the first draw had. The same for the person's answer and a control's.
        """
        if not any(answers):
            return asked if self.settings.redraw else 0
        same = all(code is None or self._same_as(parent, code) for code in answers)
        return max(REDRAW_SAMPLES, self.settings.samples) if same and self.settings.redraw_unchanged else 0

    def origin_of(self, test: Test) -> Literal["person", "hidden"]:
        """Whose test this is: beyond the experiment hidden tests are known, and may be made visible ones."""
        hidden = self.problem.hidden_tests if self.problem is not None else ()
        return "hidden" if self.beyond and test in hidden else "person"

    def failing_hidden_tests(self) -> tuple[Test, ...]:
        """Hidden tests that the program at the last end failed and that are no visible ones yet."""
        judged = None if self.closed_on is None else self.program(self.closed_on)
        if judged is None or judged.hidden is None or self.problem is None:
            return ()
        cases = zip(self.problem.hidden_tests, judged.hidden.cases, strict=False)
        return tuple(test for test, case in cases if not case.passed and test not in self.extra_tests)

    def judged_by_all(self, program: Program) -> bool:
        """Whether the visible tests as they are now judged the program: the person may have added some since."""
        cases = program.visible.cases if program.visible is not None else ()
        return len(cases) == len(self.visible_tests())

    def visible_tests(self) -> tuple[Test, ...]:
        """The problem's visible tests and the person's own."""
        return () if self.problem is None else self.problem.visible_tests + self.extra_tests
