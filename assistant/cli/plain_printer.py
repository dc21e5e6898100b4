"""What plain mode prints and reads: data on standard output, talk on standard error, lines from standard input."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.cli import text_rendering as text
from assistant.core import events as ev
from assistant.core.printable import exact_line, printable
from assistant.core.questions import Question
from assistant.core.state import State
from assistant.core.state_labels import (
    answer_note,
    effect_on_tests,
    redraw_note,
    round_name,
    step_note,
    wants_example,
)

QUOTE_HELPS = ":quote puts a failing test into your words; the model follows an example more often"


class Printer:
    """Data on stdout, talk on stderr; with `json_events`, stdout is the event stream alone."""

    def __init__(self, json_events: bool, who: str = "") -> None:
        self.json_events = json_events
        self._who = who
        """The annotator as said on the command line, which has to be said again to go on."""
        self.resume_words = "resume"
        """What goes on with a session, before its id."""
        self.colour = text.colour_wanted(sys.stdout)
        self.left = False
        """The person has gone: the input ended, or they said that they go on another day."""
        self.at_terminal = sys.stdin is not None and sys.stdin.isatty()
        """An editor can be opened: a person sits at standard input."""
        self._silent: list[ev.LiveEvent] = []
        """What may be shown only when the session is over."""
        self.warning = ""
        """A warning, at the start and with every verdict, while programs are not fully isolated."""

    def read_line(self) -> str:
        """One line of stdin with its end; empty when there is no more, or standard input is closed."""
        try:
            line = sys.stdin.readline() if sys.stdin is not None else ""
        except OSError as error:
            self.talk(f"assistant: standard input cannot be read ({error.strerror}): it counts as ended")
            line = ""
        self.left = self.left or not line
        return line

    def resume_command(self, session: str) -> str:
        """The command that goes on with a session."""
        return f"assistant {self.resume_words} {session}{f' --annotator {self._who}' if self._who else ''}"

    def data(self, words: str = "", end: str = "\n") -> None:
        if not self.json_events:
            print(words, end=end, flush=True)

    def talk(self, words: str, end: str = "\n") -> None:
        print(words, end=end, file=sys.stderr, flush=True)

    def warn(self) -> None:
        if self.warning:
            self.talk(self.warning)

    def event(self, event: ev.LiveEvent) -> None:
        """Print it as JSON where that was asked for; what hidden tests say waits for the session's end."""
        if not self.json_events:
            return
        if isinstance(event, ev.HiddenScored):
            self._silent.append(event)
            return
        self._print(event)
        if isinstance(event, ev.SessionEnded):
            for silent in self._silent if event.reason != "interrupted" else ():
                self._print(silent)
            self._silent.clear()

    def progress(self, state: State, event: ev.LiveEvent) -> None:
        """What a person should see of an event, as it comes."""
        match event:
            case ev.GenerationStarted() if event.redraw_of is not None:
                self.talk(f"{redraw_note(state, event.redraw_of)}: the model is writing …")
            case ev.GenerationStarted(point=int(point), draw_of=int(turn)):
                self.talk(f"{step_note(state, turn, point)}: the model is writing …")
            case ev.GenerationStarted(arm=ev.DRAW):
                self.talk("another draw: the model is writing …")
            case ev.GenerationStarted():
                self.talk(f"{round_name(event.round)}: the model is writing …")
            case ev.GenerationFinished():
                self.data(text.answer_text(event, self.colour))
            case ev.ScratchCalled():
                gave = event.actual if event.actual is not None else event.message
                self.data(f"{exact_line(event.expression)}: {exact_line(gave)}")
            case ev.TestsFinished():
                self.warn()
                self.data(text.report_text(event.visible, self.colour, event.hard_coded or 0))

    def outcome(self, state: State) -> None:
        """What a round brought: which of several answers is gone on with, and what it did to the tests."""
        current = state.current_program
        if current is None or state.pending_feedback is not None:
            return
        answers = (p for p in state.programs if p.arm == "human" or p.point is not None)
        if sum(program.first_draw == current.first_draw for program in answers) > 1:
            self.data(f"of these, program {current.id} is the one to go on with")
        if note := answer_note(state, current):
            self.data(f"note: {note}")
        elif effect := effect_on_tests(state, current):
            self.data(effect)
        if wants_example(state, current):
            self.talk(f"tip: {QUOTE_HELPS}")

    def _print(self, event: ev.LiveEvent) -> None:
        record = event.model_dump(mode="json")
        print(json.dumps(record if "type" in record else {"type": "streamed", **record}), flush=True)


@contextmanager
def interrupt_once(cancel: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `cancel`; a second one interrupts as usual."""

    def first(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        cancel()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def answer_to(question: Question, printer: Printer) -> str | None:
    """What the person answers, asked until the question takes it; None where they leave it open."""
    named = dict(zip(map(str, range(1, len(question.choices) + 1)), question.choices, strict=True))
    hint = " · ".join(f"{key} {choice}" for key, choice in named.items())
    if question.kind == "scale":
        hint = f"{question.options[0]} to {question.options[-1]}"
    while True:
        printer.talk(f"{printable(question.text)} {f'({printable(hint)}) ' if hint else ''}", end="")
        line = printer.read_line()
        answer = line.strip()
        if answer == ":later":
            printer.left = True
        if printer.left:
            return None
        if answer not in question.choices:
            answer = named.get(answer, answer)
        if not (fault := question.fault(answer)):
            return answer
        printer.talk(fault)
