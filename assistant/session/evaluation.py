"""Answers and verdicts as events: what an answer's program is, and what the sandbox says of it.

The person's dialogue and the control arms use the same functions, so that no arm is judged by other rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from assistant.core import events as ev
from assistant.core.code_extraction import read_answer
from assistant.core.generation import Finish
from assistant.core.hard_coding import hard_coded
from assistant.core.prelude import needed
from assistant.core.state import Program, State, program_id
from assistant.core.submission import Sandbox, Submission


def finished(state: State, turn: ev.GenerationStarted, finish: Finish) -> ev.GenerationFinished:
    """The end of one sample of `turn`, with the program that was found in it."""
    assert state.problem is not None
    answer = read_answer(finish, state.problem.entry_point)
    return ev.GenerationFinished(
        turn=turn.turn,
        arm=turn.arm,
        round=turn.round,
        program=program_id(turn.turn, finish.sample),
        finish=finish,
        code=answer.code,
        answer_problem=answer.problem,
    )


def verdicts(state: State, program: Program, sandbox: Sandbox) -> Iterator[ev.Event]:
    """Visible tests, then the hidden ones; what was already done is not repeated. Nothing without a program."""
    if program.code is None:
        return
    if program.visible is None:
        yield visible_verdict(state, program, sandbox)
    assert state.problem is not None
    if program.hidden is None and state.problem.hidden_tests:
        report = sandbox.run(Submission.of(state.problem, program.code, hidden=True))
        yield ev.HiddenScored(
            turn=program.turn, arm=program.arm, round=program.round, program=program.id, hidden=report
        )


def is_judged(state: State, program: Program) -> bool:
    """Whether a program is complete and has every verdict that it can have."""
    hidden = state.problem is not None and bool(state.problem.hidden_tests)
    judged = program.visible is not None and (program.hidden is not None or not hidden)
    return program.complete and (program.code is None or judged)


def visible_verdict(state: State, program: Program, sandbox: Sandbox) -> ev.TestsFinished:
    """The visible tests, those that the person added included."""
    assert state.problem is not None
    code = program.code or ""
    shown = state.problem.model_copy(update={"visible_tests": state.visible_tests()})
    report = sandbox.run(Submission.of(shown, code))
    return ev.TestsFinished(
        turn=program.turn,
        arm=program.arm,
        round=program.round,
        program=program.id,
        code_sha256=hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest(),
        hard_coded=hard_coded(report, code, shown.visible_tests, shown.entry_point),
        visible=report,
    )


def evaluated(state: State, program: Program, expression: str, sandbox: Sandbox) -> ev.ScratchCalled:
    """The value of `expression` in the process of `program`."""
    code, problem = program.code or "", state.problem
    prelude = needed(problem.prelude, code, problem.entry_point) if problem is not None else ""
    case = sandbox.call(code, expression, prelude=prelude)
    return ev.ScratchCalled(
        program=program.id, expression=expression, actual=case.actual, message=case.message
    )
