"""The library of problems: filter as you type, look at one, work on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.screen import Screen
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input, Static

from assistant.core.problem import Problem
from assistant.tui.actions import bindings
from assistant.tui.custom_problems import SOURCE, own_of
from assistant.tui.launch import Problems
from assistant.tui.problem_filter import (
    Entry,
    completed,
    entries_of,
    entry_line,
    matching,
    next_state,
    solved_text,
)
from assistant.tui.save_file import save_text
from assistant.tui.text.spans import Line
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.problem_pane import ProblemPane
from assistant.tui.widgets.status_line import Status, StatusLine
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


LOOKED_AT_AFTER = 0.3
"""Seconds under the cursor after which a problem is looked at: whoever scrolls past it does not look."""


class ProblemList(VirtualList):
    """Shows `entries`, one a line."""

    entries: reactive[tuple[Entry, ...]] = reactive(())
    with_level = True
    """Whether any problem of the source has a difficulty."""

    @property
    def line_count(self) -> int:
        return len(self.entries)

    def line(self, y: int) -> Line:
        return entry_line(self.entries[y], self.scrollable_content_region.width, with_level=self.with_level)

    def line_look(self, y: int) -> str:
        return "line--chosen" if y == self.row else ""

    def watch_entries(self) -> None:
        self.lines_changed(width=self.size.width)

    @property
    def chosen(self) -> Problem | None:
        return self.entries[self.row].problem if self.row < len(self.entries) else None


class FilterSuggester(Suggester):
    """Completes the tag or state that is being typed; the right arrow takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False)
        self.tags: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value, self.tags)


class LibraryScreen(Screen[None]):
    """Where the app begins."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("library"),
        Binding("up", "list_move(-1)", show=False),
        Binding("down", "list_move(1)", show=False),
        Binding("pageup", "list_page(-1)", show=False),
        Binding("pagedown", "list_page(1)", show=False),
        Binding("escape", "clear", show=False),
    ]
    PLACES: ClassVar = ("library",)
    AUTO_FOCUS = "#filter"
    app: AppContext

    def __init__(self) -> None:
        super().__init__()
        self._problems: tuple[Problem, ...] = ()
        self._entries: list[Entry] = []
        self._suggester = FilterSuggester()
        self._look: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("assistant  ·  pick a problem", id="title", markup=False)
        yield Input(
            placeholder="Filter: words, #tag, easy, is:untried", id="filter", suggester=self._suggester
        )
        with Horizontal(id="shelves"):
            yield ProblemList(id="problems")
            yield ProblemPane(with_tests=True, id="preview")
        yield StatusLine(id="status")
        yield KeyFooter()
        yield TooSmall()

    @property
    def typing_field(self) -> Input:
        """Where letters go that are typed while the list has the focus."""
        return self.query_one("#filter", Input)

    def on_mount(self) -> None:
        self.query_one("#problems").border_title = "Problems  reading …"
        self.set_interval(1 / 8, self.show_status)
        if self.app.problems is not None:
            self.show_problems(self.app.problems)

    def show_problems(self, problems: Problems) -> None:
        """Fill the list."""
        study = self.app.study
        self._problems = problems.problems if study is None else ()
        self._suggester.tags = tuple(sorted({tag for p in problems.problems for tag in p.tags}))
        self.query_one(ProblemList).with_level = any(p.difficulty for p in problems.problems)
        self.show_attempts()

    def _show_title(self) -> None:
        problems, study = self.app.problems, self.app.study
        if study is not None:
            title = f"assistant  ·  {study.name}: Enter goes on with the next problem"
        elif problems is None:
            return
        else:
            solved = solved_text(
                self._problems, self.app.attempts, self.app.sessions, self.app.launch.annotator
            )
            skipped = f", {len(problems.skipped)} skipped" if problems.skipped else ""
            progress = f"  ·  {solved}" if solved else ""
            own = len(own_of(self._problems))
            mine = f", {own} of your own" if own else ""
            count = len(self._problems) - own
            title = f"assistant  ·  {problems.name}: {count} problems{mine}{skipped}{progress}"
        self.query_one("#title", Static).update(title)

    def show_attempts(self) -> None:
        """Mark what was solved, left open or given up."""
        self._entries = entries_of(self._problems, self.app.attempts)
        self._show_title()
        self._filter()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        chosen, entries = self.chosen, matching(self._entries, self.query_one(Input).value)
        pane = self.query_one(ProblemList)
        pane.entries = tuple(entries)
        kept = next((n for n, entry in enumerate(entries) if chosen and entry.problem.id == chosen.id), 0)
        pane.row = kept
        pane.border_title = f"Problems  {len(entries)} of {len(self._entries)}"
        pane.border_subtitle = (
            "" if entries or not self._entries else "nothing fits the filter: Esc empties it"
        )
        pane.show_row(kept)
        self._preview()

    @property
    def chosen(self) -> Problem | None:
        """The problem under the cursor."""
        return self.query_one(ProblemList).chosen

    @on(VirtualList.RowMoved, "#problems")
    def _preview(self) -> None:
        self.query_one(ProblemPane).problem = self.chosen
        if self._look is not None:
            self._look.stop()
        self._look = self.set_timer(LOOKED_AT_AFTER, self.prefill)

    def prefill(self) -> None:
        """Let the model read the problem that the person looks at."""
        if self.chosen is not None and self.is_current:
            self.app.prefill(self.chosen)

    @on(VirtualList.RowChosen, "#problems")
    def action_open_problem(self) -> None:
        if self.app.study is not None:
            self.app.study.next()
        elif self.chosen is not None:
            self.app.navigator.work_on(self.chosen)

    def action_list_move(self, step: int) -> None:
        self.query_one(ProblemList).action_move(step)

    def action_list_page(self, step: int) -> None:
        self.query_one(ProblemList).action_page(step)

    def begin_anew(self) -> None:
        """Back from elsewhere: the next letter begins a new filter, and the old one is still there to go on with."""
        field = self.query_one(Input)
        field.focus()
        field.select_all()

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self.query_one(Input).focus()

    def action_next_state(self) -> None:
        field = self.query_one(Input)
        field.value = next_state(field.value)
        field.action_end()

    def action_sessions(self) -> None:
        from assistant.tui.screens.sessions import SessionsScreen

        self.app.push_screen(SessionsScreen())

    def action_own_problem(self) -> None:
        if self.app.study is not None:
            self.notify("the study decides which problem comes next: Enter goes on")
        else:
            self.app.navigator.write_problem()

    def _own_chosen(self) -> Problem | None:
        """The chosen problem where the person wrote it; else None, with a word on it."""
        if self.chosen is not None and self.chosen.source == SOURCE and self.app.study is None:
            return self.chosen
        self.notify("only a problem of your own can be changed: F2 writes one")
        return None

    def action_edit_own(self) -> None:
        if (problem := self._own_chosen()) is not None:
            self.app.navigator.edit_problem(problem)

    def action_delete_own(self) -> None:
        if (problem := self._own_chosen()) is not None:
            self.app.navigator.delete_problem(problem)

    def action_export_own(self) -> None:
        lines = "".join(f"{problem.model_dump_json()}\n" for problem in own_of(self._problems))
        if not lines:
            self.notify("there is no problem of your own yet: F2 writes one")
            return
        try:
            path = save_text(Path.cwd(), "own-problems.jsonl", lines)
        except OSError as error:
            self.notify(f"not saved: {error.strerror}: {error.filename}", severity="error", markup=False)
            return
        self.notify(f"saved as {path}; others load it with --problems", markup=False)

    def show_status(self) -> None:
        """The model's progress, until it is ready."""
        services, progress = self.app.services, self.app.progress
        ready = services.model is not None
        doing = "ready" if ready else (self.app.model_error or "the model is getting ready")
        working = not ready and not self.app.model_error
        self.query_one(StatusLine).status = Status(
            doing=doing,
            working=working,
            model=services.model,
            model_name=services.launch.model_name,
            progress=progress if working else None,
            beat=self.app.next_beat() if working else 0,
        )
