"""Plain mode: sessions and studies without a screen, for scripts and screen readers."""

from __future__ import annotations

import sys

from assistant.cli import composition
from assistant.cli.plain_dialogue import PlainDialogue
from assistant.cli.plain_printer import Printer, answer_to
from assistant.cli.run_options import RunOptions
from assistant.cli.study import ask_consent
from assistant.core.errors import AssistantError, UsageError
from assistant.core.generation import Engine
from assistant.core.printable import exact
from assistant.core.problem import Problem
from assistant.core.state_labels import WHAT_WORKS
from assistant.core.submission import Sandbox
from assistant.journal.study_answers import Part
from assistant.problems.own_function import OwnWork
from assistant.reporting.progress import ProgressPrinter
from assistant.reporting.terminal_tables import listing
from assistant.sandbox.isolation_notice import banner, isolation_notice
from assistant.session.annotation_queue import AnnotationQueue, answer_question
from assistant.session.arms.background import start_background_work
from assistant.session.commands import GiveConsent
from assistant.session.header import Held, given_program
from assistant.session.session import Session
from assistant.settings.preferences import load_preferences, save_preference


def run_plain(options: RunOptions, *, json_events: bool = False) -> int:
    """One whole session (or a study's sessions) in plain lines. An unsolved problem is not a failure."""
    folder = composition.journal_folder(options)
    begun = composition.own_session(options, folder) if options.resume else None
    queue = composition.queue_of(options, folder, begun)
    printer = Printer(json_events, who=options.annotator or "")
    held = composition.held(options, "plain")
    if held.author == "unknown" and options.author is None:
        printer.talk(UNKNOWN_AUTHOR)
    granted = _consent(queue, printer) if queue else False
    own = options.own
    if own is not None:
        printer.resume_words = f"fix {own.place} --resume"
    problem = own.problem if own else None if begun or queue else _pick_problem(options, printer)
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
            session = Session.resume(begun, engine, sandbox, annotator=who, held=held)
            return _hold(session, printer, own=own)
        assert problem is not None
        _advise(printer)
        session = Session.begin(
            problem, options.settings(), engine, sandbox, folder, annotator=who, held=held,
            given=given_program(own.function.code) if own else None,
        )  # fmt: skip
        return _hold(session, printer, own=own)
    finally:
        if sandbox is not None:
            sandbox.close()
        engine.close()


def _advise(printer: Printer) -> None:
    """What feedback works best, once to a person at a terminal who has not taken the app's tour."""
    known = load_preferences()
    if not printer.at_terminal or known.tour_seen or known.advice_seen:
        return
    printer.talk(f"tip: {WHAT_WORKS}")
    try:
        save_preference("advice_seen", True)
    except AssistantError as error:
        printer.talk(f"assistant: {error}")


UNKNOWN_AUTHOR = (
    "note: the input is no terminal, so the words are recorded as of an unknown author; say --author person, or "
    "--author model:NAME where a program or a model speaks"
)


def _hold(
    session: Session,
    printer: Printer,
    queue: AnnotationQueue | None = None,
    granted: bool = False,
    own: OwnWork | None = None,
) -> int:
    """One session to its end, with its control arms in the background; the journal is closed afterwards."""
    arms = start_background_work(session)
    try:
        if queue is not None:
            for event in session.execute(GiveConsent(queue, granted)):
                printer.event(event)
        dialogue = PlainDialogue(session, printer, lesson=queue is None or queue.study.lesson, own=own)
        return dialogue.hold()
    finally:
        if arms is not None:
            arms.close()
        session.close()


def _hold_study(
    queue: AnnotationQueue, granted: bool, engine: Engine, sandbox: Sandbox, printer: Printer, held: Held
) -> int:
    """Problem after problem, until the study is done or the input ends; it goes on another day."""
    goes_on = f"study {queue.study.name} goes on with `assistant --study FILE --annotator {queue.annotator}`"
    if note := queue.changes():
        printer.talk(note)
    _ask_what_is_open(queue, printer)
    takes_part = granted or queue.study.consent is None
    if takes_part:
        _ask_around(queue, "entry", printer)
    while not printer.left and (assignment := queue.next()) is not None:
        printer.talk(f"problem {assignment.place} of {assignment.of} of study {queue.study.name}")
        status = _hold(queue.hold(assignment, engine, sandbox, held), printer, queue, granted)
        if status or printer.left:
            printer.talk(goes_on if queue.only else f"study {queue.study.name} {SAME_COMMAND}")
            return status
    if takes_part and not queue.failed_practice:
        _ask_around(queue, "end", printer)
    printer.talk(goes_on if printer.left or queue.only else queue.farewell())
    return 0


SAME_COMMAND = "goes on with the same command, whenever you like"


def _ask_what_is_open(queue: AnnotationQueue, printer: Printer) -> None:
    """Questions after earlier sessions that a closed or killed program left open."""
    for left in list(queue.unanswered()):
        if not printer.left:
            printer.talk(f"still open about {left.problem}:")
            for question in left.questions:
                answer = answer_to(question, printer)
                if answer is None:
                    break
                printer.event(answer_question(left.journal, question.text, answer))


def _ask_around(queue: AnnotationQueue, part: Part, printer: Printer) -> None:
    """The study's questions before its first problem or after its last: each answer is kept at once."""
    for question in queue.asked(part):
        if printer.left or (answer := answer_to(question, printer)) is None:
            return
        queue.keep_answers(part, [(question, answer)])


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


def _prepare(engine: Engine, printer: Printer) -> None:
    """Make the model ready, with its progress, and say which it is."""
    with ProgressPrinter() as progress:
        model = engine.prepare(progress.report)
    place = model.base_url if model.device in ("", "none") else model.device
    printer.talk(f"model: {model.name}" + (f" on {place}" if place else ""))


def _pick_problem(options: RunOptions, printer: Printer) -> Problem:
    """The problem named by `--problem`, or by the first line of stdin."""
    from assistant.problems.load import load_source

    collection = load_source(options.problems or "starter")
    for notice in collection.skipped:
        printer.talk(f"skipped: {notice}")
    if options.problem is not None:
        return collection.get(options.problem)
    rows = [
        (f"{number:4}", problem.id, exact(" ".join(problem.text.split()))[:80])
        for number, problem in enumerate(collection.problems, start=1)
    ]
    for line in listing(("", "", ""), rows, sys.stderr):
        printer.talk(line)
    printer.talk("which problem? (number or id) ", end="")
    answer = printer.read_line().strip()
    if not answer:
        raise UsageError("no problem was chosen; name one with --problem ID")
    if answer.isdigit() and 1 <= int(answer) <= len(collection.problems):
        return collection.problems[int(answer) - 1]
    return collection.get(answer)
