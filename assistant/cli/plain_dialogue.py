"""One session with a person at standard input: each line becomes a command, and what follows is printed."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.cli import text_rendering as text
from assistant.cli.plain_printer import Printer
from assistant.core import events as ev
from assistant.core.errors import AssistantError, EngineError, JournalError, UsageError
from assistant.core.problem import Test
from assistant.core.program_equality import changed_nothing
from assistant.core.state import State
from assistant.core.state_labels import SAME_PROGRAM, round_name, tries_left
from assistant.session.commands import (
    AddTest,
    AnyCommand,
    End,
    GiveFeedback,
    Leave,
    Regenerate,
    RemoveTest,
    Start,
)
from assistant.session.effort import EffortClock
from assistant.session.session import Session

HELP = (
    "an empty line is ignored; :stop gives up, :later leaves it for another day, :bad says the task or its "
    "tests are wrong, :again asks once more, :test EXPRESSION == VALUE adds a test of your own, :untest takes "
    "the last one back, :help"
)
ENDS: dict[str, ev.EndReason] = {":stop": "gave_up", ":quit": "gave_up", ":q": "gave_up", ":bad": "bad_task"}
"""Words that end the session for good."""


class PlainDialogue:
    """Holds one session with a person on standard input."""

    def __init__(self, session: Session, printer: Printer, *, lesson: bool) -> None:
        self.session = session
        self.printer = printer
        self._lesson = lesson
        """Whether the results of hidden tests and control arms are shown at the end of the session."""
        self._failed = False
        """The last step was refused, or could not be recorded."""
        self._clock = EffortClock(away_after=math.inf)
        session.attach_clock(self._clock)

    @property
    def state(self) -> State:
        return self.session.state

    def hold(self) -> int:
        """Until solved, given up, out of rounds, or the input ends. The exit status: 1 where no answer came."""
        assert self.state.problem is not None
        self.printer.data(text.problem_text(self.state.problem))
        if so_far := text.table_text(self.state, self.printer.colour):
            self.printer.data(so_far)
        self._clock.start(time.monotonic())
        try:
            self._try(lambda: self._execute(Start()), JournalError)
            while self.state.ended is None and not self.printer.left:
                self._turn()
        except KeyboardInterrupt:
            if self.state.ended is None:
                self._try(self._leave, JournalError)
            self._summary()
            return 130
        self._summary()
        return 1 if self._failed or not self._answered() else 0

    def _answered(self) -> bool:
        """The model gave an answer, and none was still to come when the input ended."""
        waiting = self.printer.left and self.state.pending_feedback is not None
        return not waiting and any(program.complete for program in self.state.human_programs)

    def _try(self, step: Callable[[], None], *refusals: type[AssistantError]) -> None:
        """Take a step; a refusal is reported, and nothing of the session is lost."""
        self._failed = True
        try:
            step()
        except refusals as error:
            self.printer.talk(f"assistant: {error}")
            if isinstance(error, JournalError):
                command = self.printer.resume_command(self.state.session)
                self.printer.talk(f"what was recorded is safe; say it again here, or later with: {command}")
            return
        self._failed = False

    def _turn(self) -> None:
        """Read one line and do what it says. Bad input is reported and nothing is lost."""
        cut_off = self.state.pending_feedback is not None or self.state.current_program is None
        if cut_off:
            self.printer.talk("the answer was cut off; :again asks once more, :stop ends")
        self.printer.talk(
            f"[{round_name(self.state.round)}; {tries_left(self.state)}] what is wrong? ", end=""
        )
        line = self.printer.read_line()
        if line:
            self._try(lambda: self._do(line.strip(), line), UsageError, EngineError, JournalError)
        else:
            self._input_ended()

    def _input_ended(self) -> None:
        """A closed pipe, a lost connection or Ctrl-D decides nothing: the session can be resumed."""
        refused = self._failed
        self.printer.talk("\nthe input ended")
        self._try(self._leave, JournalError)
        self._failed |= refused

    def _do(self, word: str, line: str) -> None:
        if word == ":help":
            self.printer.talk(HELP)
        elif word == ":later":
            self.printer.left = True
            self._leave()
        elif word:
            self._execute(self._command(word, line))

    def _command(self, word: str, line: str) -> AnyCommand:
        """The command that a line stands for. Raises UsageError."""
        if word in ENDS:
            return End(ENDS[word], clock=self._read_clock())
        if word == ":again":
            return Regenerate(clock=self._read_clock())
        if word == ":untest":
            return RemoveTest(self._last_added(), clock=self._read_clock())
        if word.startswith(":test "):
            return AddTest.written(word.removeprefix(":test "), clock=self._read_clock())
        if word.startswith(":") and " " not in word:
            raise UsageError(f"{word} is not a command: {HELP}")
        now = time.monotonic()
        return GiveFeedback(line, effort=self._clock.take(now), clock=self._clock.read(now))

    def _last_added(self) -> Test:
        if not self.state.extra_tests:
            raise UsageError("no test was added in this session: there is none to take back")
        return self.state.extra_tests[-1]

    def _leave(self) -> None:
        self._execute(Leave(clock=self._read_clock()))
        self.printer.talk(f"interrupted; go on with: {self.printer.resume_command(self.state.session)}")

    def _read_clock(self) -> ev.Effort:
        return self._clock.read(time.monotonic())

    def _execute(self, command: AnyCommand) -> None:
        """Print events as they come. Ctrl-C while the model writes stops the model, not the session."""
        self._clock.wait(time.monotonic(), True)
        try:
            with _interrupt_once(self.session.cancel):
                for event in self.session.execute(command):
                    self.printer.event(event)
                    self._show(event)
        finally:
            self._clock.wait(time.monotonic(), False)

    def _show(self, event: ev.LiveEvent) -> None:
        match event:
            case ev.GenerationStarted() if event.redraw_of is not None:
                self.printer.talk(
                    "that answer held no program: the model is asked once more, no round is used …"
                )
            case ev.GenerationStarted():
                self.printer.talk(f"{round_name(event.round)}: the model is writing …")
            case ev.GenerationFinished():
                self.printer.data(text.answer_text(event, self.printer.colour))
                if changed_nothing(self.state, self.state.program(event.program)):
                    self.printer.data(f"note: {SAME_PROGRAM}")
            case ev.TestsFinished():
                self.printer.warn()
                self.printer.data(text.report_text(event.visible, self.printer.colour))

    def _summary(self) -> None:
        self.printer.data(text.summary_text(self.state, lesson=self._lesson))
        self.printer.talk(f"journal: {self.session.path}")


@contextmanager
def _interrupt_once(cancel: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `cancel`; a second one interrupts as usual."""

    def first(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        cancel()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
