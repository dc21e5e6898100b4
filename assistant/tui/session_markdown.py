"""A session as Markdown: the task, every program, its verdict and the feedback that led to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.core.outcome import Report
from assistant.core.state import Program, State
from assistant.core.state_labels import END_WORDS, after_feedback, hidden_text, round_name
from assistant.tui.test_rows import row_lines, rows_of
from assistant.tui.text.spans import plain
from assistant.tui.view_model import code_text


def session_markdown(state: State, *, tell_hidden: bool = True) -> str:
    """The whole session as it went; dropped rounds are marked as such."""
    path = {program.id for program in state.path(state.current)}
    parts = [*_task(state)]
    for program in state.human_programs:
        parts += _program(program, state, aside=program.id not in path)
    if state.ended is not None:
        parts.append(f"The session ended: {END_WORDS[state.ended.reason]} {after_feedback(state)}.")
    if tell_hidden and state.is_over and (words := hidden_text(state)):
        parts.append(f"{words[0].upper()}{words[1:]}.")
    return "\n\n".join(parts) + "\n"


def _task(state: State) -> Iterator[str]:
    problem, started = state.problem, state.started
    yield f"# {problem.id if problem else 'A session'}"
    if problem is not None:
        yield problem.text.strip()
        yield fenced("\n".join(test.text(problem.entry_point) for test in state.visible_tests()))
    if started is not None:
        yield f"Session {started.session}, model {started.model.name}, annotator {started.annotator}."


def _program(program: Program, state: State, *, aside: bool) -> Iterator[str]:
    if program.feedback and not program.edited:
        yield "\n".join(f"> {line}" for line in program.feedback.splitlines())
    notes = [f"sample {program.sample + 1}"] if state.settings.samples > 1 and not program.edited else []
    notes += ["edited by hand"] if program.edited else []
    notes += ["dropped"] if aside else []
    yield f"## {round_name(program.round).capitalize()}" + (f" ({', '.join(notes)})" if notes else "")
    yield fenced(code_text(program), "python")
    if program.visible is not None:
        yield fenced(_verdict(program.visible))


def _verdict(report: Report) -> str:
    lines = [plain(line).rstrip() for row in rows_of(report, None) for line in row_lines(row)]
    return "\n".join(lines) or report.message


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any in `text`."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"
