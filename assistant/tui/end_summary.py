"""End of a session as values for the screens: headline, rounds, results of hidden tests. Pure."""

from __future__ import annotations

from assistant.core.control_arms import RECORDED, control_arm
from assistant.core.hard_coding import hard_coding_note
from assistant.core.printable import printable, shortened
from assistant.core.problem import Test
from assistant.core.state import Program, State
from assistant.core.state_labels import (
    ENDS,
    OUT_OF_TIME,
    after_feedback,
    beyond_note,
    draw_name,
    hidden_text,
    program_name,
    score,
)
from assistant.tui.test_rows import Row, Verdicts, loading_message, rows_of


def is_false_solve(state: State, program: Program | None, *, tell_hidden: bool = True) -> bool:
    """Whether a program may be shown as what it is: right on what was seen, wrong on what was not."""
    return tell_hidden and state.is_over and program is not None and program.false_solve


def kind_of_end(state: State, *, tell_hidden: bool = True) -> str:
    """The reason of the end for the stylesheet; a false solve is none of success."""
    reason = state.ended.reason if state.ended else "interrupted"
    return "false_solve" if is_false_solve(state, state.current_program, tell_hidden=tell_hidden) else reason


def headline(state: State, *, tell_hidden: bool = True) -> str:
    """The end in one line: the experiment's result, and what followed beyond it."""
    if state.beyond:
        return f"{headline(state.of_experiment, tell_hidden=tell_hidden)}; {beyond_note(state)}"
    reason = state.ended.reason if state.ended else "interrupted"
    if state.ended is not None and state.ended.out_of_time:
        return OUT_OF_TIME.capitalize()
    if reason != "solved":
        return ENDS[reason]
    if is_false_solve(state, state.current_program, tell_hidden=tell_hidden):
        words = hidden_text(state)
        return f"Not right yet: {words} ({_how(state)})"
    return f"{ENDS[reason]} {_how(state)}"


def _how(state: State) -> str:
    """By what it was solved: the last word is the person's where they edited the code themselves."""
    table = state.current_program
    if table is not None and table.draw_of is not None:
        how = "by a further draw" if table.point is None else "its points taken one by one"
        return f"{after_feedback(state)}, {how}"
    if table is None or not table.edited or table.of_person_alone:
        return after_feedback(state)
    return f"{after_feedback(state)} and an edit by hand" if state.feedback_count else "after an edit by hand"


def round_lines(state: State, *, tell_hidden: bool = True) -> list[str]:
    """One line a program: round, verdict, the words that led to it."""
    path = state.path(state.current)
    dropped = {p.turn for p in state.human_programs} - {p.answers_turn for p in path}
    aside = [f"  and {len(dropped)} left aside, kept in the journal"] if dropped else []
    lines = [_round_line(state, program, tell_hidden) for program in path]
    return [*lines, *aside] or ["no program was written"]


def _round_line(state: State, program: Program, tell_hidden: bool) -> str:
    false = is_false_solve(state, program, tell_hidden=tell_hidden)
    mark = "≈" if false else "✓" if program.solved else "✗"
    line = f"{mark} {program_name(program)}  {score(program.visible)}"
    if state.changed_nothing(program):
        line += ", same program as before"
    if program.draw_of is not None:
        line += f", {draw_name(state, program)}"
    if program.edited:
        return f"{line}  edited by hand"
    words = printable(" ".join(program.feedback.split()))
    return f"{line}  “{shortened(words, 60)}”" if words else line


def fact_lines(state: State, *, tell_hidden: bool = True) -> list[str]:
    """Hidden tests, a hint at the program, and the person's time."""
    words = hidden_text(state) if tell_hidden and state.is_over else ""
    program = state.current_program
    hint = hard_coding_note(program.hard_coded) if program is not None else ""
    lines = [line for line in (words, hint) if line]
    effort = state.total_effort
    if effort.active or effort.waiting:
        lines.append(f"your time: {effort.active:.0f} s, waiting: {effort.waiting:.0f} s")
    return lines


def lesson_of(state: State, *, tell_hidden: bool = True) -> Verdicts:
    """The hidden tests that fail on the last program, as the visible ones are shown."""
    table = state.current_program
    if not (tell_hidden and state.is_over) or table is None or table.hidden is None:
        return Verdicts()
    failing = tuple(row for row in rows_of(table.hidden, None) if row.case and not row.case.passed)
    return Verdicts(failing, loading_message(table.hidden))


def hidden_test(state: State, row: Row | None) -> Test | None:
    """The hidden test that a row of the lesson shows; None where it is a visible one already."""
    table, problem = state.current_program, state.problem
    if row is None or table is None or table.hidden is None or problem is None:
        return None
    tests = zip(problem.hidden_tests, table.hidden.cases, strict=False)
    return next((test for test, case in tests if case == row.case and test not in state.extra_tests), None)


def without_words(state: State) -> list[str]:
    """What the same program came to without the person's last words that control arms exist for; else nothing."""
    for program in reversed(state.path(state.current)):
        controls = _control_scores(state, program) if program.feedback else []
        if controls:
            given = f"your words: {score(program.visible)}"
            return [given, f"the same program without them: {', '.join(controls)}"]
    return []


def _control_scores(state: State, program: Program) -> list[str]:
    """`“try again” 1 of 3 pass` for each control of the feedback that led to `program`: its best compared sample."""
    scores = []
    for arm in RECORDED:
        made = [
            p.visible
            for p in state.programs
            if (p.arm, p.parent, p.round) == (arm, program.parent, program.round)
            and p.sample < state.settings.samples
            and p.complete
        ]
        if made:
            best = max(made, key=lambda report: report.pass_count if report else -1)
            scores.append(f"{control_arm(arm).label} {score(best)}")
    return scores
