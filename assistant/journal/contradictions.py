"""Contradictions in a journal: verdicts against their cases, prompts against feedback, wall clock against monotonic.

The hash chain shows that a line was changed, unless the chain was made anew behind it. These checks find most of what
such a change leaves contradictory. A verdict forged together with its cases is found by `assistant replay` alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import isfinite

from assistant.core import events as ev
from assistant.core.generation import Finish
from assistant.core.outcome import Outcome, Report
from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.core.state import State, apply, without_last
from assistant.journal.dialogue_checks import DialogueChecks
from assistant.journal.generation_checks import GenerationChecks, holds_feedback
from assistant.journal.verdict_checks import VerdictChecks

CLOCK_TOLERANCE = timedelta(seconds=60)
"""A clock may be set back by so much (it is corrected over the network) without a finding."""
CLOCK_FAULT = timedelta(days=1)
"""No correction of a clock goes back as far as this."""
AFTER_THE_END = (ev.QuestionAnswered, ev.ConsentGiven)
"""What may follow a final end, control arms aside."""
BEFORE_THE_END = (*AFTER_THE_END, ev.DraftSaved, ev.SessionResumed, ev.SessionEnded)
"""What may follow once the end waits for answers, control arms aside; unsent words are saved a second late."""
_ID_TIME = re.compile(r"(\d{8}-\d{6})-[0-9a-z]{10}")
Finding = tuple[str, str]
"""Kind of a finding (`contradiction`, `clock`, `missing`) and its message."""


class Consistency:
    """Takes a journal's events in order and reports what contradicts earlier ones."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._state = State()
        self._generations, self._verdicts, self._dialogue = (
            GenerationChecks(),
            VerdictChecks(),
            DialogueChecks(),
        )
        self._header: ev.SessionStarted | None = None
        self._tests: tuple[Test, ...] = ()
        self._tests_of_controls: tuple[Test, ...] | None = None
        """The visible tests at the first final end, where the session went on after it."""
        self._turns = 0
        self._arms: dict[int, str] = {}
        self._rounds: dict[str, int] = {}
        self._feedback_by_program: dict[str, ev.FeedbackGiven] = {}
        self._judged: dict[str, bool] = {}
        """Programs with a visible verdict, in order: whether the hidden tests judged them, too."""
        self._passed = False
        self._ended: ev.SessionEnded | None = None

    def check(self, stamp: ev.Stamp, event: ev.Event) -> Iterator[Finding]:
        """What is wrong with `event`."""
        yield from self._clock.check(stamp, event, ended=self._ended is not None)
        yield from _negative(event)
        yield from self._after_the_end(event)
        yield from self._before_the_end(event)
        yield from self._in_context(stamp, event)
        match event:
            case ev.SessionStarted():
                self._header, self._tests = event, event.problem.visible_tests
            case ev.SessionResumed():
                yield from self._resumed(event)
            case ev.SessionContinued():
                self._ended = None
                self._tests_of_controls = self._tests_of_controls or self._tests
            case ev.GenerationStarted():
                yield from self._asked(event)
            case ev.GenerationFinished():
                self._rounds[event.program] = event.round
                yield from self._of_its_turn(event.turn, event.arm)
            case ev.CodeEdited() | ev.ProgramGiven():
                self._rounds[event.program] = event.round
                yield from self._next_turn(event.turn, "human")
            case ev.TestsFinished():
                yield from self._tested(event)
            case ev.HiddenScored():
                self._judged[event.program] = True
                yield from self._of_its_turn(event.turn, event.arm)
                yield from self._of_its_program(event)
                hidden = self._header.problem.hidden_tests if self._header else ()
                yield from self._report(event.hidden, "hidden", event.program, hidden)
            case ev.FeedbackGiven():
                self._feedback_by_program[event.program] = event
            case ev.TestAdded():
                self._tests = (*self._tests, event.test)
            case ev.TestRemoved():
                yield from self._removed(event)
            case ev.ConsentGiven():
                yield from _consent_text(event)
            case ev.SessionEnding():
                yield from self._solved(event)
                if not ev.is_final(event.reason):
                    yield "contradiction", f"an end as {event.reason} waits for no answers"
            case ev.SessionEnded():
                self._ended = event
                yield from self._solved(event)

    def _in_context(self, stamp: ev.Stamp, event: ev.Event) -> Iterator[Finding]:
        """What contradicts the session as it stood before the event."""
        yield from self._generations.check(self._state, stamp, event)
        yield from self._verdicts.check(self._state, event)
        yield from self._dialogue.check(self._state, stamp, event)
        with suppress(KeyError):  # a program that is not there is reported elsewhere
            self._state = apply(self._state, event)

    def finish(self) -> Iterator[Finding]:
        """What is missing once the last event is read."""
        judged = list(self._judged.items())
        over = self._ended is not None and ev.is_final(self._ended.reason)
        without = [program for program, done in (judged if over else judged[:-1]) if not done]
        if self._header is not None and self._header.problem.hidden_tests and without:
            yield "missing", f"no verdict of the hidden tests is recorded for {', '.join(without)}"

    def _after_the_end(self, event: ev.Event) -> Iterator[Finding]:
        if self._ended is None:
            return
        if isinstance(event, ev.SessionResumed) and not ev.is_final(self._ended.reason):
            return
        if isinstance(event, ev.SessionContinued):  # whether it may: `DialogueChecks`
            return
        if isinstance(event, AFTER_THE_END) or self._of_control(event):
            return
        yield "contradiction", f"{event.type} comes after the session has ended ({self._ended.reason})"

    def _before_the_end(self, event: ev.Event) -> Iterator[Finding]:
        """The end waits for answers: it comes as it was decided, and nothing else happens before it."""
        waits = self._state.ending
        if waits is None:
            return
        if not (isinstance(event, BEFORE_THE_END) or self._of_control(event)):
            yield "contradiction", f"{event.type} comes after the session was over ({waits.reason})"
        if isinstance(event, ev.SessionEnded) and event != waits.ended:
            yield "contradiction", "the end is not the one that waited for answers"

    def _of_control(self, event: ev.Event) -> bool:
        arm = getattr(event, "arm", None)
        return arm is not None and arm not in (*ev.DIALOGUE_ARMS, ev.DRAW)

    def _resumed(self, event: ev.SessionResumed) -> Iterator[Finding]:
        self._ended = None
        # The run before may have been killed between the two verdicts of a program.
        self._judged = dict.fromkeys(self._judged, True)
        owner = self._header.annotator if self._header else ""
        if event.annotator and owner and event.annotator != owner:
            yield "contradiction", f"resumed by {event.annotator}, though the session is {owner}'s"

    def _next_turn(self, turn: int, arm: str) -> Iterator[Finding]:
        if turn > self._turns:
            yield "contradiction", f"turn {turn} follows turn {self._turns - 1}: turns between them are gone"
        self._turns = max(self._turns, turn + 1)
        self._arms.setdefault(turn, arm)

    def _of_its_turn(self, turn: int, arm: str) -> Iterator[Finding]:
        known = self._arms.get(turn, arm)
        if known != arm:
            yield "contradiction", f"turn {turn} was asked for as `{known}`, not as `{arm}`"

    def _of_its_program(self, event: ev.TestsFinished | ev.HiddenScored) -> Iterator[Finding]:
        """A verdict names the turn and the round of its program."""
        made_in = self._rounds.get(event.program, event.round)
        if event.round != made_in or not event.program.startswith(f"t{event.turn}s"):
            yield "contradiction", f"turn {event.turn}, round {event.round} are not those of {event.program}"

    def _asked(self, event: ev.GenerationStarted) -> Iterator[Finding]:
        yield from self._next_turn(event.turn, event.arm)
        header = self._header
        if header is None:
            return
        prompt = _flat(_text(event))
        if not header.imported_from:
            yield from _task_in(prompt, header)
        parent = event.parent
        if event.arm not in ev.DIALOGUE_ARMS or event.redraw_of is not None or parent is None:
            return
        same = not header.settings.unchanged_uses_round  # round, where the answer before changed nothing
        if self._rounds.get(parent) in (event.round - 1, *[event.round] * same):
            yield from self._words_in(event, parent, bool(header.imported_from))

    def _words_in(self, event: ev.GenerationStarted, parent: str, imported: bool) -> Iterator[Finding]:
        given = self._feedback_by_program.get(parent)
        if given is None:
            yield "contradiction", f"answers feedback on {parent}, of which there are none"
        elif imported and (given.text == "…" or _flat(given.text) in _flat(_text(event))):
            return  # other tools put the words in other ways
        elif not any(holds_feedback(message.content, given.text) for message in event.messages):
            yield "contradiction", f"the prompt does not contain the feedback on {parent}"

    def _tested(self, event: ev.TestsFinished) -> Iterator[Finding]:
        self._judged.setdefault(event.program, False)
        of_dialogue = event.arm in (*ev.DIALOGUE_ARMS, ev.DRAW)
        self._passed = self._passed or (event.visible.passed and of_dialogue)
        yield from self._of_its_turn(event.turn, event.arm)
        yield from self._of_its_program(event)
        tests = self._tests if event.arm in ev.DIALOGUE_ARMS else self._tests_of_controls or self._tests
        yield from self._report(event.visible, "visible", event.program, tests)

    def _report(self, report: Report, which: str, program: str, tests: tuple[Test, ...]) -> Iterator[Finding]:
        """A verdict follows from its cases, and those are the tests'."""
        first = next((case for case in report.cases if not case.passed), None)
        outcome = first.outcome if first else Outcome.PASSED
        if (report.cases or report.passed) and (report.outcome is not outcome or not report.cases):
            yield (
                "contradiction",
                f"the {which} verdict on {program} is `{report.outcome}`, its cases say `{outcome}`",
            )
        if report.sealed and not all(case.sealed for case in report.cases):
            yield "contradiction", f"the {which} verdict on {program} is sealed, a case of it is not"
        problem = self._header.problem if self._header else None
        if problem is None or not report.cases:
            return
        if [case.test for case in report.cases] != [test.text(problem.entry_point) for test in tests]:
            yield "contradiction", f"the {which} verdict on {program} is not about the tests of the problem"

    def _removed(self, event: ev.TestRemoved) -> Iterator[Finding]:
        own = len(self._header.problem.visible_tests) if self._header else 0
        if event.test not in self._tests[own:]:
            yield "contradiction", "a test is removed that was not added in this session"
        self._tests = (*self._tests[:own], *without_last(self._tests[own:], event.test))

    def _solved(self, event: ev.SessionEnd) -> Iterator[Finding]:
        if event.reason == "solved" and not self._passed:
            yield "contradiction", "ended as solved, though no program passed the visible tests"


class _Clock:
    """The wall clock and the monotonic one, within a run of the program."""

    def __init__(self) -> None:
        self._wall: datetime | None = None
        self._mono: float | None = None

    def check(self, stamp: ev.Stamp, event: ev.Event, *, ended: bool) -> Iterator[Finding]:
        """Findings on an event's times. Events after an end may come from any later run."""
        wall = _parsed_time(stamp.time)
        if wall is None or not isfinite(stamp.mono):
            yield "contradiction", f"`{stamp.time}`, {stamp.mono} is no time"
            return
        if isinstance(event, ev.SessionStarted):
            yield from _started(event.session, wall)
        new_run = ended or isinstance(event, ev.SessionStarted | ev.SessionResumed)
        passed = timedelta(0)
        if not new_run and self._mono is not None:
            passed = timedelta(seconds=min(stamp.mono - self._mono, 1e9))
            if passed < timedelta(0):
                yield "contradiction", "the monotonic clock goes back within a run"
        if self._wall is not None:
            yield from _set_back(self._wall + max(passed, timedelta(0)) - wall)
        self._wall, self._mono = wall, stamp.mono


def _set_back(back: timedelta) -> Iterator[Finding]:
    if back > CLOCK_FAULT:
        yield "contradiction", f"the time goes back by {back.days} days"
    elif back > CLOCK_TOLERANCE:
        yield "clock", f"the clock was set back by {back.total_seconds():.0f} seconds before this event"


def _started(session: str, wall: datetime) -> Iterator[Finding]:
    """The session's id carries the second at which it was made."""
    found = _ID_TIME.fullmatch(session)
    try:
        made = datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC) if found else wall
    except ValueError:
        return
    if abs(made - wall) > CLOCK_FAULT:
        yield "contradiction", f"starts at {wall:%Y-%m-%d %H:%M}, though its id is of {made:%Y-%m-%d %H:%M}"
    elif abs(made - wall) > CLOCK_TOLERANCE:
        yield "clock", f"starts at {wall:%H:%M:%S}, though its id is of {made:%H:%M:%S}"


def _parsed_time(text: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else None


def _negative(event: ev.Event) -> Iterator[Finding]:
    """Times and counts are never below zero."""
    effort, finish = getattr(event, "effort", None), getattr(event, "finish", None)
    values: dict[str, float] = {}
    if isinstance(effort, ev.Effort):
        values |= effort.model_dump()
    if isinstance(finish, Finish):
        values |= {n: v for n, v in finish if isinstance(v, int | float) and not isinstance(v, bool)}
    for name, value in values.items():
        if not isfinite(value) or value < 0:
            yield "contradiction", f"{name} is {value}, which no clock or counter gives"


def _consent_text(event: ev.ConsentGiven) -> Iterator[Finding]:
    if (
        event.text
        and hashlib.sha256(event.text.encode("utf-8", "surrogatepass")).hexdigest() != event.text_sha256
    ):
        yield "contradiction", "the consent text does not have the hash that is recorded for it"


def _task_in(prompt: str, header: ev.SessionStarted) -> Iterator[Finding]:
    """The prompt holds the task and the tests that it was to show."""
    problem = header.problem
    wanted = [problem.text, *_shown(problem, header.settings.prompt.visible_tests)]
    if any(_flat(text) not in prompt for text in wanted):
        yield "contradiction", "the prompt is not about the problem that is recorded"


def _shown(problem: Problem, count: int | None) -> Iterator[str]:
    """The texts of the visible tests that every template shows."""
    tests = problem.visible_tests[:count]
    if all(isinstance(test, AssertTest | CallTest) for test in problem.visible_tests + problem.hidden_tests):
        yield from (test.text(problem.entry_point) for test in tests)


def _text(event: ev.GenerationStarted) -> str:
    return "\n".join(message.content for message in event.messages)


def _flat(text: str) -> str:
    return " ".join(text.split())
