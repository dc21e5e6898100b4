"""The loop of a session: the model answers, its program is tested, and the session ends when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Protocol

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.generation import Chunk, Engine, Finish, ModelInfo, Request, SupportsPrefill
from assistant.core.point_steps import due_point, step_to_take
from assistant.core.questions import Question, questions_in
from assistant.core.state import Program, State
from assistant.core.submission import Sandbox
from assistant.journal.writer import Journal
from assistant.session import evaluation, points, turns
from assistant.session.recorder import Recorder


class Preemptible(Protocol):
    """Background work on the same engine (see `background.BackgroundWork`)."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def typing(self, now: bool) -> None: ...


class SpeculativePrefill:
    """At most one prefill at a time, and none while the person waits for an answer.

    A late prefill would evict the answer from the conversation's cache.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._allowed = True

    def prefill(self, request: Callable[[], Request | None]) -> None:
        """Prefill the prompt of `request()`; a running prefill is cancelled. Blocks; thread-safe."""
        if not isinstance(self.engine, SupportsPrefill):
            return
        with self._lock:
            self._stop.set()
            wanted = request() if self._allowed else None
            self._stop = stop = threading.Event()
        if wanted is not None:
            self.engine.prefill(wanted, stop)

    def pause(self) -> None:
        """Stop, until `resume`."""
        with self._lock:
            self._allowed = False
            self._stop.set()

    def resume(self) -> None:
        """Allow prefills again."""
        with self._lock:
            self._allowed = True


class RoundLoop(Recorder):
    """A recorder with an engine and a sandbox: it answers what the state asks for, and tests the answer.

    The generators block while the model writes and the tests run. `cancel` and `prefill` may be called from another
    thread meanwhile.
    """

    def __init__(self, journal: Journal, state: State, engine: Engine, sandbox: Sandbox) -> None:
        super().__init__(journal, state)
        self.engine = engine
        self.sandbox = sandbox
        self.background: Preemptible | None = None
        """Paused before the person's own generation, and resumed after it."""
        self.model: ModelInfo = engine.prepare()
        self.questions: tuple[Question, ...] = ()
        """A study's questions after the problem: the end is recorded once they are answered."""
        self._stop = threading.Event()
        self._prefill = SpeculativePrefill(engine)

    def ask(self, asked: tuple[Question, ...]) -> None:
        """Ask these after the problem; a session that goes on keeps those of the study file in its journal."""
        study = self.state.started.study if self.state.started is not None else None
        begun = questions_in(study.text) if study is not None and study.text else None
        self.questions = asked if begun is None else begun.after

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """What is to be asked now: the session is over, and its end waits for the answers."""
        return self._unanswered() if self.state.ending is not None else ()

    def _unanswered(self) -> tuple[Question, ...]:
        return tuple(asked for asked in self.questions if asked.text not in self.state.answered)

    def clock(self, change: str, effort: ev.Effort, reason: str = "") -> None:
        """As the recorder's; the time of questions after the problem is none of the session's."""
        with self._writing:
            if self.state.ending is None:
                super().clock(change, effort, reason)

    def _answer(self) -> Iterator[ev.LiveEvent]:
        """Generate, extract, test; where that brought nothing new, draw once more; then the points one by one.

        Each only where it is still to be done: the session may have been cut off anywhere.
        """
        if self.state.current_program is None or self.state.pending_feedback is not None:
            yield from self._draw()
        if turns.wants_redraw(self.state):
            yield from self._generate(lambda turn: turns.second_draw(self.state, turn))
        yield from self._take_points()
        self._idle()
        yield from self._end_when_over()

    def _take_points(self) -> Iterator[ev.LiveEvent]:
        """A step for each point of feedback that names several, then on from the best of them."""
        for step in points.unjudged_steps(self.state):
            yield from self._test(step)
        while due_point(self.state) is not None:
            yield from self._generate(lambda turn: points.next_step(self.state, turn))
        taken = step_to_take(self.state)
        if taken is not None:
            yield self.record(ev.ProgramChosen(program=taken.id, automatic=True))

    def _idle(self) -> None:
        """The person's turn: the engine is free for what is made in the background."""
        self._prefill.resume()
        if self.background is not None:
            self.background.resume()

    def _draw(self) -> Iterator[ev.LiveEvent]:
        """A turn of the model, with the oldest rounds dropped where the context is full."""
        dropped = 0
        while True:
            turn = yield from self._generate(partial(turns.next_turn, self.state, self.model, dropped))
            if not turns.overflowed(self.state, turn) or not turns.can_drop(self.state, dropped):
                break
            dropped += 1

    def _generate(self, make: Callable[[int], ev.GenerationStarted]) -> Generator[ev.LiveEvent, None, int]:
        """The turn of the model that `make` describes for its number. Returns the number."""
        self._check_open()
        self._stop.clear()
        self._prefill.pause()
        if self.background is not None:
            self.background.pause()
        started = self.record_turn(make)
        yield started
        request = turns.request_of(started, turns.conversation_of(started, self.state.session))
        for piece in self.engine.generate(request, self._stop):
            if isinstance(piece, Chunk):
                yield ev.Streamed(turn=started.turn, chunk=piece)
            else:
                yield from self._sample_finished(started, piece)
        return started.turn

    def _sample_finished(self, turn: ev.GenerationStarted, finish: Finish) -> Iterator[ev.LiveEvent]:
        event = evaluation.finished(self.state, turn, finish)
        yield self.record(event)
        program = self.state.program(event.program)
        if program.complete:
            yield from self._test(program)

    def _test(self, program: Program) -> Iterator[ev.LiveEvent]:
        """Visible tests, then the hidden ones, whose verdict no front end shows before the session's end."""
        for verdict in evaluation.verdicts(self.state, program, self.sandbox):
            yield self.record(verdict)

    def _end_when_over(self) -> Iterator[ev.LiveEvent]:
        table = self.state.current_program
        if table is None or self.state.ended is not None or self.state.pending_feedback is not None:
            return
        if table.given:  # the person came to change it, whatever its tests say
            return
        if table.solved:
            yield from self._end("solved")
        elif not self.state.tries_left and not self.state.settings.person_alone:
            yield from self._end("rounds_used_up")

    def _end(self, reason: ev.EndReason, note: str = "") -> Iterator[ev.LiveEvent]:
        self._check_open()
        with self._writing:  # no other thread reads the clock in between
            effort, late = self.state.clock, self.state.is_out_of_time(reason, self.state.clock)
            waits = ev.is_final(reason) and self._unanswered()
            kind = ev.SessionEnding if waits else ev.SessionEnded
            ended = kind(reason=reason, effort=effort, note=note, out_of_time=late)
            self.record(ended)
        yield ended

    def _end_that_waited(self) -> Iterator[ev.LiveEvent]:
        """The end that was recorded before, whether or not questions are open: those come before the next problem."""
        with self._writing:
            if self.state.ending is None:
                return
            ended = self.record(self.state.ending.ended)
        yield ended

    def _table(self) -> Program:
        self._check_open()
        if self.state.current_program is None:
            raise UsageError("there is no program yet to speak about")
        return self.state.current_program

    def _check_open(self) -> None:
        if self.state.ended is not None:
            raise UsageError(f"the session has ended ({self.state.ended.reason})")
        if self.state.ending is not None:
            raise UsageError(
                f"the session has ended ({self.state.ending.reason}), but for the study's questions"
            )

    def prefill(self, text: str) -> None:
        """Process the prompt of unsent feedback. Changes no answer; blocks; safe to call while something runs."""
        if self.state.settings.person_alone:
            return
        self._prefill.prefill(lambda: turns.unsent_request(self.state, self.model, text))

    def cancel(self) -> None:
        """Stop what is being generated; its partial text is kept. Thread-safe."""
        self._stop.set()

    def close(self) -> None:
        """Release the journal. An open session stays resumable."""
        self._prefill.pause()
        self.journal.close()
