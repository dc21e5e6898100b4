"""The round loop. Every method that acts is a generator of events; nothing here depends on a display.

A recorded event is on disk before it is yielded, so whatever a consumer shows is in the journal.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from assistant.core import events as ev
from assistant.core.code_extraction import read_answer
from assistant.core.errors import JournalError, UsageError
from assistant.core.generation import Chunk, Engine, Finish, ModelInfo, Request
from assistant.core.ids import new_session_id
from assistant.core.outcome import Report
from assistant.core.prelude import needed
from assistant.core.problem import AssertTest, Problem, Test
from assistant.core.state import Program, State, apply, program_id, replay
from assistant.core.submission import Sandbox, Submission
from assistant.journal.writer import Journal
from assistant.session import dialogue, redraw
from assistant.session.feedback_validation import clean_feedback
from assistant.session.header import Held, check_owner, header, resumption
from assistant.session.prefill import SpeculativePrefill

_Turn = TypeVar("_Turn", ev.GenerationStarted, ev.CodeEdited)


class Preemptible(Protocol):
    """Background work on the same engine (see `background.BackgroundArms`)."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Session:
    """One person, one problem, one model setting; one append-only journal.

    The generator methods block while the model writes and the tests run: a screen consumes them in a thread.
    `cancel`, `save_draft`, `prefill` and `clock` may be called from another thread meanwhile.
    """

    def __init__(self, journal: Journal, state: State, engine: Engine, sandbox: Sandbox) -> None:
        self.journal = journal
        self.state = state
        self.engine = engine
        self.sandbox = sandbox
        self._stop = threading.Event()
        self._writing = threading.RLock()
        self._resumed = False
        self._resumption: Callable[[], ev.Event] = ev.SessionResumed.model_construct
        self._prefill = SpeculativePrefill(engine)
        self.background: Preemptible | None = None
        """Paused before the person's own generation, and resumed after it."""
        self.model: ModelInfo = engine.prepare()

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
    ) -> Session:
        """A new session with its header written. Raises EngineError, SandboxError, JournalError."""
        name = new_session_id()
        first = header(name, problem, settings, engine.prepare(), sandbox, annotator, study, held)
        session = cls(Journal.create(folder, name), State(), engine, sandbox)
        try:
            session.record(first)
        except BaseException:
            session.close()
            raise
        return session

    @classmethod
    def resume(
        cls, path: Path, engine: Engine, sandbox: Sandbox, *, annotator: str = "", held: Held = Held()
    ) -> Session:
        """A session as its journal left it; `annotator` is the annotator who continues, where known.

        Raises JournalError (also when it has ended for good), UsageError when it is another annotator's.
        """
        journal, events = Journal.reopen(path)
        state = replay(events)
        try:
            if state.problem is None:
                raise JournalError(f"{path.name} has no first line with the problem; it cannot be resumed")
            if state.ended is not None and state.ended.reason != "interrupted":
                raise JournalError(
                    f"session {state.session} has ended ({state.ended.reason}); `assistant show` shows it"
                )
            check_owner(state, annotator)
            session = cls(journal, state, engine, sandbox)
        except BaseException:
            journal.close()
            raise
        session._resumed = True
        session._resumption = lambda: resumption(session.model, sandbox, annotator, held)
        return session

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self.journal.path

    def start(self) -> Iterator[ev.LiveEvent]:
        """The first answer and its verdict; in a resumed session, whatever was cut off."""
        if not self._resumed:
            assert self.state.started is not None
            yield self.state.started
            yield from self._answer()
            return
        yield self.record(self._resumption())
        table = self.state.current_program
        if table is None or self.state.pending_feedback is not None or redraw.is_wanted(self.state):
            yield from self._answer()
            return
        for program in self.state.human_programs:
            if program.turn == table.turn and program.complete:
                yield from self._test(program)
        yield from self._end_when_over()

    def feedback(
        self,
        text: str,
        kinds: tuple[str, ...] = (),
        effort: ev.Effort = ev.Effort(),
        *,
        author: ev.Author | None = None,
        author_model: str = "",
    ) -> Iterator[ev.LiveEvent]:
        """Feedback on the current program, then the model's next answer and its verdict.

        The author is the session's unless another one is named. Raises UsageError for feedback that is
        empty or too long; nothing is recorded then.
        """
        table = self._table()
        cleaned = clean_feedback(text)
        yield self.record(
            ev.FeedbackGiven(
                program=table.id,
                round=table.round + 1,
                text=cleaned,
                kinds=kinds,
                effort=effort,
                author=author or self.state.author,
                author_model=author_model or ("" if author else self.state.author_model),
            )
        )
        yield from self._answer()

    def again(self) -> Iterator[ev.LiveEvent]:
        """Generate again where an answer was cancelled or failed."""
        self._check_open()
        if self.state.current_program is not None and self.state.pending_feedback is None:
            raise UsageError(
                "there is nothing to repeat: the last answer is complete; say what is wrong with it"
            )
        yield from self._answer()

    def edit(
        self, code: str, effort: ev.Effort = ev.Effort(), editor: str = "inline"
    ) -> Iterator[ev.LiveEvent]:
        """The person's own version of the current program, and its verdict. The round stays the same."""
        table = self._table()
        edited = self._record_turn(
            lambda turn: ev.CodeEdited(
                turn=turn,
                round=table.round,
                parent=table.id,
                program=program_id(turn, 0),
                code=code,
                effort=effort,
                editor="external" if editor == "external" else "inline",
            )
        )
        yield edited
        yield from self._test(self.state.program(edited.program))
        if self.state.solved:
            yield from self.end("solved")

    def choose(self, program: str, reason: str = "") -> Iterator[ev.LiveEvent]:
        """Continue from this program: another sample of this round, or an earlier round (a branch)."""
        self._check_open()
        try:
            chosen = self.state.program(program)
        except KeyError:
            raise UsageError(f"this session has no program {program}") from None
        table = self.state.current_program
        branch = table is not None and table.turn != chosen.turn
        if branch and not self.state.settings.branching:
            raise UsageError("this study continues from the last program only (branching = false)")
        yield self.record(ev.ProgramChosen(program=program, branch=branch, reason=reason))

    def add_test(self, test: Test | str) -> Iterator[ev.LiveEvent]:
        """An extra visible test for this session; the current program is tested again."""
        added = ev.TestAdded(test=AssertTest(code=test) if isinstance(test, str) else test)
        yield from self._test_anew(added)

    def remove_test(self, test: Test) -> Iterator[ev.LiveEvent]:
        """Take back a test that was added; the current program is tested again. Raises UsageError for others."""
        if test not in self.state.extra_tests:
            raise UsageError("only a test that was added in this session can be removed")
        yield from self._test_anew(ev.TestRemoved(test=test))

    def _test_anew(self, change: ev.TestAdded | ev.TestRemoved) -> Iterator[ev.LiveEvent]:
        table = self._table()
        yield self.record(change)
        if table.code is not None:
            yield from self._run_visible(table)
        yield from self._end_when_over()

    def scratch(self, expression: str) -> Iterator[ev.LiveEvent]:
        """Evaluate an expression in the process of the current program, in the sandbox."""
        table = self._table()
        case = self.sandbox.call(table.code or "", expression, prelude=self._prelude(table.code or ""))
        yield self.record(
            ev.ScratchCalled(
                program=table.id, expression=expression, actual=case.actual, message=case.message
            )
        )

    def end(self, reason: ev.EndReason, note: str = "") -> Iterator[ev.LiveEvent]:
        """Close the session. Only an interrupted one can be resumed."""
        self._check_open()
        yield self.record(ev.SessionEnded(reason=reason, effort=self.state.clock, note=note))

    def save_draft(self, text: str) -> None:
        """Keep unsent feedback; safe to call while something runs."""
        with self._writing:
            if text != self.state.draft and self.state.ended is None:
                self.record(ev.DraftSaved(text=text))

    def prefill(self, text: str) -> None:
        """Process the prompt of unsent feedback. Changes no answer; blocks; safe to call while something runs."""
        self._prefill.prefill(lambda: self._unsent(text))

    def _unsent(self, text: str) -> Request | None:
        state = self.state
        if not text.strip() or state.current_program is None or state.ended is not None:
            return None
        prompt = dialogue.prompt_after(state, self.model, text)
        return Request(messages=prompt.messages, raw=prompt.raw, conversation=state.session)

    def clock(self, change: str, effort: ev.Effort, reason: str = "") -> None:
        """Record a change or reading of the effort clock; safe to call while something runs."""
        with self._writing:
            if self.state.ended is None:
                self.record(
                    ev.ClockChanged.model_validate({"change": change, "effort": effort, "reason": reason})
                )

    def cancel(self) -> None:
        """Stop what is being generated; its partial text is kept. Thread-safe."""
        self._stop.set()

    def close(self) -> None:
        """Release the journal. An open session stays resumable."""
        self._prefill.pause()
        self.journal.close()

    def record(self, event: ev.Event) -> ev.Event:
        """Write `event` to the journal, then to the state. Raises JournalError; the state is then unchanged."""
        with self._writing:
            self.journal.append(event)
            self.state = apply(self.state, event)
        return event

    def _record_turn(self, make: Callable[[int], _Turn]) -> _Turn:
        """Record the beginning of the next turn; no control arm takes its number meanwhile."""
        with self._writing:
            event = make(self.state.turns)
            self.record(event)
        return event

    def record_together(self, make: Callable[[int], Sequence[ev.Event]]) -> None:
        """Record the events that `make` builds for the next turn's number, with nothing in between."""
        with self._writing:
            for event in make(self.state.turns):
                self.record(event)

    # The steps of a round

    def _answer(self) -> Iterator[ev.LiveEvent]:
        """Generate, extract, test; where no program was found in it, draw the same prompt once more."""
        if not redraw.is_wanted(self.state):  # as in a session that was cut off just there
            yield from self._draw()
        if redraw.is_wanted(self.state):
            yield from self._generate(lambda turn: redraw.turn_of(self.state, turn))
        self._prefill.resume()
        if self.background is not None:
            self.background.resume()
        yield from self._end_when_over()

    def _draw(self) -> Iterator[ev.LiveEvent]:
        """A turn of the model, with the oldest rounds dropped where the context is full."""
        dropped = 0
        while True:
            make = partial(dialogue.next_turn, self.state, self.model, dropped)
            turn = yield from self._generate(make)
            finished = [p for p in self.state.programs if p.turn == turn]
            overflow = any(p.finish is not None and p.finish.overflow for p in finished)
            if not overflow or not dialogue.can_drop(self.state, dropped):
                break
            dropped += 1

    def _generate(self, make: Callable[[int], ev.GenerationStarted]) -> Generator[ev.LiveEvent, None, int]:
        """The turn of the model that `make` describes for its number. Returns the number."""
        self._check_open()
        self._stop.clear()
        self._prefill.pause()
        if self.background is not None:
            self.background.pause()
        started = self._record_turn(make)
        yield started
        for piece in self.engine.generate(dialogue.request_of(started, self.state.session), self._stop):
            if isinstance(piece, Chunk):
                yield ev.Streamed(turn=started.turn, chunk=piece)
            else:
                yield from self._sample_finished(started, piece)
        return started.turn

    def _sample_finished(self, turn: ev.GenerationStarted, finish: Finish) -> Iterator[ev.LiveEvent]:
        assert self.state.problem is not None
        answer = read_answer(finish, self.state.problem.entry_point)
        name = program_id(turn.turn, finish.sample)
        yield self.record(
            ev.GenerationFinished(
                turn=turn.turn,
                round=turn.round,
                program=name,
                finish=finish,
                code=answer.code,
                answer_problem=answer.problem,
            )
        )
        program = self.state.program(name)
        if program.complete:
            yield from self._test(program)

    def _test(self, program: Program) -> Iterator[ev.LiveEvent]:
        """Visible tests, then the hidden ones silently; what was already done is not repeated."""
        if program.code is None:
            return
        if program.visible is None:
            yield from self._run_visible(program)
        assert self.state.problem is not None
        if program.hidden is None and self.state.problem.hidden_tests:
            report = self.sandbox.run(Submission.of(self.state.problem, program.code, hidden=True))
            yield self.record(
                ev.HiddenScored(
                    turn=program.turn, arm=program.arm, round=program.round, program=program.id, hidden=report
                )
            )

    def _run_visible(self, program: Program) -> Iterator[ev.LiveEvent]:
        report = self._visible_report(program.code or "")
        yield self.record(
            ev.TestsFinished(
                turn=program.turn,
                arm=program.arm,
                round=program.round,
                program=program.id,
                code_sha256=hashlib.sha256((program.code or "").encode("utf-8", "surrogatepass")).hexdigest(),
                visible=report,
            )
        )

    def _prelude(self, code: str) -> str:
        """What the data set runs before this program."""
        problem = self.state.problem
        return needed(problem.prelude, code, problem.entry_point) if problem is not None else ""

    def _visible_report(self, code: str) -> Report:
        problem = self.state.problem
        assert problem is not None
        tests = self.state.visible_tests()
        return self.sandbox.run(Submission.of(problem.model_copy(update={"visible_tests": tests}), code))

    def _end_when_over(self) -> Iterator[ev.LiveEvent]:
        table = self.state.current_program
        if table is None or self.state.ended is not None or self.state.pending_feedback is not None:
            return
        if table.solved:
            yield from self.end("solved")
        elif table.round >= self.state.settings.rounds:
            yield from self.end("rounds_used_up")

    def _table(self) -> Program:
        self._check_open()
        if self.state.current_program is None:
            raise UsageError("there is no program yet to speak about")
        return self.state.current_program

    def _check_open(self) -> None:
        if self.state.ended is not None:
            raise UsageError(f"the session has ended ({self.state.ended.reason})")
