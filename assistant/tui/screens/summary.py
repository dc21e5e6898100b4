"""Summary of an ended session: result, rounds, and the path of its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key, Paste
from textual.widgets import Static

from assistant.session.feedback_validation import clean_text
from assistant.tui import clipboard
from assistant.tui.actions import bindings
from assistant.tui.end_summary import (
    fact_lines,
    headline,
    hidden_test,
    kind_of_end,
    lesson_of,
    round_lines,
    without_words,
)
from assistant.tui.feedback_suggestions import quoted_case
from assistant.tui.session_export import share_session
from assistant.tui.unrequested_screens import Unasked
from assistant.tui.widgets.code_view import Code, CodeView
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.tui.context import AppContext, EndedSession

LOOK_EVERY = 1.0
"""Seconds between two looks at the control arms that are made in the background."""


class SummaryScreen(Unasked[None]):
    """Shown once a session has ended. Words that the person is still typing stay in the feedback box."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("summary")
    PLACES: ClassVar = ("summary",)
    app: AppContext

    def __init__(self, ended: EndedSession, *, lesson: bool = True) -> None:
        """A study without `lesson` hides hidden tests and control arms, which could teach about the next problem."""
        super().__init__()
        self._ended = ended
        self._lesson = lesson
        self._typed = False
        self.state = ended.state

    def compose(self) -> ComposeResult:
        kind = kind_of_end(self.state, tell_hidden=self._lesson)
        words = headline(self.state, tell_hidden=self._lesson)
        yield Static(words, id="headline", classes=f"-{kind}", markup=False)
        with VerticalScroll(id="facts"):
            rounds = round_lines(self.state, tell_hidden=self._lesson)
            yield Static(Content("\n".join(rounds)), id="rounds")
            yield Static(id="numbers", markup=False)
            if not self.app.launch.served:  # a path of a machine that is not theirs
                yield Static("Journal", classes="label")
                yield Static(Content(str(self._ended.journal)), id="journal")
        yield VerdictTable(id="lesson")
        yield CodeView(id="code")
        yield KeyFooter()
        yield TooSmall()

    def on_mount(self) -> None:
        table = self.state.current_program
        code = table.code if table is not None and table.code else ""
        view = self.query_one(CodeView)
        view.code = Code(code.rstrip("\n"), placeholder="no program")
        view.border_title = "The program"
        view.focus()
        lesson = lesson_of(self.state, tell_hidden=self._lesson)
        table_of_hidden = self.query_one(VerdictTable)
        table_of_hidden.display = bool(lesson.rows)
        self.set_class(bool(lesson.rows), "-lesson")
        table_of_hidden.verdicts = lesson
        table_of_hidden.border_title = f"Hidden tests that fail: {len(lesson.rows)}"
        self._show_numbers()
        if self._lesson and self.state.settings.arms:
            self.set_interval(LOOK_EVERY, self._show_numbers)

    def _show_numbers(self) -> None:
        """Hidden tests, control arms and times; the control arms may still be made while one reads."""
        lines = fact_lines(self.state, tell_hidden=self._lesson)
        if self._lesson:
            lines[-1:-1] = without_words(self._ended.recorded_state)
        self.query_one("#numbers", Static).update("\n".join(lines))

    def takes(self, event: Key) -> bool:
        """Letters are no commands here; Enter is one only where no letter came before it."""
        if event.is_printable and event.character:
            self._keep(event.character)
            return False
        return super().takes(event) and not (event.key == "enter" and self._typed)

    def on_paste(self, event: Paste) -> None:
        self._keep(clean_text(event.text))

    def _keep(self, text: str) -> None:
        self._ended.keep_draft_text(text)
        if not self._typed:
            self._typed = True
            self.notify("what you type stays in the feedback box; the keys of this page are in its last line")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._ended.may_go_on if action == "go_on" else self.app.permits(action)

    def action_go_on(self) -> None:
        row = self.query_one(VerdictTable).chosen if self._lesson else None
        test = hidden_test(self.state, row)
        self.app.pop_screen()
        self._ended.go_on(test, quoted_case(row) if test is not None and row is not None else "")

    def action_look(self) -> None:
        self.app.pop_screen()

    def action_next_problem(self) -> None:
        self.app.navigator.next_problem()

    def action_to_library(self) -> None:
        self.app.navigator.to_library()

    def action_copy_code(self) -> None:
        clipboard.copy_code(self.app, self.query_one(CodeView).code.text)

    def action_save_code(self) -> None:
        code = self.query_one(CodeView).code.text
        clipboard.save_code(self.app, code, self.state.problem, solved=self.state.solved)

    def action_share(self) -> None:
        assert self._ended.journal is not None
        share_session(self.app, self._ended.journal, tell_hidden=self._lesson)
