"""How a session ended: what came of it, round by round, and where its journal is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from assistant.domain.outcome import CaseReport, Outcome
from assistant.domain.state import Program, State
from assistant.tui import taking
from assistant.tui.actions import bindings
from assistant.tui.lines import displayable, shortened
from assistant.tui.widgets.code_view import Code, CodeView
from assistant.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from assistant.tui.app import AssistantApp

LESSON_CASES = 3
"""Hidden tests that are shown failing; more would hide the program."""
HEADLINES = {
    "solved": "Solved: every visible test passes",
    "rounds_used_up": "Not solved: the rounds are used up",
    "gave_up": "Given up",
    "bad_task": "The task itself is off",
    "interrupted": "Interrupted: this session can be resumed",
}


class SummaryScreen(Screen[None]):
    """Shown once a session has ended."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("summary")
    PLACES: ClassVar = ("summary",)
    app: AssistantApp

    def __init__(self, state: State, journal: Path, *, tell_hidden: bool = True) -> None:
        """A study may ask not to tell what the hidden tests found: that can teach people about the next problem."""
        super().__init__()
        self._tell_hidden = tell_hidden
        self.state = state
        self.journal = journal

    def compose(self) -> ComposeResult:
        reason = self.state.ended.reason if self.state.ended else "interrupted"
        yield Static(headline(self.state), id="headline", classes=f"-{reason}", markup=False)
        with VerticalScroll(id="facts"):
            yield Static(Content("\n".join(round_lines(self.state))), id="rounds")
            yield Static(
                Content("\n".join(fact_lines(self.state, tell_hidden=self._tell_hidden))), id="numbers"
            )
            yield Static("Journal", classes="label")
            yield Static(Content(str(self.journal)), id="journal")
        yield CodeView(id="code")
        yield Footer(show_command_palette=False, compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        table = self.state.on_table
        code = table.code if table is not None and table.code else ""
        view = self.query_one(CodeView)
        view.code = Code(code.rstrip("\n"), placeholder="no program")
        view.border_title = "The program"
        view.focus()

    def action_look(self) -> None:
        self.app.pop_screen()

    def action_next_problem(self) -> None:
        self.app.go.next_problem()

    def action_to_library(self) -> None:
        self.app.go.to_library()

    def action_copy_code(self) -> None:
        taking.copy_code(self.app, self.query_one(CodeView).code.text)

    def action_save_code(self) -> None:
        taking.save_code(self.app, self.query_one(CodeView).code.text, self.state.problem)


def headline(state: State) -> str:
    """The end in one line."""
    reason = state.ended.reason if state.ended else "interrupted"
    text = HEADLINES[reason]
    return f"{text} {_how(state)}" if reason == "solved" else text


def _how(state: State) -> str:
    """By what it was solved: the last word is the person's where they mended the code themselves."""
    table = state.on_table
    if table is not None and table.edited:
        return (
            f"after {_feedbacks(state.round)} and a mend by hand" if state.round else "after a mend by hand"
        )
    return "at once" if state.round == 0 else f"after {_feedbacks(state.round)}"


def round_lines(state: State) -> list[str]:
    """One line a program: round, verdict, the words that led to it."""
    path = state.path(state.current)
    dropped = {p.turn for p in state.human_programs} - {p.turn for p in path}
    aside = [f"  and {len(dropped)} left aside, kept in the journal"] if dropped else []
    return [*map(_round_line, path), *aside] or ["no program was written"]


def _round_line(program: Program) -> str:
    report = program.visible
    score = f"{report.pass_count} of {len(report.cases)} pass" if report and report.cases else "no verdict"
    mark = "✓" if program.solved else "✗"
    words = "mended by hand" if program.edited else displayable(" ".join(program.feedback.split()))
    said = f"  “{shortened(words, 60)}”" if words and not program.edited else f"  {words}"
    return f"{mark} round {program.round}  {score}{said}".rstrip()


def fact_lines(state: State, *, tell_hidden: bool = True) -> list[str]:
    """Hidden tests and the person's time."""
    lines = []
    table = state.on_table
    if tell_hidden and state.ended is not None and table is not None and table.hidden is not None:
        hidden = table.hidden
        lines.append(f"hidden tests: {hidden.pass_count} of {len(hidden.cases)} pass")
        if table.false_solve:
            lines[-1] += " (it passes what you saw and fails something you did not)"
        failing = [case for case in hidden.cases if not case.passed]
        lines += [_failing_line(case) for case in failing[:LESSON_CASES]]
        if len(failing) > LESSON_CASES:
            lines.append(f"  and {len(failing) - LESSON_CASES} more")
    effort = state.clock
    if effort.active or effort.waiting:
        lines.append(f"your time: {effort.active:.0f} s, waiting: {effort.waiting:.0f} s")
    return lines


def _failing_line(case: CaseReport) -> str:
    """A hidden test and what came of it, in one line."""
    if case.outcome is Outcome.WRONG and case.actual is not None:
        why = f"expected {case.expected}, got {case.actual}"
    else:
        why = case.message or case.outcome.word
    test, why = (displayable(" ".join(text.split())) for text in (case.test, why))
    return f"  ✗ {shortened(test, 90)}  {shortened(why, 90)}"


def _feedbacks(count: int) -> str:
    return "one feedback" if count == 1 else f"{count} feedbacks"
