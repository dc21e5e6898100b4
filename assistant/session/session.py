"""A session: one problem, a first answer, and up to four rounds of feedback, each answered and tested.

`Session.execute` is the one way in: it takes a command and gives the events that follow from it. A recorded event
is on disk before it is given, so whatever a consumer shows is in the journal. Nothing here depends on a display.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, assert_never

from assistant.core import events as ev
from assistant.core.errors import AssistantError, UsageError
from assistant.core.generation import Engine
from assistant.core.ids import new_session_id
from assistant.core.problem import Problem
from assistant.core.state import State, program_id, replay
from assistant.core.submission import Sandbox
from assistant.journal.writer import Journal
from assistant.session import commands as cmd
from assistant.session import draws, evaluation, points, turns
from assistant.session.effort import EffortClock
from assistant.session.feedback_validation import clean_feedback
from assistant.session.header import Held, check_resumable, header, resumption
from assistant.session.person_alone import NO_MODEL_HERE, first_program
from assistant.session.rounds import RoundLoop


class _Reopened(NamedTuple):
    """Who continues a session that was interrupted or has ended, and how."""

    annotator: str
    held: Held


class Session(RoundLoop):
    """One person, one problem, one model setting; one append-only journal.

    `execute` blocks while the model writes and the tests run: a screen consumes it in a thread of its own. `cancel`,
    `prefill`, `save_draft` and `clock` may be called from another thread meanwhile.
    """

    def __init__(self, journal: Journal, state: State, engine: Engine, sandbox: Sandbox) -> None:
        super().__init__(journal, state, engine, sandbox)
        self._reopened: _Reopened | None = None
        self._resumed = False
        """The journal says that it was opened again."""
        self._given: ev.ProgramGiven | None = None
        self._clock: EffortClock | None = None

    @classmethod
    def begin(
        cls,
        problem: Problem,
        settings: ev.Settings,
        engine: Engine,
        sandbox: Sandbox,
        folder: Path,
        *,
        annotator: str,
        study: ev.StudyInfo | None = None,
        held: Held = Held(),
        given: ev.ProgramGiven | None = None,
    ) -> Session:
        """A new session with its header written. Raises EngineError, SandboxError, JournalError.

        `given` (`given_program`) is the person's own function, which then stands in place of the first answer, as
        does the one that the problem brings.
        """
        if given is None:
            given = first_program(problem, settings)
        name = new_session_id()
        first = header(name, problem, settings, engine.prepare(), sandbox, annotator, study, held)
        session = cls(Journal.create(folder, name), State(), engine, sandbox)
        try:
            session.record(first)
            if given is not None:
                session.record(given)
                session._given = given
        except BaseException:
            session.close()
            raise
        return session

    @classmethod
    def resume(
        cls, path: Path, engine: Engine, sandbox: Sandbox, *, annotator: str = "", held: Held = Held()
    ) -> Session:
        """A session as its journal left it; `annotator` is the annotator who continues, where known.

        One that has ended stays so until `commands.Continue`, which says who goes on. Raises JournalError (also where
        it may not go on after its end), UsageError when it is another annotator's.
        """
        journal, events = Journal.reopen(path)
        state = replay(events)
        try:
            check_resumable(state, path, annotator)
            session = cls(journal, state, engine, sandbox)
        except BaseException:
            journal.close()
            raise
        session._reopened = _Reopened(annotator, held)
        return session

    # Commands

    def execute(self, command: cmd.AnyCommand) -> Iterator[ev.LiveEvent]:
        """Do what a person asks for; the events that follow from it, as they happen.

        Consume it to its end: nothing is done before the first event is asked for. Raises UsageError for what is
        not possible now, and nothing is recorded of it; JournalError, EngineError and SandboxError.
        """
        credited = self.state.effort
        try:
            if command.clock is not None and not isinstance(command, cmd.Leave):
                self.clock("read", command.clock)
            for event in self._events_of(command):
                yield event
                if isinstance(event, ev.TestsFinished):  # the session may end right after
                    self._read_clock()
        except AssistantError:
            if self.state.effort == credited:
                self._put_back_effort(command)
            raise

    def _events_of(self, command: cmd.AnyCommand) -> Iterator[ev.LiveEvent]:
        match command:
            case cmd.Start():
                return self._start()
            case cmd.GiveFeedback():
                return self._give_feedback(command)
            case cmd.Regenerate():
                return self._regenerate()
            case cmd.DrawAnother():
                return self._draw_another()
            case cmd.EditCode():
                return self._edit(command)
            case cmd.ChooseProgram():
                return self._choose(command)
            case cmd.AddTest(test=test):
                return self._test_anew(ev.TestAdded(test=test, origin=self.state.origin_of(test)))
            case cmd.RemoveTest(test=test):
                return self._test_anew(ev.TestRemoved(test=test))
            case cmd.Evaluate(expression=expression):
                return self._evaluate(expression)
            case cmd.Continue(rounds=rounds):
                return self._continue(rounds)
            case cmd.End(reason=reason, note=note):
                return self._end(reason, note)
            case cmd.Leave():
                return self._leave(command)
            case cmd.GiveConsent():
                return self._give_consent(command)
            case cmd.AnswerQuestion(question=question, answer=answer):
                return self._answer_question(question, answer)
            case _:
                assert_never(command)

    def _start(self) -> Iterator[ev.LiveEvent]:
        if self._reopened is None:
            assert self.state.started is not None
            yield self.state.started
            if self._given is None:
                yield from self._answer()
                return
            yield self._given
            yield from self._test(self.state.program(self._given.program))
            return
        if self.state.is_over:
            return
        yield from self._resumption()
        if self.state.ending is not None:
            if not self.open_questions:
                yield from self._end_that_waited()
            return
        table = self.state.current_program
        cut_off = turns.wants_redraw(self.state) or points.steps_left(self.state)
        if table is None or self.state.pending_feedback is not None or cut_off:
            yield from self._answer()
            return
        for program in self.state.dialogue:
            if program.turn == table.turn and program.complete:
                yield from self._test(program)
        yield from self._end_when_over()
        self._idle()

    def _resumption(self) -> Iterator[ev.LiveEvent]:
        """Who goes on with a session that was opened again, once."""
        if self._reopened is not None and not self._resumed:
            resumed = self.record(resumption(self.model, self.sandbox, *self._reopened))
            self._resumed = True
            yield resumed

    def _give_feedback(self, command: cmd.GiveFeedback) -> Iterator[ev.LiveEvent]:
        table = self._table()
        self._check_asks_model()
        yield self.record(
            ev.FeedbackGiven(
                program=table.id,
                round=self.state.rounds_used(table.id) + 1,
                text=clean_feedback(command.text),
                kinds=command.kinds,
                effort=command.effort,
                author=command.author or self.state.author,
                author_model=command.author_model or ("" if command.author else self.state.author_model),
            )
        )
        yield from self._answer()

    def _check_asks_model(self) -> None:
        if self.state.settings.person_alone:
            raise UsageError(f"{NO_MODEL_HERE}: write the program yourself")

    def _regenerate(self) -> Iterator[ev.LiveEvent]:
        self._check_open()
        self._check_asks_model()
        if self.state.current_program is not None and self.state.pending_feedback is None:
            raise UsageError(
                "there is nothing to repeat: the last answer is complete; say what is wrong with it"
            )
        yield from self._answer()

    def _draw_another(self) -> Iterator[ev.LiveEvent]:
        self._table()
        self._check_asks_model()
        if self.state.started is not None and self.state.started.study is not None:
            raise UsageError("in a study each round has its own answers only: no other one can be drawn")
        if draws.further_draw(self.state, self.state.turns, 1) is None:
            raise UsageError("no answer of the model led to this program: there is nothing to draw again")
        yield from self._generate(self._further_draw)
        self._idle()

    def _further_draw(self, turn: int) -> ev.GenerationStarted:
        drawn = draws.further_draw(self.state, turn, 1)
        assert drawn is not None
        return drawn

    def _edit(self, command: cmd.EditCode) -> Iterator[ev.LiveEvent]:
        table = self._table()
        edited = self.record_turn(
            lambda turn: ev.CodeEdited(
                turn=turn,
                round=table.round,
                parent=table.id,
                program=program_id(turn, 0),
                code=command.code,
                effort=command.effort,
                editor="external" if command.editor == "external" else "inline",
            )
        )
        yield edited
        yield from self._test(self.state.program(edited.program))
        if self.state.solved:
            yield from self._end("solved")

    def _choose(self, command: cmd.ChooseProgram) -> Iterator[ev.LiveEvent]:
        self._check_open()
        try:
            chosen = self.state.program(command.program)
        except KeyError:
            raise UsageError(f"this session has no program {command.program}") from None
        table = self.state.current_program
        if chosen.arm not in ("human", ev.DRAW):
            raise UsageError(f"{chosen.id} is no answer to what was asked in this session")
        branch = table is not None and table.answers_turn != chosen.answers_turn
        if branch and not self.state.settings.branching:
            raise UsageError("this study continues from the last program only (branching = false)")
        most = self.state.settings.max_branches
        if branch and most is not None and self.state.branches >= most:
            raise UsageError(f"this study lets you go back {most} times at most (max_branches), and you did")
        yield self.record(ev.ProgramChosen(program=chosen.id, branch=branch, reason=command.reason))
        if chosen.arm != ev.DRAW:
            return
        if chosen.code is not None and not self.state.judged_by_all(chosen):
            yield self.record(evaluation.visible_verdict(self.state, chosen, self.sandbox))
        if self.state.solved:
            yield from self._end("solved")

    def _test_anew(self, change: ev.TestAdded | ev.TestRemoved) -> Iterator[ev.LiveEvent]:
        if isinstance(change, ev.TestRemoved) and change.test not in self.state.extra_tests:
            raise UsageError("only a test that was added in this session can be removed")
        table = self._table()
        yield self.record(change)
        if table.code is not None:
            yield self.record(evaluation.visible_verdict(self.state, table, self.sandbox))
        if not (table.solved and self.state.beyond):  # one that passed is being worked on
            yield from self._end_when_over()

    def _continue(self, rounds: int) -> Iterator[ev.LiveEvent]:
        ended = self.state.ended
        if ended is None:
            raise UsageError("the session has not ended: just go on")
        if ended.reason not in ev.CONTINUABLE:
            raise UsageError(f"the session has ended ({ended.reason}): there is nothing to go on with")
        if not self.state.settings.continue_after_end:
            raise UsageError("this session may not go on after its end (continue_after_end = false)")
        if rounds < 1:
            raise UsageError("say how many more rounds: 1 at least")
        yield self.record(ev.SessionContinued(rounds=rounds))
        yield from self._resumption()
        self._idle()

    def _evaluate(self, expression: str) -> Iterator[ev.LiveEvent]:
        yield self.record(evaluation.evaluated(self.state, self._table(), expression, self.sandbox))

    def _leave(self, command: cmd.Leave) -> Iterator[ev.LiveEvent]:
        if self.state.ended is not None:
            return
        if self.state.ending is not None:
            yield from self._end_that_waited()
            return
        if command.draft is not None:
            self.save_draft(command.draft)
        if command.clock is not None:
            self.clock("paused", command.clock, "left")
        yield from self._end("interrupted")

    def _give_consent(self, command: cmd.GiveConsent) -> Iterator[ev.LiveEvent]:
        answer = command.study.consent_event(self.state, command.granted)
        if answer is not None:
            yield self.record(answer)

    def _answer_question(self, text: str, answer: str) -> Iterator[ev.LiveEvent]:
        fault = next((asked.fault(answer) for asked in self.questions if asked.text == text), "")
        if fault:
            raise UsageError(f"{text}: {fault}")
        yield self.record(ev.QuestionAnswered(question=text, answer=answer))
        if not self.open_questions:
            yield from self._end_that_waited()

    # The effort clock

    def attach_clock(self, clock: EffortClock) -> None:
        """Read `clock` once verdicts are there; in a resumed session it continues from the journal's totals."""
        clock.continue_from(self.state.clock, self.state.effort)
        self._clock = clock

    def _put_back_effort(self, command: cmd.AnyCommand) -> None:
        """What went into feedback or an edit that was refused is credited to the next one."""
        if self._clock is not None and isinstance(command, cmd.GiveFeedback | cmd.EditCode):
            self._clock.put_back(command.effort)

    def _read_clock(self) -> None:
        if self._clock is not None:
            self.clock("read", self._clock.read(time.monotonic()))

    # The two commands of a session without a person at a screen, as methods

    def start(self) -> Iterator[ev.LiveEvent]:
        """`commands.Start`."""
        return self.execute(cmd.Start())

    def feedback(
        self,
        text: str,
        kinds: tuple[str, ...] = (),
        effort: ev.Effort = ev.Effort(),
        *,
        author: ev.Author | None = None,
        author_model: str = "",
    ) -> Iterator[ev.LiveEvent]:
        """`commands.GiveFeedback`."""
        return self.execute(cmd.GiveFeedback(text, kinds, effort, author, author_model))
