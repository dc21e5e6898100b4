"""Summary of an ended session: result, rounds, and the path of its journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key, Paste
from textual.widgets import Footer, Static

from assistant.core.state import State
from assistant.session.feedback_validation import clean_text
from assistant.tui import clipboard
from assistant.tui.actions import bindings
from assistant.tui.end_summary import fact_lines, headline, kind_of_end, lesson_of, round_lines
from assistant.tui.session_export import share_session
from assistant.tui.unrequested_screens import Unasked
from assistant.tui.widgets.code_view import Code, CodeView
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class SummaryScreen(Unasked[None]):
    """Shown once a session has ended. Words that the person is still typing stay in the feedback box."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("summary")
    PLACES: ClassVar = ("summary",)
    app: AppContext

    def __init__(
        self,
        state: State,
        journal: Path,
        *,
        tell_hidden: bool = True,
        keep_draft_text: Callable[[str], None] = lambda _: None,
    ) -> None:
        """A study may hide the results of hidden tests, which can teach annotators about the next problem.

        `keep_words` takes what is typed here.
        """
        super().__init__()
        self._tell_hidden = tell_hidden
        self._keep_draft_text = keep_draft_text
        self._typed = False
        self.state = state
        self.journal = journal

    def compose(self) -> ComposeResult:
        tell_hidden = self._tell_hidden
        words = headline(self.state, tell_hidden=tell_hidden)
        yield Static(
            words, id="headline", classes=f"-{kind_of_end(self.state, tell_hidden=tell_hidden)}", markup=False
        )
        with VerticalScroll(id="facts"):
            yield Static(Content("\n".join(round_lines(self.state, tell_hidden=tell_hidden))), id="rounds")
            yield Static(Content("\n".join(fact_lines(self.state, tell_hidden=tell_hidden))), id="numbers")
            yield Static("Journal", classes="label")
            yield Static(Content(str(self.journal)), id="journal")
        yield VerdictTable(id="lesson")
        yield CodeView(id="code")
        yield Footer(show_command_palette=False, compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        table = self.state.current_program
        code = table.code if table is not None and table.code else ""
        view = self.query_one(CodeView)
        view.code = Code(code.rstrip("\n"), placeholder="no program")
        view.border_title = "The program"
        view.focus()
        lesson = lesson_of(self.state, tell_hidden=self._tell_hidden)
        table_of_hidden = self.query_one(VerdictTable)
        table_of_hidden.display = bool(lesson.rows)
        table_of_hidden.verdicts = lesson
        table_of_hidden.border_title = f"Hidden tests that fail: {len(lesson.rows)}"

    def takes(self, event: Key) -> bool:
        """Letters are no commands here; Enter is one only where no letter came before it."""
        if event.is_printable and event.character:
            self._keep(event.character)
            return False
        return super().takes(event) and not (event.key == "enter" and self._typed)

    def on_paste(self, event: Paste) -> None:
        self._keep(clean_text(event.text))

    def _keep(self, text: str) -> None:
        self._keep_draft_text(text)
        if not self._typed:
            self._typed = True
            self.notify("what you type stays in the feedback box; the keys of this page are in its last line")

    def action_look(self) -> None:
        self.app.pop_screen()

    def action_next_problem(self) -> None:
        self.app.navigator.next_problem()

    def action_to_library(self) -> None:
        self.app.navigator.to_library()

    def action_copy_code(self) -> None:
        clipboard.copy_code(self.app, self.query_one(CodeView).code.text)

    def action_save_code(self) -> None:
        clipboard.save_code(self.app, self.query_one(CodeView).code.text, self.state.problem)

    def action_share(self) -> None:
        share_session(self.app, self.journal, tell_hidden=self._tell_hidden)
