"""Values as text for a terminal without a screen: safe to display, with colour only where it is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO

from assistant.core import events as ev
from assistant.core.hard_coding import hard_coding_note
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.printable import exact, exact_line, printable
from assistant.core.problem import Problem
from assistant.core.state import Program, State
from assistant.core.state_labels import DOES_NOT_LOAD, after_feedback, beyond_note, end_words, hidden_text
from assistant.core.value_difference import contrasted


def colour_wanted(stream: TextIO) -> bool:
    """Colour on a real terminal that has not asked for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def problem_text(problem: Problem) -> str:
    """The task and its visible tests."""
    tests = "\n".join(f"    {exact(line)}" for test in problem.test_texts() for line in test.splitlines())
    return f"{exact_line(problem.id)}\n{printable(problem.text.strip())}\n\nvisible tests:\n{tests}\n"


def answer_text(event: ev.GenerationFinished, colour: bool) -> str:
    """The program of one sample, and what it cost."""
    finish = event.finish
    head = f"--- round {event.round}, program {event.program}"
    cost = f"--- {finish.generated_tokens} tokens in {finish.seconds:.1f} s"
    if finish.reason == "error":
        return f"{head}\nthe model failed: {exact(finish.error)}\n{cost}"
    body = event.code if event.code is not None else finish.text
    note = {"cancelled": " (stopped before its end)", "length": " (cut at the length limit)"}.get(
        finish.reason, ""
    )
    lines = [head + note, highlight(exact(body.rstrip()), colour)]
    if event.answer_problem:
        lines.append(f"note: {exact(event.answer_problem)}")
    return "\n".join([*lines, cost])


def table_text(state: State, colour: bool) -> str:
    """Where a resumed session stands: the current program, its verdict, and words that wait for an answer."""
    program = state.current_program
    if program is None:
        return ""
    where = "your function" if program.given else f"so far: round {program.round}, program {program.id}"
    lines = [f"--- {where}"]
    lines.append(highlight(exact((program.code or program.text).rstrip()), colour))
    if program.visible is not None:
        lines.append(report_text(program.visible, colour, program.hard_coded))
    if state.pending_feedback is not None:
        lines.append(f"you said: {printable(state.pending_feedback.text)}")
    return "\n".join(lines)


def report_text(report: Report, colour: bool = False, hard_coded: int = 0) -> str:
    """One line a case: passed, or what was expected and what came; a note where the code names the tests' inputs."""
    if report.load_failure:
        lines = [f"  {DOES_NOT_LOAD}: {exact_line(report.load_failure)}"]
        lines += [case_text(case.model_copy(update={"message": ""}), colour) for case in report.cases]
    else:
        lines = [case_text(case, colour) for case in report.cases]
    if report.message and not report.cases:
        lines.append(f"  {report.outcome.word}: {exact(report.message)}")
    seal = "" if report.sealed else "  (unsealed: a test ran in the program's process)"
    lines.append(f"{report.pass_count} of {len(report.cases)} visible tests pass{seal}")
    return "\n".join([*lines, *([f"note: {note}"] if (note := hard_coding_note(hard_coded)) else [])])


def case_text(case: CaseReport, colour: bool = False) -> str:
    """`ok` or the outcome, the test, and why."""
    mark = "ok" if case.passed else case.outcome.word
    if colour:
        mark = f"\x1b[{32 if case.passed else 31}m{mark}\x1b[0m"
    line = f"  {mark}: {exact_line(case.test)}" + ("" if case.sealed else "  (unsealed)")
    if case.passed:
        return line
    if case.outcome is Outcome.WRONG and case.actual is not None:
        line += f"\n      {wrong_value_text(case, '      ')}"
    elif case.message:
        line += f"\n      {exact_line(case.message)}"
    if case.stdout:
        line += "\n      printed: " + exact(case.stdout).rstrip()[:400].replace("\n", "\n      ")
    return line


def wrong_value_text(case: CaseReport, indent: str = "") -> str:
    """`expected 1, got 2`; on lines of their own, spaces as `␣`, where the eye could take them for equal."""
    lefts, rights, note = contrasted(case.expected or "", case.actual or "")
    expected, actual = ("".join(part.text for part in parts) for parts in (lefts, rights))
    if not note:
        return f"expected {exact_line(case.expected or '')}, got {exact_line(case.actual or '')}"
    return f"expected {expected}\n{indent}got      {actual}\n{indent}{note}"


def summary_text(state: State, *, lesson: bool = True) -> str:
    """How the session ended; hidden verdicts and control arms are a `lesson`, shown once it is closed."""
    counted = state.of_experiment
    reason = end_words(counted.ended) if counted.ended else "open"
    lines = ["", f"session {state.session}: {reason} {after_feedback(counted)}"]
    if note := beyond_note(state):
        lines.append(f"  {note}")
    return "\n".join([*lines, *(_lesson(state) if lesson and state.is_over else ())])


def _lesson(state: State) -> Iterator[str]:
    best: Program | None = state.current_program
    if words := hidden_text(state):
        yield words + (" (a false solve):" if best is not None and best.false_solve else "")
    if best is not None and best.hidden is not None:
        yield from [case_text(case) for case in best.hidden.cases if not case.passed][:5]
    controls = [program for program in state.programs if program.arm not in ("human", ev.DRAW)]
    if controls:
        yield "without your feedback (control arms):"
        yield from map(arm_line, controls)


def arm_line(program: Program) -> str:
    """What a control arm came to."""
    visible = (
        f"{program.visible.pass_count} of {len(program.visible.cases)} visible"
        if program.visible
        else "untested"
    )
    hidden = f", {program.hidden.pass_count} of {len(program.hidden.cases)} hidden" if program.hidden else ""
    return f"  {program.arm:9} round {program.round}, from {program.parent or 'the start'}: {visible}{hidden}"


def highlight(code: str, colour: bool) -> str:
    """Python syntax colours for a terminal."""
    if not colour:
        return code
    from pygments import highlight as paint
    from pygments.formatters import TerminalFormatter
    from pygments.lexers import PythonLexer

    return str(paint(code, PythonLexer(), TerminalFormatter())).rstrip()
