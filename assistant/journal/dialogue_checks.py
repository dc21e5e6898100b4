"""Contradictions in what the person did: feedback, choices and edits out of place, clocks, and the session's end."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core import events as ev
from assistant.core.point_steps import step_to_take
from assistant.core.questions import AskedQuestions, questions_in
from assistant.core.starting_code import starting_code
from assistant.core.state import Program, State

Finding = tuple[str, str]
"""Kind of a finding and its message."""
ATTENDED: tuple[ev.Interface, ...] = ("app", "browser", "plain", "import")
"""Interfaces in which the session's author gives all of the feedback; from Python each feedback may name another."""
CLOCK_TOLERANCE = 5.0
"""Seconds by which readings of the effort clock may differ: threads record them."""
_MODEL_AUTHOR = "model"


class DialogueChecks:
    """Takes a journal's events with the state before each; reports what cannot follow from the events before."""

    def __init__(self) -> None:
        self._interface: ev.Interface = ""
        self._imported = False
        self._asked = True
        """Whether the model was asked since the last feedback."""
        self._reading: tuple[float, ev.Effort] | None = None
        """The effort clock's last reading in this run, and when it was recorded."""
        self._readings = [ev.Effort()]
        """What the clock said; an end may carry the reading before the last, which another thread records."""
        self._tests_changed = False
        self._questions: AskedQuestions | None = None
        """Those of the study file that is in the journal."""

    def check(self, state: State, stamp: ev.Stamp, event: ev.Event) -> Iterator[Finding]:
        """Findings on `event`; `state` is the session before it."""
        match event:
            case ev.SessionStarted():
                self._interface, self._imported = event.interface, bool(event.imported_from)
                yield from _header(event)
                yield from _study(event, stamp)
                self._questions = questions_in(event.study.text) if event.study and event.study.text else None
            case ev.SessionResumed():
                self._interface, self._reading = event.interface, None
            case ev.GenerationStarted():
                self._asked = True
                if state.settings.person_alone:
                    yield _wrong("the model is asked in a session in which the person works alone")
            case ev.FeedbackGiven():
                yield from self._feedback(state, event)
                self._asked = False
            case ev.ProgramChosen():
                yield from _choice(state, event)
            case ev.ProgramGiven():
                yield from _given(state, event)
            case ev.CodeEdited():
                yield from self._edit(state, event)
            case ev.QuestionAnswered():
                yield from self._answered(event)
            case ev.ScratchCalled():
                yield from self._on_current(state, event.program)
            case ev.TestAdded() | ev.TestRemoved():
                self._tests_changed = True
                if isinstance(event, ev.TestAdded) and event.origin != state.origin_of(event.test):
                    yield _wrong(f"a test is added as `{event.origin}`, which it is not")
            case ev.SessionContinued():
                yield from _continued(state, event)
            case ev.ClockChanged():
                yield from self._clock(state, stamp, event)
            case ev.SessionEnding():
                yield from self._end(state, event)
                if self._questions is not None and not self._questions.after and self._interface in ATTENDED:
                    yield _wrong("the end waits for answers, and the study asks no questions after a problem")
            case ev.SessionEnded():
                yield from self._end(state, event)

    def _answered(self, event: ev.QuestionAnswered) -> Iterator[Finding]:
        """An answer is to a question of the study, and one that it takes; from Python one may ask what one likes."""
        if self._questions is not None and self._interface in ATTENDED:
            fault = self._questions.fault("after", event.question, event.answer)
            if fault:
                yield _wrong(fault)

    def _on_current(self, state: State, program: str) -> Iterator[Finding]:
        """Whatever the person does is about the current program; of several samples any may have been that."""
        current = state.current_program
        about = next((p for p in state.programs if p.id == program), None)
        if current is None or about is None or about.arm not in ("human", ev.DRAW):
            yield _wrong(f"{program} was not the program that was shown")
        elif about.id != current.id and (about.turn != current.turn or state.settings.samples == 1):
            yield _wrong(f"is about {program}, though {current.id} was shown")

    def _feedback(self, state: State, event: ev.FeedbackGiven) -> Iterator[Finding]:
        yield from self._on_current(state, event.program)
        if state.settings.person_alone:
            yield _wrong("feedback in a session in which the person works alone")
        current = state.current_program
        judged = current is None or current.visible is not None or current.code is None
        if event.round > state.round_limit and judged:  # without a verdict, a session does not end
            yield _wrong(f"feedback for round {event.round} of a session that allows {state.round_limit}")
        if not state.settings.unchanged_uses_round and any(p.id == event.program for p in state.programs):
            leads_to = state.rounds_used(event.program) + 1
            if event.round != leads_to:
                yield _wrong(
                    f"feedback for round {event.round}, though its program leads to round {leads_to}"
                )
        if not self._asked and event == state.pending_feedback:
            yield _wrong("the same feedback is recorded twice")
        if event.author != _MODEL_AUTHOR and event.author_model:
            yield _wrong(f"`{event.author}` gave the feedback, and a model is named")
        spoke = (event.author, event.author_model)
        if self._interface in ATTENDED and spoke != (state.author, state.author_model):
            yield _wrong(f"`{event.author}` gave the feedback, though `{state.author}` was to")

    def _edit(self, state: State, event: ev.CodeEdited) -> Iterator[Finding]:
        yield from self._on_current(state, event.parent)
        made_in = next((p.round for p in state.programs if p.id == event.parent), event.round)
        if event.round != made_in and not self._imported:
            yield _wrong(f"an edit in round {event.round} of a program of round {made_in}")

    def _clock(self, state: State, stamp: ev.Stamp, event: ev.ClockChanged) -> Iterator[Finding]:
        """The totals never fall, grow no faster than time passes, and hold what was credited to feedback."""
        self._readings.append(event.effort)
        credited, now = state.effort.model_dump(), event.effort.model_dump()
        if any(credited[name] > now[name] + CLOCK_TOLERANCE for name in now):
            yield _wrong("more of the person's time went into feedback than the clock counted")
        if self._reading is not None:
            at, before = self._reading
            grown = {name: now[name] - seconds for name, seconds in before.model_dump().items()}
            if min(grown.values()) < -CLOCK_TOLERANCE:
                yield _wrong("the clock of the person's time goes back")
            if sum(grown.values()) > stamp.mono - at + CLOCK_TOLERANCE:
                yield _wrong("the clock of the person's time counts more seconds than passed")
        self._reading = stamp.mono, event.effort

    def _end(self, state: State, event: ev.SessionEnd) -> Iterator[Finding]:
        if len(self._readings) > 1 and event.effort not in self._readings:
            yield _wrong("the person's time at the end is not what the clock counted")
        if event.out_of_time is not state.is_out_of_time(event.reason, event.effort):
            yield _wrong(f"the end says out_of_time {event.out_of_time}, and the clock says otherwise")
        current = state.current_program
        if self._imported or current is None or state.pending_feedback is not None or self._tests_changed:
            return
        if current.given and event.reason in ("gave_up", "bad_task"):
            return  # what a person brings ends no session, whatever its tests say
        if event.reason == "solved" and not current.solved:
            yield _wrong(f"ended as solved, though {current.id} does not pass the visible tests")
        elif (
            event.reason in ("gave_up", "rounds_used_up", "bad_task") and current.solved and not state.beyond
        ):
            yield _wrong(f"ended as {event.reason}, though {current.id} passes the visible tests")
        elif event.reason == "rounds_used_up" and state.settings.person_alone:
            yield _wrong("ended with all rounds used, though a person alone has none")
        elif event.reason == "rounds_used_up" and state.tries_left:
            yield _wrong(f"ended with all rounds used, though {current.id} leaves {state.tries_left}")
        elif event.reason in ("gave_up", "bad_task") and _used_up(state, current):
            yield _wrong(f"ended as {event.reason}, though all {state.settings.rounds} rounds were used")


def _used_up(state: State, current: Program) -> bool:
    """Whether the session had ended by itself: its last answer is of the last round, and judged."""
    hidden = bool(state.problem and state.problem.hidden_tests)
    judged = current.visible is not None and (current.hidden is not None or not hidden)
    return judged and not current.edited and not state.tries_left


def _header(event: ev.SessionStarted) -> Iterator[Finding]:
    if (event.interface == "import") and not event.imported_from:
        yield _wrong("made by an import, and no dataset is named")
    if event.imported_from and event.interface not in ("", "import"):
        yield _wrong(f"imported from {event.imported_from}, and held in `{event.interface}`")
    if event.author != _MODEL_AUTHOR and event.author_model:
        yield _wrong(f"`{event.author}` was to give the feedback, and a model is named")
    if event.settings.samples < 1 or event.settings.rounds < 0:
        yield _wrong(
            f"{event.settings.samples} samples, {event.settings.rounds} rounds: no session has so few"
        )
    if event.settings.minutes is not None and not event.settings.minutes > 0:
        yield _wrong(f"a time limit of {event.settings.minutes} minutes")
    study = event.study
    if (
        event.settings.draws is None
        or event.settings.draws < 0
        or (study is not None and event.settings.draws)
    ):
        yield _wrong(f"{event.settings.draws} further draws, which this session cannot have")
    if study is not None and event.settings.point_by_point:
        yield _wrong("takes points of feedback one by one, which no study does")
    if study is not None and study.position is not None and not 1 <= study.position <= (study.total or 0):
        yield _wrong(f"problem {study.position} of {study.total} in its study")

    if event.settings.person_alone and event.settings.model_copy(update={"minutes": None}) != ev.ALONE:
        yield _wrong("the person works alone, with settings for a model")


def _study(event: ev.SessionStarted, stamp: ev.Stamp) -> Iterator[Finding]:
    """What the header says of the study: its condition is the session's, and a frozen plan has its hash."""
    study, alone = event.study, event.settings.person_alone
    if study is None:
        return
    if (study.condition.get("person_alone") == "yes") is not alone and "person_alone" in study.condition:
        yield _wrong("the study's condition and the settings disagree on whether the person works alone")
    if not study.frozen_at and not study.frozen_sha256:
        return
    if study.frozen_sha256 != ev.freeze_sha256(study.frozen_at, study.text):
        yield _wrong("the study's plan does not have the hash of its freeze: time, text or hash was changed")
    if study.frozen_at > stamp.time:
        yield _wrong(f"held under a plan that was frozen later, at {study.frozen_at}")


def _given(state: State, event: ev.ProgramGiven) -> Iterator[Finding]:
    """What the person brought is the problem's, or the start of a person who works alone."""
    problem = state.problem
    if problem is None:
        return
    if problem.given not in ("", event.code):
        yield _wrong("the person's own function is not the one that the problem brings")
    begins = state.settings.person_alone and not problem.given
    if (event.origin == "stub") is not begins:
        yield _wrong(f"the first program is given as `{event.origin}`, which it is not")
    elif begins and event.code != starting_code(problem):
        yield _wrong("the first program is not the one that a person alone begins with")


def _choice(state: State, event: ev.ProgramChosen) -> Iterator[Finding]:
    """A branch is a choice of a program of another turn."""
    current, chosen = state.current_program, next((p for p in state.programs if p.id == event.program), None)
    other = current is not None and chosen is not None and current.answers_turn != chosen.answers_turn
    if event.branch is not other:
        yield _wrong(f"chooses {event.program}: branch is {event.branch}, and the turns say {other}")
    if chosen is not None and chosen.arm not in ("human", ev.DRAW):
        yield _wrong(f"chooses {event.program}, a control that nobody was shown")
    taken = step_to_take(state)
    if event.automatic is not (taken is not None) or (taken is not None and taken.id != event.program):
        yield _wrong(f"chooses {event.program}: automatic is {event.automatic}, and the steps say otherwise")
    if event.branch and not state.settings.branching:
        yield _wrong("goes back to an earlier program, which the session does not allow")
    most = state.settings.max_branches
    if event.branch and most is not None and state.branches >= most:
        yield _wrong(f"goes back to an earlier program more than {most} times")


def _continued(state: State, event: ev.SessionContinued) -> Iterator[Finding]:
    """Beyond the experiment is what follows a final end, where the session allows it."""
    if state.ended is None or state.ended.reason not in ev.CONTINUABLE:
        yield _wrong("goes on after an end that has not come")
    if not state.settings.continue_after_end:
        yield _wrong("goes on after its end, which the session does not allow")
    if event.rounds < 1:
        yield _wrong(f"goes on for {event.rounds} rounds")


def _wrong(message: str) -> Finding:
    return "contradiction", message
