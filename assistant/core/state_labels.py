"""Labels for the state of a session, the same in the app, in plain mode and in lists. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.core.feedback_points import feedback_points

if TYPE_CHECKING:  # lists of sessions need no models of events
    from assistant.core.events import SessionEnded
    from assistant.core.outcome import Report
    from assistant.core.state import Program, State

ENDS = {
    "solved": "Solved: every visible test passes",
    "rounds_used_up": "Not solved: no tries left",
    "gave_up": "Given up",
    "bad_task": "The task or its tests are wrong",
    "interrupted": "Interrupted: this session can be resumed",
}
"""By the reason of its end, the headline of a session."""
END_WORDS = {
    "solved": "solved",
    "rounds_used_up": "not solved, no tries left",
    "gave_up": "gave up",
    "bad_task": "the task or its tests are wrong",
    "interrupted": "interrupted",
}
"""The same within a line, before `after 2 rounds of feedback`."""
OUT_OF_TIME = "the time for this problem is over"
WHAT_WORKS = "One change at a time works best, with an example: for [1, 1] I expect [2]."
"""Told a person once, and nobody in a study."""
NOTHING_HIDDEN = "no hidden tests: nothing more was checked"
SAME_PROGRAM = "same program as before: it changed nothing"
ANOTHER_WAY = "say it another way"
NO_PROGRAM = "the answer held no program; say what the program should do"
NO_TRY_USED = "no try used"
PASSES_ALREADY = "your function passes its tests: say what is wrong with it, or add a test that shows it"
"""Said where a person's own function passes before anything was changed."""
NO_CODE = "no code"
DOES_NOT_LOAD = "the program does not load"


_VALUES = "\"'`“”„«»「」[](){}"
"""Marks of a value or of code in what a person says."""


def plural(count: int, one: str, many: str = "") -> str:
    """`1 try`, `2 tries`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def end_words(ended: SessionEnded) -> str:
    """Why a session ended, within a line."""
    return OUT_OF_TIME if ended.out_of_time else END_WORDS[ended.reason]


def time_left(seconds: float) -> str:
    """`12 min left`, `40 s left`."""
    return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{max(0.0, seconds):.0f} s left"


def feedback_count(count: int) -> str:
    """`no feedback`, `1 round of feedback`, `4 rounds of feedback`."""
    return f"{plural(count, 'round')} of feedback" if count else "no feedback"


def after_feedback(state: State) -> str:
    """`at once`, `after 2 rounds of feedback`: all that was given, those of branches that were left included."""
    given, here = state.feedback_count, state.words(state.current)
    if state.settings.person_alone:
        return f"by yourself, with {plural(sum(p.edited for p in state.programs), 'run')}"
    if not given:
        return "at once"
    return f"after {feedback_count(given)}" + (f", {here} of them on this branch" if here < given else "")


def beyond_note(state: State) -> str:
    """What followed after the end, where the person went on; empty where they did not."""
    before = state.experiment
    if before is None:
        return ""
    more = state.feedback_count - before.feedback_count
    then = end_words(state.ended) if state.ended is not None else "going on"
    return f"and then {then} after {plural(more, 'more feedback')}, beyond the experiment"


def tries_left(state: State) -> str:
    """`your turn: 3 tries left`, for the current program; `on your own` where no model takes part."""
    if state.settings.person_alone:
        return "on your own"
    return f"{plural(state.tries_left, 'try', 'tries')} left"


def answer_note(state: State, program: Program | None, advice: str = ANOTHER_WAY) -> str:
    """What is to be said at once of an answer that brought nothing new; empty for any other."""
    if program is None or not program.answers_feedback or not program.complete:
        return ""
    same = f"{SAME_PROGRAM}; {advice}" if program.code is not None and state.changed_nothing(program) else ""
    note = NO_PROGRAM if program.code is None else same
    free = not state.settings.unchanged_uses_round and not state.brought_another(program.turn)
    return f"{note}; {NO_TRY_USED}" if note and free else note


def wants_example(state: State, program: Program | None) -> bool:
    """Whether a failing test in the words may help: they name no value, and mended nothing. Never in a study.

    A small model follows a bare wish far less often than one with an example (`tests/benchmarks/several_points.py`).
    """
    if program is None or not program.answers_feedback or program.visible is None or program.solved:
        return False
    if state.started is None or state.started.study is not None:
        return False
    before = state.report_before(program)
    mended = before is not None and program.visible.changes_since(before)[0] > 0
    return not mended and not any(
        character.isdigit() or character in _VALUES for character in program.feedback
    )


def redraw_note(state: State, first_turn: int) -> str:
    """Why the prompt of `first_turn` is drawn once more."""
    if any(program.code is not None for program in state.programs if program.turn == first_turn):
        return "same program; drew again"
    return "no program; drew again"


def step_note(state: State, turn: int, point: int) -> str:
    """`point 2 of 3`: what a step does, which goes on from the answers of `turn`."""
    answer = next(p for p in state.programs if p.turn == turn)
    return f"point {point} of {len(feedback_points(answer.feedback))}"


def round_name(round_: int, rounds: int = 0) -> str:
    """`first answer`, `round 2`, `round 2 of 4`."""
    if not round_:
        return "first answer"
    return f"round {round_} of {rounds}" if rounds else f"round {round_}"


def program_name(program: Program | None) -> str:
    """`your function`, `first answer`, `round 2`: the current program."""
    if program is not None and (program.given or program.of_person_alone):
        return "your function"
    return round_name(program.round if program else 0)


def draw_name(state: State, program: Program) -> str:
    """`draw 2`: further draws of one prompt are numbered as they were made; `point 1` for a step of its own."""
    if program.point is not None:
        return f"point {program.point}"
    beside = [p.id for p in state.programs if p.draw_of == program.draw_of and p.complete and p.point is None]
    return f"draw {beside.index(program.id) + 1 if program.id in beside else len(beside) + 1}"


def passes_already(state: State) -> bool:
    """Whether the current program is the person's own function, unchanged, and passes."""
    table = state.current_program
    alone = state.settings.person_alone
    return not state.is_decided and table is not None and table.given and table.solved and not alone


def hidden_text(state: State) -> str:
    """What the hidden tests found on the current program: shown only once the session is over."""
    program, problem = state.current_program, state.problem
    if program is None or problem is None or program.visible is None:
        return ""
    hidden = program.hidden
    if hidden is None or not hidden.cases:
        return "" if problem.hidden_tests else NOTHING_HIDDEN
    failed, total = len(hidden.cases) - hidden.pass_count, len(hidden.cases)
    if program.false_solve:
        return f"passes the tests you saw, fails {failed} of {total} hidden ones"
    return f"hidden tests: {hidden.pass_count} of {total} pass"


def score(report: Report | None) -> str:
    """`2 of 3 pass`; `no code` where there was nothing to test."""
    return f"{report.pass_count} of {len(report.cases)} pass" if report and report.cases else NO_CODE


def effect_on_tests(state: State, program: Program | None) -> str:
    """`your feedback fixed 2 tests, broke 1`: visible tests only; empty where there is nothing to compare."""
    before = state.report_before(program) if program is not None else None
    if program is None or program.visible is None or before is None:
        return ""
    fixed, broke = program.visible.changes_since(before)
    who = "your edit" if program.edited else "your feedback"
    who += "" if program.point is None else ", point by point,"
    if fixed:
        return f"{who} fixed {plural(fixed, 'test')}" + (f", broke {broke}" if broke else "")
    return f"{who} broke {plural(broke, 'test')}" if broke else f"{who} changed code; the same tests fail"
