"""The session without a screen: code and verdicts as text, feedback from standard input, a line at a time."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from assistant.cli import plain_text as text
from assistant.cli import setup
from assistant.cli.study import ask_consent
from assistant.domain import events as ev
from assistant.domain.errors import EngineError, UsageError
from assistant.domain.generation import Engine, Progress
from assistant.domain.printable import exact
from assistant.domain.problem import Problem
from assistant.domain.sameness import changed_nothing
from assistant.domain.state import State
from assistant.domain.submission import Sandbox
from assistant.domain.wording import SAME_PROGRAM, round_name, tries_left
from assistant.sandbox.banner import banner, told
from assistant.session.background import start_background_arms
from assistant.session.desk import Desk
from assistant.session.runner import Session
from assistant.store.library import find_session

HELP = (
    "an empty line is ignored; :stop gives up, :later leaves it for another day, :bad says the task or its "
    "tests are wrong, :again asks once more, :help"
)


def run_plain(options: setup.RunOptions, *, json_events: bool = False) -> int:
    """One whole session (or a study's sessions) in plain lines. An unsolved problem is not a failure."""
    printer = Printer(json_events)
    folder = setup.journal_folder(options)
    desk = setup.study_desk(options, folder) if options.study else None
    granted = _consent(desk, printer) if desk else None
    begun = find_session(folder, options.resume) if options.resume else None
    problem = None if begun or desk else _pick_problem(options, printer)
    engine = setup.make_engine(options)
    sandbox = None
    try:
        _prepare(engine, printer)
        sandbox = setup.make_sandbox(options)
        printer.warning = banner(sandbox.layers)
        if line := told(sandbox.layers):
            printer.talk(line)
        if desk is not None:
            return _hold_study(desk, bool(granted), engine, sandbox, printer)
        if begun is not None:
            return _hold(Session.resume(begun, engine, sandbox), printer)
        assert problem is not None
        who = setup.annotator_of(options)
        settings = options.settings()
        return _hold(Session.begin(problem, settings, engine, sandbox, folder, annotator=who), printer)
    finally:
        if sandbox is not None:
            sandbox.close()
        engine.close()


def _hold(session: Session, printer: Printer, desk: Desk | None = None, granted: bool = False) -> int:
    """One session to its end, its control arms beside it, its journal released."""
    arms = start_background_arms(session)
    try:
        if desk is not None:
            for event in desk.record_consent(session, granted):
                printer.event(event)
        dialogue = _Dialogue(session, printer, lesson=desk is None or desk.study.lesson)
        status = dialogue.hold()
        if desk is not None and not status and not printer.left:
            dialogue.ask(desk.study.questions)
        return status
    finally:
        if arms is not None:
            arms.close()
        session.close()


def _hold_study(desk: Desk, granted: bool, engine: Engine, sandbox: Sandbox, printer: Printer) -> int:
    """Problem after problem, until the study is done or the input ends; it goes on another day."""
    if desk.has_changed():
        printer.talk("note: the study file has changed since your last session; the journals will name both")
    while (assignment := desk.next()) is not None:
        printer.talk(f"problem {assignment.place} of {assignment.of} of study {desk.study.name}")
        if assignment.unfinished is not None:
            session = Session.resume(assignment.unfinished, engine, sandbox)
        else:
            session = Session.begin(
                assignment.problem,
                assignment.settings,
                engine,
                sandbox,
                desk.folder,
                annotator=desk.annotator,
                study=assignment.info,
            )
        status = _hold(session, printer, desk, granted)
        if status or printer.left:
            printer.talk(f"study {desk.study.name} goes on with the same command, whenever you like")
            return status
    printer.talk(f"study {desk.study.name} is done: thank you")
    return 0


def _consent(desk: Desk, printer: Printer) -> bool:
    """The annotator's answer: the one that is on record, or asked for now."""
    known = desk.consented()
    if known is not None or desk.study.consent is None:
        return bool(known)
    return ask_consent(desk.study.consent.text, printer.read_line)


class Printer:
    """Data on stdout, talk on stderr; with `json_events`, stdout is the event stream alone."""

    def __init__(self, json_events: bool) -> None:
        self.json_events = json_events
        self.colour = text.colour_wanted(sys.stdout)
        self.left = False
        """The person has gone: the input ended, or they said that they go on another day."""
        self._silent: list[ev.LiveEvent] = []
        """What may be shown only when the session is over."""
        self.warning = ""
        """Said at the start and again with every verdict: the walls are less than whole."""

    def read_line(self) -> str:
        """One line of stdin with its end; empty when there is no more."""
        line = sys.stdin.readline()
        self.left = self.left or not line
        return line

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
        """Whether the end of the session tells what the hidden tests and the control arms found."""
        self.total = session.state.clock
        self.effort = unspoken(session.state)
        """Since the last feedback."""

    @property
    def state(self) -> State:
        return self.session.state

    def hold(self) -> int:
        """Until solved, given up, or out of rounds."""
        assert self.state.problem is not None
        self.printer.data(text.problem_text(self.state.problem))
        if so_far := text.table_text(self.state, self.printer.colour):
            self.printer.data(so_far)
        try:
            self._show(self.session.start())
            while self.state.ended is None:
                self._turn()
        except KeyboardInterrupt:
            if self.state.ended is None:
                self._leave()
            self._summary()
            return 130
        self._summary()
        return 0

    def ask(self, questions: Sequence[str]) -> None:
        """A study's questions after the session; an empty line skips one."""
        for question in questions:
            self.printer.talk(f"{question} ", end="")
            answer = self.printer.read_line().strip()
            if answer:
                self.printer.event(self.session.record(ev.QuestionAnswered(question=question, answer=answer)))

    def _turn(self) -> None:
        """Read one line and do what it says. Bad input is told and nothing is lost."""
        started = time.monotonic()
        cut_off = self.state.pending_feedback is not None or self.state.on_table is None
        if cut_off:
            self.printer.talk("the answer was cut off; :again asks once more, :stop ends")
        self.printer.talk(
            f"[{round_name(self.state.round)}; {tries_left(self.state)}] what is wrong? ", end=""
        )
        try:
            line = self.printer.read_line()
        finally:
            self._spend(ev.Effort(reading=time.monotonic() - started))
        if not line:
            self.printer.talk("")
            self._end("gave_up")
            return
        try:
            self._do(line.strip(), line)
        except (UsageError, EngineError) as error:
            self.printer.talk(f"assistant: {error}")

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
        elif word.startswith(":") and " " not in word:
            raise UsageError(f"{word} is not a command: {HELP}")
        elif word:
            self.session.clock("read", self.total)
            events = self.session.feedback(line, effort=self.effort)
            self._show(events)

    def _end(self, reason: ev.EndReason) -> None:
        self.session.clock("read", self.total)
        self._show(self.session.end(reason))

    def _leave(self) -> None:
        self.session.clock("paused", self.total, "left")
        self._show(self.session.end("interrupted"))
        self.printer.talk(f"interrupted; go on with: assistant resume {self.state.session}")

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


def _pick_problem(options: setup.RunOptions, printer: Printer) -> Problem:
    """The problem named by `--problem`, or by the first line of stdin."""
    from assistant.problems.sources import load_source

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
