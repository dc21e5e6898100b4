"""A session's state as the values that the panes of the working screen show. Pure."""

from __future__ import annotations

import re

from assistant.core.state import Program, State
from assistant.core.state_labels import draw_name, program_name
from assistant.core.thinking import split_thinking, without_thinking
from assistant.tui.screen_state import Phase
from assistant.tui.widgets.code_view import Code

_FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n?", re.MULTILINE)
_TALK = re.compile(r"\s*[A-Z][\w']*[ ,:]")
"""How an answer begins that says something before its code."""
_FENCE_BEGUN = re.compile(r"^\s*(`{1,3}|~{1,3})?\w*$")


def code_of(program: Program | None, phase: Phase) -> Code:
    """A program with the line marked where a test raised."""
    if program is None:
        return Code(placeholder=_placeholder(phase))
    said = without_thinking(program.text)
    if program.code is None and program.complete and (not said.strip() or not _FENCE.search(said)):
        return Code(program.text.strip(), prose=True, placeholder="the answer is empty")
    text = code_text(program)
    if not text.strip():
        return Code(
            placeholder="the answer is empty" if program.complete else "nothing was written before the stop"
        )
    line, note = _raised(program)
    return Code(text.rstrip("\n"), line, note)


def answer_of(program: Program | None) -> Code:
    """All that the model said, its words around the program included."""
    if program is None or program.edited or program.given:
        return Code(placeholder="there is no answer of the model here")
    return Code(program.text.strip(), prose=True, placeholder="the answer is empty")


def code_text(program: Program | None) -> str:
    """The program itself, or what can be read as code in an answer without one."""
    if program is None:
        return ""
    return (
        program.code if program.code is not None else written_code(without_thinking(program.text))
    ).rstrip("\n")


def code_title(state: State, program: Program | None, *, whole: bool = False) -> str:
    """`Code  round 2, edited by hand`, `Code  sample 2 of round 1`, `Code  round 1 (looking back)`."""
    if program is None:
        return "Code"
    table = state.current_program
    aside = table is not None and program.id != table.id
    sibling = table is not None and program.answers_turn == table.answers_turn
    name = program_name(program)
    is_draw = program.draw_of is not None
    sample = draw_name(state, program) if is_draw else f"sample {program.sample + 1}"
    of_round = f"{sample} of {name if program.round else 'the first answer'}"
    notes = [of_round if is_draw or (aside and sibling) else name]
    if program.edited:
        notes.append("edited by hand")
    if program.finish is not None and program.finish.reason == "cancelled":
        notes.append("stopped")
    if aside and not sibling and program.complete:
        notes.append("looking back")
    if state.changed_nothing(program):
        notes.append("same program as before")
    what = "Answer" if whole or program.code is None else "Code"
    return f"{what}  {', '.join(notes)}"


def stream_code(text: str, *, whole: bool = False) -> Code:
    """An answer that is still growing: its code, or the `whole` of it."""
    if whole:
        return Code(text.strip(), writing=True, prose=True, placeholder=_placeholder(Phase.WRITING))
    split = split_thinking(text, partial=True)
    if split.unfinished:
        return Code(split.thinking.strip(), writing=True, prose=True, placeholder="thinking")
    text = split.answer
    if _FENCE.search(text) is None and _TALK.match(text):
        return Code(text.strip(), writing=True, prose=True)
    return Code(written_code(text), writing=True, placeholder=_placeholder(Phase.WRITING))


def written_code(text: str) -> str:
    """The code in an answer that may still be growing: what follows the first fence, else everything."""
    opening = _FENCE.search(text)
    if opening is None:
        return "" if _FENCE_BEGUN.match(text) else text
    inside = text[opening.end() :]
    closing = _FENCE.search(inside)
    return inside[: closing.start()] if closing else inside


def fence_count(text: str) -> int:
    """How many fences of Markdown an answer has so far: two where its code is complete."""
    return len(_FENCE.findall(text))


def _raised(program: Program) -> tuple[int | None, str]:
    if program.visible is None:
        return None, ""
    for case in program.visible.cases:
        if not case.passed and case.line is not None:
            return case.line, case.message
    return None, ""


def _placeholder(phase: Phase) -> str:
    if phase is Phase.GETTING_READY:
        return "The model is getting ready. It starts on this problem as soon as it is."
    if phase in (Phase.STARTING, Phase.WRITING):
        return "The model reads the problem …"
    return "No program yet. Ctrl+R asks the model again."
