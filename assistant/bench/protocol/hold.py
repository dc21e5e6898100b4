"""Holds the sessions of a protocol run, many at once, each with its journal; goes on where an earlier run stopped.

A session that comes to a state for which nobody has words stays open; its state is given back, to be completed. Where
it is asked for, a session that was solved falsely goes on beyond the experiment: a fixed sentence about a failing
hidden test is its next feedback, for as many rounds as the session had.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from assistant.bench.protocol.stand_in import RULE, StandIn, sentence_of_test
from assistant.bench.recorded_words import RecordedWords
from assistant.core import events as ev
from assistant.core.generation import Engine
from assistant.core.problem import Problem
from assistant.core.state import State, replay
from assistant.core.submission import Sandbox
from assistant.journal.load import read_recordings
from assistant.journal.reader import read_journal
from assistant.session.commands import Continue, End
from assistant.session.header import Held
from assistant.session.session import Session

SESSIONS = "sessions"
Became = Literal["over", "waiting", "failed", "stopped"]


class HeldSession(NamedTuple):
    """What became of one problem's session in this run."""

    problem: str
    path: Path | None
    became: Became
    waiting: RecordedWords | None = None


@dataclass
class SessionHolder:
    """The sessions of one run folder. `stop` may be set from anywhere: what is said by then is kept."""

    folder: Path
    engine: Engine
    sandbox: Sandbox
    settings: ev.Settings
    person: StandIn
    hidden_feedback: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    _live: set[Session] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(
        self, problems: Sequence[Problem], at_once: int, report: Callable[[HeldSession], None]
    ) -> list[HeldSession]:
        """Begin or go on with the session of every problem; `report` hears of each. Raises AssistantError."""
        there = journals_of(self.folder)
        done: list[HeldSession] = []
        with ThreadPoolExecutor(at_once, thread_name_prefix="protocol") as pool:
            work = [pool.submit(self._one, problem, there.get(problem.id)) for problem in problems]
            try:
                for future in as_completed(work):
                    done.append(future.result())
                    report(done[-1])
            finally:
                self._stop_all(future for future in work if not future.done())
        return done

    def _stop_all(self, unfinished: Iterable[object]) -> None:
        """Nothing new is begun, and what is being generated ends; nothing to do where all is done."""
        if not list(unfinished):
            return
        self.stop.set()
        with self._lock:
            for session in self._live:
                session.cancel()

    def _one(self, problem: Problem, journal: Path | None) -> HeldSession:
        if self.stop.is_set():
            return HeldSession(problem.id, journal, "stopped")
        if journal is not None:
            state = replay(read_journal(journal).events)
            early = self._without_opening(state, journal)
            if early is not None:
                return early
        session = self._open(problem, journal)
        with self._lock:
            self._live.add(session)
        try:
            return self._talk(session, problem.id)
        finally:
            with self._lock:
                self._live.discard(session)
            session.close()

    def _without_opening(self, state: State, journal: Path) -> HeldSession | None:
        """What became of a session to which nothing is to be added now; opening it would write a line."""
        assert state.problem is not None
        if state.is_over and not self._next_sentence(state):
            return HeldSession(state.problem.id, journal, "over")
        table = state.current_program
        begun = state.pending_feedback is not None or state.open_turn is not None or table is None
        judged = table is not None and (table.visible is not None or table.code is None)
        if state.is_over or state.beyond or begun or not judged or table is None or table.solved:
            return None
        if self.person.say(state, self.stop) is not None:
            return None
        return HeldSession(state.problem.id, journal, "waiting", self.person.waiting(state))

    def _open(self, problem: Problem, journal: Path | None) -> Session:
        held = Held(author="model", author_model=self.person.model, interface="bench")
        if journal is not None:
            return Session.resume(journal, self.engine, self.sandbox, held=held)
        return Session.begin(
            problem,
            self.settings,
            self.engine,
            self.sandbox,
            self.folder,
            annotator="stand-in",
            held=held,
        )

    def _talk(self, session: Session, problem: str) -> HeldSession:
        def became(what: Became, waiting: RecordedWords | None = None) -> HeldSession:
            return HeldSession(problem, session.path, "stopped" if self.stop.is_set() else what, waiting)

        _drain(session.start())
        while not (session.state.is_over or session.state.beyond):
            if self.stop.is_set() or _unanswered(session.state):
                return became("failed")
            said = self.person.say(session.state, self.stop)
            if said is None:
                return became("waiting", self.person.waiting(session.state))
            _drain(session.feedback(said.words, author="model", author_model=said.model))
        return became("over" if self._went_on(session) else "failed")

    def _went_on(self, session: Session) -> bool:
        """Go on with a false solve until no test fails or no round is left; False where the model failed."""
        while sentence := self._next_sentence(session.state):
            if self.stop.is_set():
                return False
            if session.state.is_over:
                _drain(session.execute(Continue(rounds=1)))
            _drain(session.feedback(sentence, author="model", author_model=RULE))
            if _unanswered(session.state):
                return False
        if not session.state.is_over:
            _drain(session.execute(End("gave_up")))
        return True

    def _next_sentence(self, state: State) -> str:
        """The next feedback beyond the experiment; empty where there is none."""
        table = state.current_program
        if not self.hidden_feedback or table is None or not (table.false_solve or state.beyond):
            return ""
        if state.words(table.id) >= state.settings.rounds:
            return ""
        return sentence_of_test(table)


def journals_of(folder: Path) -> Mapping[str, Path]:
    """The journal of each problem that has a session in `folder`."""
    found: dict[str, Path] = {}
    for recording in read_recordings(folder)[0]:
        first = recording.events[0]
        if isinstance(first, ev.SessionStarted):
            found[first.problem.id] = recording.path
    return found


def _unanswered(state: State) -> bool:
    """Whether what was asked last has no complete answer."""
    return state.current is None or state.pending_feedback is not None


def _drain(events: Iterable[ev.LiveEvent]) -> None:
    for _ in events:
        pass
