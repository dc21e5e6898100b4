"""A recorded session as text. Hidden verdicts and control arms are shown only once it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assistant.cli import text_rendering as text
from assistant.core import events as ev
from assistant.core.printable import exact, exact_line, printable
from assistant.core.state import State
from assistant.journal.session_summary import SessionSummary


def account(summary: SessionSummary, events: Sequence[ev.Event], state: State, colour: bool) -> Iterator[str]:
    """The session as it went, piece by piece, then what the hidden tests and the control arms say."""
    yield heading(summary)
    if state.problem is not None:
        yield text.problem_text(state.problem).rstrip()
    taken = {program.id for program in state.dialogue if program.draw_of is not None}
    for event in events:
        if getattr(event, "arm", "human") == "human" or getattr(event, "program", "") in taken:
            yield from _step(event, colour)
    yield text.summary_text(state).strip() if state.is_over else f"the session is {_word(summary.state)}"
    yield f"effort: {effort_text(state.total_effort)}\njournal: {summary.path}"


def heading(summary: SessionSummary) -> str:
    """Who, what and when, in a few lines."""
    lines = [
        f"session {summary.id}  ({_word(summary.state)})",
        f"started {summary.started[:19].replace('T', ' ')} UTC by {summary.annotator}, with {summary.model}",
    ]
    if summary.study:
        lines.append(f"study {summary.study}")
    if summary.imported_from:
        lines.append(f"imported from {summary.imported_from}")
    return "\n".join(lines)


def _step(event: ev.Event, colour: bool) -> Iterator[str]:
    """One event in words, for those that a reader wants to see."""
    match event:
        case ev.GenerationFinished():
            yield text.answer_text(event, colour)
        case ev.TestsFinished():
            yield text.report_text(event.visible, colour, event.hard_coded or 0)
        case ev.FeedbackGiven():
            said = "\n".join(f"> {line}" for line in printable(event.text).splitlines())
            kinds = f"; {', '.join(event.kinds)}" if event.kinds else ""
            yield f"--- feedback on {event.program} ({effort_text(event.effort)}{kinds})\n{said}"
        case ev.ProgramGiven():
            yield f"--- your function\n{text.highlight(exact(event.code.rstrip()), colour)}"
        case ev.CodeEdited():
            code = text.highlight(exact(event.code.rstrip()), colour)
            yield f"--- {event.parent} edited by hand: program {event.program}\n{code}"
        case ev.ProgramChosen(automatic=True):
            yield f"--- its points taken one by one: on with {event.program}"
        case ev.ProgramChosen():
            reason = f": {printable(event.reason)}" if event.reason else ""
            yield f"--- went {'back to' if event.branch else 'on with'} {event.program}{reason}"
        case ev.TestAdded():
            yield f"--- test added: {exact(event.test.text(''))}"
        case ev.TestRemoved():
            yield f"--- test removed: {exact(event.test.text(''))}"
        case ev.ScratchCalled():
            gave = exact_line(event.actual if event.actual is not None else event.message)
            yield f"--- tried {exact_line(event.expression)}: {gave}"
        case ev.SessionResumed():
            yield f"--- resumed with {event.model.name}"
        case ev.QuestionAnswered():
            yield f"--- {printable(event.question)} {printable(event.answer)}"
        case ev.SessionEnded() if event.note:
            yield f"--- note: {printable(event.note)}"


def effort_text(effort: ev.Effort) -> str:
    """Seconds by what they went into; what took none is left out."""
    parts = [f"{name} {value:.0f} s" for name, value in effort.model_dump().items() if value >= 0.5]
    return ", ".join(parts) or "no time measured"


def account_json(summary: SessionSummary, events: Sequence[ev.Event], state: State) -> dict[str, Any]:
    """The same for a script: the summary, the problem, programs in order, and the person's words."""
    over = state.is_over
    hidden = set[str]() if over else {"hidden"}
    problem = (
        state.problem.model_dump(mode="json", exclude=set() if over else {"hidden_tests", "reference"})
        if state.problem
        else None
    )
    return {
        "summary": summary.model_dump(mode="json"),
        "problem": problem,
        "programs": [
            program.model_dump(mode="json", exclude=hidden)
            for program in state.programs
            if over or program in state.dialogue
        ],
        "feedback": [e.model_dump(mode="json") for e in events if isinstance(e, ev.FeedbackGiven)],
        "effort": state.total_effort.model_dump(mode="json"),
    }


def _word(state: str) -> str:
    return state.replace("_", " ")
