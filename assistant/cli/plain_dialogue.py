"""One session with a person at standard input: each line becomes a command, and what follows is printed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assistant.cli import plain_commands, plain_views
from assistant.cli import text_rendering as text
from assistant.cli.plain_draft import UnsentWords
from assistant.cli.plain_editing import ALONE, edited_program
from assistant.cli.plain_printer import Printer, answer_to, interrupt_once
from assistant.cli.plain_write_back import offer, offer_at_the_end
from assistant.core import events as ev
from assistant.core.errors import AssistantError, EngineError, JournalError, UsageError
from assistant.core.printable import printable
from assistant.core.state import Program, State
from assistant.core.state_labels import (
    OUT_OF_TIME,
    PASSES_ALREADY,
    passes_already,
    program_name,
    score,
    time_left,
    tries_left,
)
from assistant.journal.reader import read_journal
from assistant.problems.own_function import OwnWork
from assistant.reporting.session_page import SUFFIXES, session_page
from assistant.session.commands import (
    AddTest,
    AnswerQuestion,
    AnyCommand,
    ChooseProgram,
    Continue,
    DrawAnother,
    EditCode,
    End,
    Evaluate,
    GiveFeedback,
    Leave,
    Regenerate,
    RemoveTest,
    Start,
)
from assistant.session.draws import offered_draw, unseen_draws
from assistant.session.effort import EffortClock
from assistant.session.session import Session
from assistant.tui.save_file import file_name, page_name, save_text

CONTINUE_HINT = (
    ":continue goes on for two more rounds, beyond the experiment; :hidden does so with the first hidden test that "
    "fails; Enter leaves."
)


class PlainDialogue:
    """Holds one session with a person on standard input."""

    def __init__(
        self, session: Session, printer: Printer, *, lesson: bool, own: OwnWork | None = None
    ) -> None:
        """`own` is the function of a file that the session is about."""
        self.session = session
        self.printer = printer
        self._own = own
        self._lesson = lesson
        """Whether the results of hidden tests and control arms are shown at the end of the session."""
        self._told: ev.SessionEnded | None = None
        """The end that was told."""
        self._opened_after_end = session.state.is_over
        """The session had ended when it was opened: whoever did so wants to go on."""
        self._failed = False
        """The last step was refused, or could not be recorded."""
        self._clock = EffortClock(away_after=math.inf)
        session.attach_clock(self._clock)
        self._unsent = UnsentWords(printer.talk)
        self._seen_draws: set[str] = set()
        self._handlers: dict[str, Callable[[str], None]] = {
            ":help": lambda name: self.printer.talk(plain_commands.help_text(name)),
            ":task": self._show_task,
            ":code": lambda name: self.printer.data(plain_views.numbered_code(self._named(name))),
            ":answer": lambda name: self.printer.data(printable(self._named(name).text.strip())),
            ":tests": self._show_tests,
            ":rounds": lambda _: self.printer.data(plain_views.rounds_text(self.state)),
            ":diff": self._show_difference,
            ":back": self._go_back,
            ":edit": self._edit,
            ":try": lambda expression: self._execute(Evaluate(expression, clock=self._read_clock())),
            ":test": lambda words: self._execute(AddTest.written(words, clock=self._read_clock())),
            ":untest": self._remove_test,
            ":quote": lambda number: self._unsent.quote_case(self._named(""), number),
            ":line": lambda number: self._unsent.quote_line(self._named(""), number),
            ":more": lambda words: self._unsent.add(f"{words}\n"),
            ":forget": lambda _: self._unsent.forget(),
            ":label": self._unsent.label,
            ":draw": self._draw,
            ":again": lambda _: self._execute(Regenerate(clock=self._read_clock())),
            ":save": self._save,
            ":share": self._share,
            ":continue": self._continue,
            ":hidden": self._take_hidden,
            ":later": self._later,
            ":stop": lambda _: self._execute(End("gave_up", clock=self._read_clock())),
            ":bad": lambda _: self._execute(End("bad_task", clock=self._read_clock())),
        }

    @property
    def state(self) -> State:
        return self.session.state

    def hold(self) -> int:
        """Until solved, given up, out of rounds, or the input ends. The exit status: 1 where no answer came."""
        assert self.state.problem is not None
        self.printer.data(text.problem_text(self.state.problem))
        if so_far := text.table_text(self.state, self.printer.colour):
            self.printer.data(so_far)
        if self.state.draft:
            self.printer.talk(f"written the last time and not sent: {printable(self.state.draft)}")
        self._clock.start(time.monotonic())
        refused, offered = False, None
        try:
            self._try(lambda: self._execute(Start()), JournalError)
            if passes_already(self.state):
                self.printer.talk(PASSES_ALREADY)
            if self.state.settings.person_alone and not self.state.is_decided:
                self._begin_alone()
            while not self.printer.left:
                if self.session.open_questions:
                    self._ask()
                    continue
                if self.state.ended is None:
                    self._turn()
                    continue
                if self._own is not None and offered != self.state.current:
                    offered = self.state.current
                    refused |= not offer_at_the_end(self._own, self.state, self.printer)
                if not self._goes_on():
                    break
        except KeyboardInterrupt:
            if self.state.ended is None:
                self._try(self._leave, JournalError)
            self._summary()
            return 130
        self._summary()
        return 1 if self._failed or refused or not self._answered() else 0

    def _ask(self) -> None:
        """A study's questions: the session ends with the last answer, or where the person leaves them open."""
        for question in self.session.open_questions:
            answer = answer_to(question, self.printer)
            if answer is None:
                self._try(self._leave, JournalError)
                return
            self._try(partial(self._execute, AnswerQuestion(question.text, answer)), JournalError)

    def _begin_alone(self) -> None:
        """Without a model the person writes at once; a script says when."""
        self.printer.talk(ALONE)
        self.printer.data(plain_views.numbered_code(self._named("")))
        if self.printer.at_terminal:
            self._try(lambda: self._edit(""), UsageError, JournalError)

    def _goes_on(self) -> bool:
        """At a terminal, after an end after which one may go on: whether the next line wants to. Any other leaves.

        A script is not asked: it may wait for the program's end before it closes the input. Who opens a session that
        has ended is, once.
        """
        opened, self._opened_after_end = self._opened_after_end, False
        left = self.state.ended is not None and self.state.ended.reason == "gave_up"
        if not self.state.may_go_on or not (opened or (self.printer.at_terminal and not left)):
            return False
        self._summary()
        self.printer.talk(f"{CONTINUE_HINT} ", end="")
        line = self.printer.read_line().strip()
        if line.partition(" ")[0] not in (":continue", ":hidden"):
            return False
        self._try(lambda: self._do(line, line), UsageError, JournalError)
        return True

    def _continue(self, rounds: str) -> None:
        try:
            more = int(rounds or Continue.rounds)
        except ValueError:
            raise UsageError(f"say how many more rounds, e.g. :continue 2, not {rounds}") from None
        self._execute(Continue(more))

    def _take_hidden(self, number: str) -> None:
        """A hidden test that the last program of the experiment failed becomes a visible one."""
        if not self.state.beyond and not self.state.is_over:
            raise UsageError("hidden tests stay hidden until the end")
        failing = self.state.failing_hidden_tests() if self._lesson else ()
        if not failing:
            raise UsageError("no hidden test fails that is not a visible one yet")
        at = plain_views.place(number, len(failing)) if number else 0
        if self.state.is_over:
            self._execute(Continue())
        self._execute(AddTest(failing[at], clock=self._read_clock()))

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
        if (offer := offered_draw(self.state, self._seen_draws)) is not None:
            self.printer.talk(
                f"another draw passes {score(offer.visible).removesuffix(' pass')}: :draw shows it"
            )
        if self._is_out_of_time(""):
            return
        asks = ":edit, or :stop?" if self.state.settings.person_alone else "what is wrong?"
        self.printer.talk(
            f"[{program_name(self.state.current_program)}; {tries_left(self.state)}{self._time_left()}] {asks} ",
            end="",
        )
        line = self.printer.read_line()
        if line and self._is_out_of_time(line.strip()):
            return
        if line:
            self._try(lambda: self._do(line.strip(), line), UsageError, EngineError, JournalError)
        else:
            self._input_ended()

    def _seconds_left(self) -> float | None:
        active = self._clock.active(time.monotonic())
        return None if self.state.beyond else self.state.settings.seconds_left(active)

    def _time_left(self) -> str:
        left = self._seconds_left()
        return "" if left is None else f"; {time_left(left)}"

    def _is_out_of_time(self, line: str) -> bool:
        """Whether the time limit is reached: the session then ends; `line` came too late, and is kept as a draft."""
        left = self._seconds_left()
        if left is None or left > 0:
            return False
        if line:
            self._try(lambda: self.session.save_draft(line), JournalError)
        late = "; your last words are kept, and not sent" if line else ""
        self.printer.talk(f"\n{OUT_OF_TIME}: thank you for your work on it{late}")
        self._try(lambda: self._execute(End("gave_up", clock=self._read_clock())), JournalError)
        return True

    def _input_ended(self) -> None:
        """A closed pipe, a lost connection or Ctrl-D decides nothing: the session can be resumed."""
        refused = self._failed
        self.printer.talk("\nthe input ended")
        self._try(self._leave, JournalError)
        self._failed |= refused

    def _do(self, word: str, line: str) -> None:
        if not word:
            return
        command = plain_commands.parse(line)
        if command is None:
            self._send(line)
        else:
            self._handlers[command[0].name](command[1])

    def _send(self, line: str) -> None:
        now = time.monotonic()
        effort = self._clock.take(now)
        words, labels = f"{self._unsent.text}{line}", self._unsent.labels
        self._execute(GiveFeedback(words, labels, effort=effort, clock=self._clock.read(now)))

    # What is looked at.

    def _named(self, name: str) -> Program:
        return plain_views.named_program(self.state, name)

    def _show_task(self, _: str) -> None:
        assert self.state.problem is not None
        self.printer.data(text.problem_text(self.state.problem))

    def _show_tests(self, _: str) -> None:
        self.printer.data(plain_views.numbered_tests(self._named(""), self.printer.colour))

    def _show_difference(self, names: str) -> None:
        first, _, second = names.partition(" ")
        new = self._named(second.strip())
        if not first and new.parent is None:
            raise UsageError("this is the first program: there is nothing to compare it with")
        self.printer.data(plain_views.difference(self._named(first or new.parent or ""), new))

    def _draw(self, _: str) -> None:
        """A further draw that is there already, the best first; else one more of the model."""
        drawn = next(iter(unseen_draws(self.state, self._seen_draws)), None)
        if drawn is None:
            before = {program.id for program in self.state.programs}
            self._execute(DrawAnother(clock=self._read_clock()))
            made = (p for p in self.state.programs if p.arm == ev.DRAW and p.id not in before and p.complete)
            drawn = next(made, None)
        else:
            self.printer.data(plain_views.numbered_code(drawn))
            self.printer.data(plain_views.numbered_tests(drawn, self.printer.colour))
        if drawn is not None:
            self._seen_draws.add(drawn.id)
            self.printer.talk(f":back {drawn.id} goes on from it; any other line is about the program before")

    # What is done with the program.

    def _go_back(self, name: str) -> None:
        program = plain_views.named_program(self.state, name, but=self.state.current)
        self._execute(ChooseProgram(program.id, clock=self._read_clock()))
        self.printer.data(text.table_text(self.state, self.printer.colour))

    def _edit(self, how: str) -> None:
        before = plain_views.code_of(self._named(""))
        self._clock.edit(time.monotonic(), True)
        try:
            code, editor = edited_program(self.printer, before, file_name(self.state.problem), how)
        finally:
            self._clock.edit(time.monotonic(), False)
        now = time.monotonic()
        self._execute(EditCode(code, self._clock.take(now), editor, clock=self._clock.read(now)))

    def _remove_test(self, number: str) -> None:
        self._execute(RemoveTest(plain_views.added_test(self.state, number), clock=self._read_clock()))

    def _save(self, name: str) -> None:
        if self._own is not None and not name:
            offer(self._own, self.state, self.printer)
            return
        self._write(Path(name or file_name(self.state.problem)), plain_views.code_of(self._named("")) + "\n")

    def _share(self, name: str) -> None:
        form = next((known for known in SUFFIXES if known == (name or "markdown")), None)
        if form is None:
            raise UsageError(f"{name} is no format: choose {', '.join(SUFFIXES)}")
        events = read_journal(self.session.path).events
        page = session_page(events, form, tell_hidden=self._lesson)
        self._write(Path(page_name(self.state.problem, form)), page)

    def _write(self, path: Path, content: str) -> None:
        path = path.expanduser()
        try:
            written = save_text(path.parent, path.name, content)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        self.printer.talk(f"saved: {written}")

    # The end.

    def _later(self, _: str) -> None:
        self.printer.left = True
        self._leave()

    def _leave(self) -> None:
        self._execute(Leave(draft=self._unsent.text or None, clock=self._read_clock()))
        if self.state.is_over:
            return
        self.printer.talk(f"interrupted; go on with: {self.printer.resume_command(self.state.session)}")

    def _read_clock(self) -> ev.Effort:
        return self._clock.read(time.monotonic())

    def _execute(self, command: AnyCommand) -> None:
        """Print events as they come. Ctrl-C while the model writes stops the model, not the session."""
        self._clock.wait(time.monotonic(), True)
        try:
            with interrupt_once(self.session.cancel):
                for event in self.session.execute(command):
                    self.printer.event(event)
                    self.printer.progress(self.state, event)
                    if isinstance(event, ev.FeedbackGiven):
                        self._unsent.sent()
        finally:
            self._clock.wait(time.monotonic(), False)
        if isinstance(command, GiveFeedback | Regenerate):
            self.printer.outcome(self.state)

    def _summary(self) -> None:
        """How it ended; once for each end."""
        if self._told == self.state.ended and self._told is not None:
            return
        self._told = self.state.ended
        self.printer.data(text.summary_text(self.state, lesson=self._lesson))
        self.printer.talk(f"journal: {self.session.path}")
