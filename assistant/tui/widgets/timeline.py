"""Programs in a row: the timeline of rounds, or the samples of one round."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.reactive import reactive

from assistant.core.state import Program, State
from assistant.core.state_labels import NO_CODE, draw_name, program_name
from assistant.tui.messages import ProgramPicked
from assistant.tui.text.spans import Line, Piece
from assistant.tui.widgets.virtual_list import VirtualList


@dataclass(frozen=True)
class Step:
    """One program of the strip."""

    program: str
    label: str
    solved: bool
    """Passes every test that may be shown: a false solve counts until its session is over."""
    aside: bool
    """Not on the way to the current program: left out of the model's context."""
    fork: str = ""
    """What it was made from, where that is not the step before it: `round 1`."""


@dataclass(frozen=True)
class Strip:
    """What a strip shows."""

    steps: tuple[Step, ...] = ()
    looked_at: str | None = None
    current_program: str | None = None


def timeline_of(
    state: State, looked_at: str | None, *, tell_hidden: bool = False, known: str | None = None
) -> Strip:
    """Every answer of the person's dialogue, its best or chosen program standing for it and for its second draw.

    A false solve is told where `tell_hidden`, and of the `known` program.
    """
    path = {program.id for program in state.path(state.current)}
    steps: list[Step] = []
    before: Program | None = None
    for program in state.dialogue:
        siblings = [p for p in state.dialogue if _answer_of(p) == _answer_of(program)]
        best = max(
            siblings, key=lambda p: (p.id in path, p.visible.pass_count if p.visible else -1, -p.sample)
        )
        if program.id in (best.id, looked_at):
            false = program.false_solve and (tell_hidden or program.id == known)
            label, right = _label(state, program, false), program.solved and not false
            steps.append(
                Step(program.id, label, right, program.id not in path, _fork(state, program, before))
            )
            before = program
    return Strip(tuple(steps), looked_at or state.current, state.current)


def samples_of(state: State, looked_at: str | None, seen: Container[str] = ()) -> Strip:
    """The samples of the turn that is looked at and the further draws `seen`; none when that is only one."""
    shown = looked_at or state.current
    if shown is None:
        return Strip()
    turn = state.program(shown).answers_turn
    answer = _answer_of(state.program(shown))
    answers = (p for p in state.human_programs if turn == p.turn or answer == _answer_of(p))
    samples = sorted(answers, key=lambda p: (p.turn, p.sample))
    samples += [p for p in state.programs if p.draw_of == turn and p.complete and (p.chosen or p.id in seen)]
    if len(samples) < 2:
        return Strip()
    steps = tuple(Step(p.id, f"{_sample_name(state, p)} {_score(p)}", p.solved, False) for p in samples)
    return Strip(steps, shown, state.current)


def _sample_name(state: State, program: Program) -> str:
    if program.draw_of is not None:
        return draw_name(state, program)
    return f"{'sample' if program.redraw_of is None else 'drew again'} {program.sample + 1}"


def _fork(state: State, program: Program, before: Program | None) -> str:
    """The round that a branch goes out from; empty for a program that follows the one shown before it."""
    if before is None or program.parent is None or _follows(state, program, before):
        return ""
    return program_name(state.program(program.parent))


def _follows(state: State, program: Program, before: Program) -> bool:
    """Whether the two are consecutive: one follows from the other, or both answer the same feedback."""
    if program.first_draw == before.first_draw or program.parent is None:
        return True
    if not before.complete and program.parent == before.parent:
        return True  # asked again after a stop or a failure
    return state.program(program.parent).first_draw == before.first_draw


def _answer_of(program: Program) -> int:
    """The turn of a program; of a second draw that was made by itself, the turn of the first."""
    return program.turn if program.redraw_of is None else program.redraw_of


def _label(state: State, program: Program, false: bool) -> str:
    made = "✎" if program.edited else "" if program.draw_of is None else f", {draw_name(state, program)}"
    made += "" if program.redraw_of is None else ", drew again"
    same = " same" if state.changed_nothing(program) else ""
    return f"{program_name(program)}{made} {_score(program, false)}{same}"


def _score(program: Program, false: bool = False) -> str:
    if not program.complete:
        return "stopped" if program.finish and program.finish.reason == "cancelled" else "failed"
    if program.visible is None:
        return NO_CODE if program.code is None else "…"
    mark = "≈" if false else "✓" if program.solved else "✗"
    return f"{mark} {program.visible.pass_count}/{len(program.visible.cases)}"


class Timeline(VirtualList):
    """Shows `strip` on one line; left and right point at a program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "point(-1)", "Earlier", show=False),
        Binding("right,l", "point(1)", "Later", show=False),
    ]
    selectable_rows = False

    strip: reactive[Strip] = reactive(Strip())

    def __init__(self, *, separator: Literal["─", " "] = "─", id: str | None = None) -> None:
        super().__init__(id=id)
        self._separator = f"{separator * 2}"
        self._spans: list[tuple[int, int, str]] = []

    @property
    def line_count(self) -> int:
        return 1 if self.strip.steps else 0

    def line(self, y: int) -> Line:
        pieces: list[Piece] = []
        self._spans, x = [], 0
        for step in self.strip.steps:
            if pieces:
                joint = f" ╰ from {step.fork}{self._separator}" if step.fork else self._separator
                pieces.append(Piece(joint, "line--note"))
                x += len(joint)
            text = f"{self._mark(step)} {step.label} "
            pieces.append(Piece(text, self._look(step)))
            self._spans.append((x, x + len(text), step.program))
            x += len(text)
        return tuple(pieces)

    def _mark(self, step: Step) -> str:
        if step.program == self.strip.current_program:
            return "●"
        return "▸" if step.program == self.strip.looked_at else " "

    def _look(self, step: Step) -> str:
        if step.program == self.strip.looked_at:
            return "step--here"
        if step.aside:
            return "step--aside"
        return "step--solved" if step.solved else "step--unsolved"

    def watch_strip(self, strip: Strip) -> None:
        self.set_class(
            not strip.steps, "-empty"
        )  # a class: the stylesheet hides everything where there is no room
        self.lines_changed()
        for start, end, program in self._spans:
            if program == strip.looked_at and self.size.width:
                left, width = self.scroll_offset.x, self.size.width
                if start < left or end > left + width:
                    self.scroll_to(x=max(0, end - width), animate=False)

    def action_point(self, step: int) -> None:
        ids = [s.program for s in self.strip.steps]
        if self.strip.looked_at in ids:
            index = max(0, min(ids.index(self.strip.looked_at) + step, len(ids) - 1))
            self.post_message(ProgramPicked(ids[index]))

    def action_choose(self) -> None:
        if self.strip.looked_at is not None:
            self.post_message(ProgramPicked(self.strip.looked_at, chosen=True))

    async def _on_click(self, event: Click) -> None:
        x = event.get_content_offset_capture(self).x + self.scroll_offset.x
        for start, end, program in self._spans:
            if start <= x < end:
                self.post_message(ProgramPicked(program, chosen=event.chain == 2))
