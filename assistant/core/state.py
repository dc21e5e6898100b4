"""A session's state as a fold over its events: `state = apply(state, event)`. Resuming is replaying."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core import events as ev
from assistant.core.effort import clock_at_end
from assistant.core.pending_feedback import WITHDRAWN_BY, is_answered
from assistant.core.problem import Test
from assistant.core.session_state import Program as Program
from assistant.core.session_state import State as State


def without_last(tests: tuple[Test, ...], removed: Test) -> tuple[Test, ...]:
    """`tests` without the last one that equals `removed`; all of them where none does."""
    at = max((index for index, test in enumerate(tests) if test == removed), default=len(tests))
    return tests[:at] + tests[at + 1 :]


def program_id(turn: int, sample: int) -> str:
    """`t3s0`: sample 0 of turn 3."""
    return f"t{turn}s{sample}"


def apply(state: State, event: ev.Event) -> State:
    """The state after `event`. Pure; unknown or out-of-order events leave the state as sensible as they can."""
    waits = {"pending_feedback": None} if event.type in WITHDRAWN_BY else {}
    state = state.model_copy(update={"events": state.events + 1, **waits})
    match event:
        case ev.SessionStarted():
            return state.model_copy(
                update={
                    "session": event.session,
                    "problem": event.problem,
                    "settings": event.settings,
                    "started": event,
                    "author": event.author,
                    "author_model": event.author_model,
                }
            )
        case ev.SessionResumed():
            speaker = {"author": event.author, "author_model": event.author_model}
            return state.model_copy(update={"ended": None, "open_turn": None, "open_arms": (), **speaker})
        case ev.GenerationStarted():
            return _generation_started(state, event)
        case ev.GenerationFinished():
            return _generation_finished(state, event)
        case ev.ProgramGiven():
            return _program_given(state, event)
        case ev.TestsFinished():
            return _tests_finished(state, event)
        case ev.HiddenScored():
            return _update_program(state, event.program, hidden=event.hidden)
        case ev.FeedbackGiven():
            return state.model_copy(
                update={
                    "current": event.program,
                    "pending_feedback": event,
                    "effort": state.effort + event.effort,
                    "feedback_count": state.feedback_count + 1,
                    "draft": "",
                }
            )
        case ev.CodeEdited():
            return _code_edited(state, event)
        case ev.ProgramChosen():
            turn = state.program(event.program).turn
            state = _update_program(state, event.program, chosen=True)
            return state.model_copy(
                update={
                    "current": event.program,
                    "chosen_turn": turn,
                    "branches": state.branches + event.branch,
                }
            )
        case ev.TestAdded():
            return state.model_copy(update={"extra_tests": (*state.extra_tests, event.test)})
        case ev.TestRemoved():
            return state.model_copy(update={"extra_tests": without_last(state.extra_tests, event.test)})
        case ev.DraftSaved():
            return state.model_copy(update={"draft": event.text})
        case ev.ClockChanged():
            return state.model_copy(update={"clock": event.effort})
        case ev.ConsentGiven():
            return state.model_copy(update={"consents": (*state.consents, event)})
        case ev.QuestionAnswered():
            return state.model_copy(update={"answered": (*state.answered, event.question)})
        case ev.SessionContinued():
            more = {
                "experiment": state.experiment or state,
                "extra_rounds": state.extra_rounds + event.rounds,
            }
            return state.model_copy(update={"ended": None, **more})
        case ev.SessionEnding():
            return state.model_copy(update={"ending": event})
        case ev.SessionEnded():
            clock = clock_at_end(state.clock, event.effort)
            closed = state.current if ev.is_final(event.reason) else state.closed_on
            update = {"ended": event, "ending": None, "open_turn": None, "clock": clock, "closed_on": closed}
            return state.model_copy(update=update)
        case _:
            return state


def replay(events: list[ev.Event]) -> State:
    """The state after all of `events`."""
    state = State()
    for event in events:
        state = apply(state, event)
    return state


def _generation_started(state: State, event: ev.GenerationStarted) -> State:
    turns = max(state.turns, event.turn + 1)
    if event.arm != "human":
        return state.model_copy(update={"turns": turns, "open_arms": (*state.open_arms, event)})
    return state.model_copy(update={"turns": turns, "open_turn": event, "asked": (*state.asked, event)})


def _generation_finished(state: State, event: ev.GenerationFinished) -> State:
    turn = next((t for t in (state.open_turn, *state.open_arms) if t and t.turn == event.turn), None)
    program = Program(
        id=event.program,
        turn=event.turn,
        sample=event.finish.sample,
        round=event.round,
        parent=turn.parent if turn else None,
        arm=event.arm,
        feedback=_words_for(state, turn),
        text=event.finish.text,
        code=event.code,
        answer_problem=event.answer_problem,
        finish=event.finish,
        redraw_of=turn.redraw_of if turn else None,
        draw_of=turn.draw_of if turn else None,
        point=turn.point if turn else None,
    )
    programs = (*state.programs, program)
    update: dict[str, object] = {"programs": programs}
    finished = [p for p in programs if p.turn == event.turn]
    if turn is not None and len(finished) >= turn.samples:
        update |= _turn_finished(state, turn, finished)
    return state.model_copy(update=update)


def _program_given(state: State, event: ev.ProgramGiven) -> State:
    program = Program(id=event.program, turn=event.turn, round=event.round, given=True, code=event.code)
    turns = max(state.turns, event.turn + 1)
    return state.model_copy(
        update={"programs": (*state.programs, program), "current": program.id, "turns": turns}
    )


def _words_for(state: State, turn: ev.GenerationStarted | None) -> str:
    """The feedback that a program of the person's dialogue answers; another draw answers those of the first."""
    if turn is not None and turn.arm not in ("human", ev.DRAW):
        return ""
    first = None if turn is None else turn.draw_of if turn.arm == ev.DRAW else turn.redraw_of
    if first is not None or (turn is not None and turn.arm == ev.DRAW):
        return next((p.feedback for p in state.programs if p.turn == first), "")
    return state.pending_feedback.text if state.pending_feedback is not None else ""


def _turn_finished(state: State, turn: ev.GenerationStarted, finished: list[Program]) -> dict[str, object]:
    """What changes when the last sample of a turn is there: a complete answer becomes the current program."""
    if turn.arm != "human":
        return {"open_arms": tuple(t for t in state.open_arms if t.turn != turn.turn)}
    # A prompt that did not fit is sent again, shorter, as the same draw.
    drawn = not any(p.finish is not None and p.finish.overflow for p in finished)
    over: dict[str, object] = {"open_turn": None, "draws": state.draws + drawn}
    complete = [p for p in finished if p.complete]
    if not is_answered(turn.arm, turn.samples, len(finished), len(complete)):
        return over
    first = [p for p in state.programs if p.turn == turn.redraw_of and p.complete]
    update = {"pending_feedback": None, "current": _shown(state, complete, first).id}
    return over | update | {"last_turn": turn}


def _shown(state: State, made: list[Program], first: Sequence[Program] = ()) -> Program:
    """The program of a turn that becomes the current one; `first` are those of the draw that it repeats.

    A second draw was to bring another program: only where none is another one may the first draw's stay.
    """
    if state.settings.redraw_unchanged:
        others = [p for p in made if p.redraw_of is not None and p.code and not state.changed_nothing(p)]
        if others:
            return _best(others)
    return _best([*first, *made])


def _best(programs: list[Program]) -> Program:
    """The best by visible tests; the earlier one on a tie, but any program before an answer without one."""

    def worth(program: Program) -> tuple[bool, int, int, int]:
        passed = program.visible.pass_count if program.visible else -1
        return program.code is not None, passed, -program.turn, -program.sample

    return max(programs, key=worth)


def _update_program(state: State, program_id: str, **update: object) -> State:
    programs = tuple(p.model_copy(update=update) if p.id == program_id else p for p in state.programs)
    return state.model_copy(update={"programs": programs})


def _tests_finished(state: State, event: ev.TestsFinished) -> State:
    state = _update_program(state, event.program, visible=event.visible, hard_coded=event.hard_coded or 0)
    table = state.current_program
    if event.arm != "human" or table is None or table.turn != event.turn or state.open_turn is not None:
        return state
    complete = [p for p in state.programs if p.turn == event.turn and p.complete]
    if state.chosen_turn == event.turn or not complete:
        return state
    return state.model_copy(update={"current": _shown(state, complete).id})


def _code_edited(state: State, event: ev.CodeEdited) -> State:
    program = Program(
        id=event.program,
        turn=event.turn,
        round=event.round,
        parent=event.parent,
        edited=True,
        of_person_alone=state.settings.person_alone,
        code=event.code,
    )
    return state.model_copy(
        update={
            "programs": (*state.programs, program),
            "current": program.id,
            "turns": max(state.turns, event.turn + 1),
            "effort": state.effort + event.effort,
        }
    )
