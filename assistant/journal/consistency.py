"""Cross-event consistency checks of a journal: references that per-line validation cannot see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from assistant.core import events as ev
from assistant.core.state import program_id


class ConsistencyChecker:
    """Takes a journal's events in order and reports references that earlier events do not support."""

    def __init__(self, session: str) -> None:
        """`session` is the id in the file's name."""
        self._session = session
        self._events = 0
        self._turns: set[int] = set()
        self._rounds: dict[str, int] = {}
        self._code: dict[str, str | None] = {}
        self._same_round = False
        """Whether feedback may lead to the round of its program: one whose answer changed nothing uses none up."""

    def check(self, event: ev.Event) -> Iterator[tuple[str, str]]:
        """Findings on `event`, as kind (`header`, `problem`, `reference`) and message."""
        first = self._events == 0
        self._events += 1
        if isinstance(event, ev.SessionStarted) != first:
            yield "header", "a session starts on its first line, and there only"
        match event:
            case ev.SessionStarted():
                yield from self._header(event)
            case ev.GenerationStarted():
                yield from self._new_turn(event.turn)
                yield from self._known(event.parent)
            case ev.GenerationFinished():
                yield from self._answer(event)
            case ev.ProgramGiven():
                yield from self._given(event)
            case ev.CodeEdited():
                yield from self._new_turn(event.turn)
                yield from self._known(event.parent)
                yield from self._new_program(event.program, event.round, event.code)
            case ev.TestsFinished():
                yield from self._known(event.program)
                yield from self._tested_code(event)
            case ev.HiddenScored() | ev.ProgramChosen() | ev.ScratchCalled():
                yield from self._known(event.program)
            case ev.FeedbackGiven():
                yield from self._feedback(event)

    def _header(self, event: ev.SessionStarted) -> Iterator[tuple[str, str]]:
        if event.session != self._session:
            yield "header", f"the session is {event.session}, but the file is named {self._session}"
        self._same_round = not event.settings.unchanged_uses_round
        if event.problem_sha256 != event.problem.sha256:
            yield "problem", "the problem does not have the hash that is recorded for it: it was changed"

    def _new_turn(self, turn: int) -> Iterator[tuple[str, str]]:
        if turn in self._turns:
            yield "reference", f"turn {turn} occurs a second time"
        self._turns.add(turn)

    def _new_program(self, program: str, round_: int, code: str | None) -> Iterator[tuple[str, str]]:
        if program in self._rounds:
            yield "reference", f"program {program} is made a second time"
        self._rounds[program] = round_
        self._code[program] = code

    def _known(self, program: str | None) -> Iterator[tuple[str, str]]:
        if program is not None and program not in self._rounds:
            yield "reference", f"refers to program {program}, which was not made before"

    def _answer(self, event: ev.GenerationFinished) -> Iterator[tuple[str, str]]:
        if event.turn not in self._turns:
            yield "reference", f"turn {event.turn} finishes without having started"
        if event.program != program_id(event.turn, event.finish.sample):
            expected = program_id(event.turn, event.finish.sample)
            yield "reference", f"the program of this sample is {expected}, not {event.program}"
        yield from self._new_program(event.program, event.round, event.code)

    def _given(self, event: ev.ProgramGiven) -> Iterator[tuple[str, str]]:
        if self._turns or (event.turn, event.round) != (0, 0):
            yield "reference", "a function that a person brings is the first program of its session"
        if event.program != program_id(event.turn, 0):
            yield "reference", f"the program is {program_id(event.turn, 0)}, not {event.program}"
        yield from self._new_turn(event.turn)
        yield from self._new_program(event.program, event.round, event.code)

    def _tested_code(self, event: ev.TestsFinished) -> Iterator[tuple[str, str]]:
        code = self._code.get(event.program)
        if code is not None and event.code_sha256 != sha256_of_code(code):
            yield "reference", f"the code that was tested is not the code of program {event.program}"

    def _feedback(self, event: ev.FeedbackGiven) -> Iterator[tuple[str, str]]:
        yield from self._known(event.program)
        made_in = self._rounds.get(event.program)
        if made_in is None or (self._same_round and event.round == made_in):
            return
        if event.round != made_in + 1:
            yield "reference", f"leads to round {event.round}, though {event.program} is of round {made_in}"


def sha256_of_code(code: str) -> str:
    """Hex SHA-256 of a program's text in UTF-8, as test events carry it."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
