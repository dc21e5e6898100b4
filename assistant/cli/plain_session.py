"""The session without a screen: code and verdicts as text, feedback from standard input, a line at a time."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from assistant.cli import composition
from assistant.cli import text_rendering as text
from assistant.cli.study import ask_consent
from assistant.core import events as ev
from assistant.core.errors import AssistantError, EngineError, JournalError, UsageError
from assistant.core.generation import Engine, Progress
from assistant.core.printable import exact
from assistant.core.problem import Problem
from assistant.core.program_equality import changed_nothing
from assistant.core.state import State
from assistant.core.state_labels import SAME_PROGRAM, round_name, tries_left
from assistant.core.submission import Sandbox
from assistant.sandbox.isolation_notice import banner, isolation_notice
from assistant.session.added_test import assertion
from assistant.session.annotation_queue import AnnotationQueue, answer_question
from assistant.session.arms.background import start_background_arms
from assistant.session.header import Held
from assistant.session.session import Session

HELP = (
    "an empty line is ignored; :stop gives up, :later leaves it for another day, :bad says the task or its "
    "tests are wrong, :again asks once more, :test EXPRESSION == VALUE adds a test of your own, :untest takes "
    "the last one back, :help"
)


def run_plain(options: composition.RunOptions, *, json_events: bool = False) -> int:
    """One whole session (or a study's sessions) in plain lines. An unsolved problem is not a failure."""
    folder = composition.journal_folder(options)
    begun = composition.own_session(options, folder) if options.resume else None
    queue = composition.queue_of(options, folder, begun)
    printer = Printer(json_events, who=options.annotator or "")
    held = composition.held(options, "plain")
    if held.author == "unknown" and options.author is None:
        printer.talk(UNKNOWN_AUTHOR)
    granted = _consent(queue, printer) if queue else False
    problem = None if begun or queue else _pick_problem(options, printer)
    engine = composition.make_engine(options)
    sandbox = None
    try:
        _prepare(engine, printer)
        sandbox = composition.make_sandbox(options)
        printer.warning = banner(sandbox.layers)
        if line := isolation_notice(sandbox.layers):
            printer.talk(line)
        if queue is not None:
            return _hold_study(queue, granted, engine, sandbox, printer, held)
        who = composition.annotator_of(options)
        if begun is not None:
            return _hold(Session.resume(begun, engine, sandbox, annotator=who, held=held), printer)
        assert problem is not None
        settings = options.settings()
        session = Session.begin(problem, settings, engine, sandbox, folder, annotator=who, held=held)
        return _hold(session, printer)
    finally:
        if sandbox is not None:
            sandbox.close()
        engine.close()


UNKNOWN_AUTHOR = (
    "note: the input is no terminal, so the words are recorded as of an unknown author; say --author person, or "
    "--author model:NAME where a program or a model speaks"
)


def _hold(
    session: Session, printer: Printer, queue: AnnotationQueue | None = None, granted: bool = False
) -> int:
    """One session to its end, with its control arms in the background; the journal is closed afterwards."""
    arms = start_background_arms(session)
    try:
        if queue is not None:
            for event in queue.record_consent(session, granted):
                printer.event(event)
        dialogue = _Dialogue(session, printer, lesson=queue is None or queue.study.lesson)
        status = dialogue.hold()
        if queue is not None and not status and not printer.left:
            _ask(queue.study.questions, printer, lambda q, a: session.record(_answered(q, a)))
        return status
    finally:
        if arms is not None:
            arms.close()
        session.close()


def _answered(question: str, answer: str) -> ev.QuestionAnswered:
    return ev.QuestionAnswered(question=question, answer=answer)


def _hold_study(
    queue: AnnotationQueue, granted: bool, engine: Engine, sandbox: Sandbox, printer: Printer, held: Held
) -> int:
    """Problem after problem, until the study is done or the input ends; it goes on another day."""
    goes_on = f"study {queue.study.name} goes on with `assistant --study FILE --annotator {queue.annotator}`"
    if note := queue.changes():
        printer.talk(note)
    _ask_what_is_open(queue, printer)
    while not printer.left and (assignment := queue.next()) is not None:
        printer.talk(f"problem {assignment.place} of {assignment.of} of study {queue.study.name}")
        status = _hold(queue.hold(assignment, engine, sandbox, held), printer, queue, granted)
        if status or printer.left:
            printer.talk(goes_on if queue.only else f"study {queue.study.name} {SAME_COMMAND}")
            return status
    printer.talk(goes_on if printer.left or queue.only else f"study {queue.study.name} is done: thank you")
    return 0


SAME_COMMAND = "goes on with the same command, whenever you like"


def _ask_what_is_open(queue: AnnotationQueue, printer: Printer) -> None:
    """Questions after earlier sessions that a closed or killed program left open."""
    for left in list(queue.unanswered()):
        if not printer.left:
            printer.talk(f"still open about {left.problem}:")
            _ask(left.questions, printer, partial(answer_question, left.journal))


def _ask(questions: Sequence[str], printer: Printer, record: Callable[[str, str], ev.Event]) -> None:
    """A study's questions after a session; an empty line skips one, the end of input leaves it open."""
    for question in questions:
        printer.talk(f"{question} ", end="")
        line = printer.read_line()
        if printer.left:
            return
        printer.event(record(question, line.strip()))


def _consent(queue: AnnotationQueue, printer: Printer) -> bool:
    """The annotator's answer: the one that is on record, or asked for now. What a refusal means is said."""
    consent = queue.study.consent
    if consent is None:
        return False
    known = queue.consented()
    granted = ask_consent(consent.text, printer.read_line) if known is None else known
    if not granted:
        printer.talk(queue.refusal())
    return granted


class Printer:
    """Data on stdout, talk on stderr; with `json_events`, stdout is the event stream alone."""

    def __init__(self, json_events: bool, who: str = "") -> None:
        self.json_events = json_events
        self._who = who
        """The annotator as said on the command line, which has to be said again to go on."""
        self.colour = text.colour_wanted(sys.stdout)
        self.left = False
        """The person has gone: the input ended, or they said that they go on another day."""
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
        return f"assistant resume {session}{f' --annotator {self._who}' if self._who else ''}"

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

    def _print(self, event: ev.LiveEvent) -> None:
        record = event.model_dump(mode="json")
        print(json.dumps(record if "type" in record else {"type": "streamed", **record}), flush=True)


class _Dialogue:
    """Holds one session with a person on stdin."""

    def __init__(self, session: Session, printer: Printer, *, lesson: bool) -> None:
        self.session = session
        self.printer = printer
        self._lesson = lesson
        """Whether the results of hidden tests and control arms are shown at the end of the session."""
        self._failed = False
        """The last step was refused, or could not be recorded."""
        self.total = session.state.clock
        self.effort = unspoken(session.state)
        """Since the last feedback."""

    @property
    def state(self) -> State:
        return self.session.state

    def hold(self) -> int:
        """Until solved, given up, out of rounds, or the input ends. The exit status: 1 where no answer came."""
        assert self.state.problem is not None
        self.printer.data(text.problem_text(self.state.problem))
        if so_far := text.table_text(self.state, self.printer.colour):
            self.printer.data(so_far)
        try:
            self._try(lambda: self._show(self.session.start()), JournalError)
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
        """Read one command and execute it. Bad input is reported and nothing is lost."""
        started = time.monotonic()
        cut_off = self.state.pending_feedback is not None or self.state.current_program is None
        if cut_off:
            self.printer.talk("the answer was cut off; :again asks once more, :stop ends")
        self.printer.talk(
            f"[{round_name(self.state.round)}; {tries_left(self.state)}] what is wrong? ", end=""
        )
        try:
            line = self.printer.read_line()
        finally:
            self._spend(ev.Effort(reading=time.monotonic() - started))
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
        if word in (":stop", ":quit", ":q"):
            self._end("gave_up")
        elif word == ":later":
            self.printer.left = True
            self._leave()
        elif word == ":bad":
            self._end("bad_task")
        elif word == ":help":
            self.printer.talk(HELP)
        elif word == ":again":
            self._show(self.session.again())
        elif word == ":untest":
            self._remove_test()
        elif word.startswith(":test "):
            self._show(self.session.add_test(assertion(word.removeprefix(":test "))))
        elif word.startswith(":") and " " not in word:
            raise UsageError(f"{word} is not a command: {HELP}")
        elif word:
            self.session.clock("read", self.total)
            events = self.session.feedback(line, effort=self.effort)
            self._show(events)

    def _remove_test(self) -> None:
        if not self.state.extra_tests:
            raise UsageError("no test was added in this session: there is none to take back")
        self._show(self.session.remove_test(self.state.extra_tests[-1]))

    def _end(self, reason: ev.EndReason) -> None:
        self.session.clock("read", self.total)
        self._show(self.session.end(reason))

    def _leave(self) -> None:
        self.session.clock("paused", self.total, "left")
        self._show(self.session.end("interrupted"))
        self.printer.talk(f"interrupted; go on with: {self.printer.resume_command(self.state.session)}")

    def _spend(self, seconds: ev.Effort) -> None:
        self.effort, self.total = self.effort + seconds, self.total + seconds

    def _show(self, events: Iterator[ev.LiveEvent]) -> None:
        """Print events as they come. Ctrl-C while the model writes stops the model, not the session."""
        started = time.monotonic()
        with _interrupt_once(self.session.cancel):
            for event in events:
                if isinstance(event, ev.FeedbackGiven):
                    self.effort = ev.Effort()
                self.printer.event(event)
                self._show_one(event)
                if isinstance(event, ev.TestsFinished):  # the session may end right after
                    waited = ev.Effort(waiting=time.monotonic() - started)
                    self.session.clock("read", self.total + waited)
        self._spend(ev.Effort(waiting=time.monotonic() - started))

    def _show_one(self, event: ev.LiveEvent) -> None:
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


def unspoken(state: State) -> ev.Effort:
    """Of a session's time on the clock, what no feedback and no edit has been credited with."""
    spent = state.effort
    left = {name: getattr(state.clock, name) - getattr(spent, name) for name in ev.Effort.model_fields}
    return ev.Effort(**{name: max(0.0, seconds) for name, seconds in left.items()})


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


def _prepare(engine: Engine, printer: Printer) -> None:
    """Make the model ready, with one line that is rewritten on a terminal and one line a step elsewhere."""
    live, last = sys.stderr.isatty(), ""

    def show(progress: Progress) -> None:
        nonlocal last
        line = text.progress_text(progress)
        if live:
            printer.talk(f"\r\x1b[K{line}", end="")
        elif progress.step != last:
            printer.talk(line)
        last = progress.step

    try:
        model = engine.prepare(show)
    finally:
        if live and last:
            printer.talk("\r\x1b[K", end="")
    place = model.base_url if model.device in ("", "none") else model.device
    printer.talk(f"model: {model.name}" + (f" on {place}" if place else ""))


def _pick_problem(options: composition.RunOptions, printer: Printer) -> Problem:
    """The problem named by `--problem`, or by the first line of stdin."""
    from assistant.problems.load import load_source

    collection = load_source(options.source or "starter")
    for notice in collection.skipped:
        printer.talk(f"skipped: {notice}")
    if options.problem is not None:
        return collection.get(options.problem)
    for number, problem in enumerate(collection.problems, start=1):
        printer.talk(f"{number:4}  {problem.id:32} {exact(' '.join(problem.text.split()))[:80]}")
    printer.talk("which problem? (number or id) ", end="")
    answer = printer.read_line().strip()
    if not answer:
        raise UsageError("no problem was chosen; name one with --problem ID")
    if answer.isdigit() and 1 <= int(answer) <= len(collection.problems):
        return collection.problems[int(answer) - 1]
    return collection.get(answer)
