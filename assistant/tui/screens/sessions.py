"""The library of sessions: resume, look at, delete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, Static

from assistant.core.errors import AssistantError
from assistant.journal.session_summary import SessionSummary
from assistant.tui.actions import bindings
from assistant.tui.messages import SessionsListed, SessionsReading
from assistant.tui.screens.dialogs import ChoiceScreen, ConfirmScreen
from assistant.tui.session_export import FORMS, export_session
from assistant.tui.session_filter import matching_sessions, session_line, when
from assistant.tui.text.spans import Line
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class SessionList(VirtualList):
    """Shows `sessions`, one a line."""

    sessions: reactive[tuple[SessionSummary, ...]] = reactive(())

    @property
    def line_count(self) -> int:
        return len(self.sessions)

    def line(self, y: int) -> Line:
        return session_line(self.sessions[y])

    def line_look(self, y: int) -> str:
        return "line--chosen" if y == self.row else ""

    def watch_sessions(self) -> None:
        self.lines_changed(width=self.size.width)

    @property
    def chosen(self) -> SessionSummary | None:
        return self.sessions[self.row] if self.row < len(self.sessions) else None


class SessionsScreen(Screen[None]):
    """Newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("sessions"),
        Binding("up", "list_move(-1)", show=False),
        Binding("down", "list_move(1)", show=False),
        Binding("pageup", "list_page(-1)", show=False),
        Binding("pagedown", "list_page(1)", show=False),
    ]
    PLACES: ClassVar = ("sessions",)
    AUTO_FOCUS = "#filter"
    app: AppContext

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[SessionSummary, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(f"Sessions  ·  {self.app.launch.sessions}", id="title", markup=False)
        yield Input(placeholder="Filter: problem, model, date, is:open, is:solved", id="filter")
        yield SessionList(id="sessions")
        yield Static("", id="detail", markup=False)
        yield KeyFooter()
        yield TooSmall()

    @property
    def typing_field(self) -> Input:
        """Where letters go that are typed while the list has the focus."""
        return self.query_one("#filter", Input)

    def on_mount(self) -> None:
        self.query_one("#sessions").border_title = "reading …"
        if self.app.sessions:
            self._all = self._allowed(self.app.sessions)  # as they were; read anew meanwhile
            self._filter()
        self.read()

    @work(thread=True, group="sessions", exclusive=True, exit_on_error=False)
    def read(self) -> None:
        from assistant.journal.library import list_sessions

        try:
            found = list_sessions(self.app.launch.sessions, self._tell_reading)
            self.post_message(SessionsListed(tuple(found)))
        except AssistantError as error:
            self.post_message(SessionsListed((), str(error)))

    def _allowed(self, sessions: tuple[SessionSummary, ...]) -> tuple[SessionSummary, ...]:
        """In a study an annotator sees their own sessions in it and no others."""
        study = self.app.study
        return sessions if study is None else tuple(s for s in sessions if study.belongs(s))

    def _is_own(self, session: SessionSummary, what: str) -> bool:
        """Whether the session is this annotator's; another person's is named, and left alone."""
        me = self.app.launch.annotator
        own = session.annotator in (me, "")
        if not own:
            said = f"this is {session.annotator}'s session, and you are {me}: it cannot be {what} here"
            self.notify(f"{said} (start with --annotator {session.annotator} if that is you)", markup=False)
        return own

    def _tell_reading(self, done: int, total: int) -> None:
        if done % 50 == 0:
            self.post_message(SessionsReading(done, total))

    def on_sessions_reading(self, message: SessionsReading) -> None:
        self.query_one(SessionList).border_title = f"reading {message.done:,} of {message.total:,} …"

    def on_sessions_listed(self, message: SessionsListed) -> None:
        self._all = self._allowed(message.sessions)
        if message.error:
            self.notify(message.error, severity="error", markup=False)
        self._filter()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        pane, chosen = self.query_one(SessionList), self.chosen
        fitting = matching_sessions(self._all, self.query_one(Input).value)
        pane.sessions = tuple(fitting)
        kept = next((n for n, session in enumerate(fitting) if chosen and session.id == chosen.id), 0)
        pane.row = kept
        pane.border_title = f"{len(fitting)} of {len(self._all)}" if self._all else "no session yet"
        pane.border_subtitle = "" if fitting or not self._all else "nothing fits the filter: Esc empties it"
        self._show_detail()

    @property
    def chosen(self) -> SessionSummary | None:
        """The session under the cursor."""
        return self.query_one(SessionList).chosen

    @on(VirtualList.RowMoved, "#sessions")
    def _show_detail(self) -> None:
        session = self.chosen
        self.query_one("#detail", Static).update(str(session.path) if session else "")

    @on(VirtualList.RowChosen, "#sessions")
    def action_open_session(self) -> None:
        session = self.chosen
        if session is None:
            return
        if session.trouble:
            self.notify(session.trouble, severity="error", markup=False)
        elif session.resumable and session.study and self.app.study is None:
            command = f"assistant resume {session.id}"
            self.notify(f"this session belongs to study {session.study}; go on with: {command}", markup=False)
        elif session.resumable and self._is_own(session, "resumed"):
            self.app.navigator.resume(session.path)
        elif session.resumable:
            return
        else:
            self.app.navigator.open_again(session.path)

    def action_look_at(self) -> None:
        if self.chosen is not None and not self.chosen.trouble:
            self.app.navigator.look_at(self.chosen.path)

    def action_replay(self) -> None:
        from assistant.tui.screens.replay import ReplayScreen

        session = self.chosen
        if session is None or session.trouble:
            return
        if self.app.services.model is None:
            self.notify("the model is getting ready; try again in a moment", severity="warning")
        else:
            self.app.push_screen(ReplayScreen(session.path))

    def action_export(self) -> None:
        session = self.chosen
        if session is not None and not session.trouble:
            question = f"Export the session on {session.problem} to a file here, as what?"
            self.app.push_screen(ChoiceScreen(question, FORMS), lambda form: self._export(session, form))

    def _export(self, session: SessionSummary, form: str | None) -> None:
        if form is None:
            return
        try:
            path = export_session(session.path, form, Path.cwd(), tell_hidden=not session.study)
        except AssistantError as error:
            self.notify(str(error), severity="error", markup=False)
        except OSError as error:
            self.notify(f"not saved: {error.strerror}: {error.filename}", severity="error", markup=False)
        else:
            self.notify(f"saved as {path}", markup=False)

    def action_delete_session(self) -> None:
        session = self.chosen
        if session is None:
            return
        if self.app.study is not None:
            self.notify("in a study no session is deleted: it would be asked for again", markup=False)
            return
        if not self._is_own(session, "deleted"):
            return
        question = f"Delete the session on {session.problem} of {when(session.started)}? It goes to the trash folder."
        self.app.push_screen(ConfirmScreen(question), lambda yes: self._delete(session) if yes else None)

    def _delete(self, session: SessionSummary) -> None:
        from assistant.journal.library import delete_session

        try:
            trash = delete_session(self.app.launch.sessions, session.path)
        except AssistantError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"moved to {trash}", markup=False)
        self.read()

    def action_list_move(self, step: int) -> None:
        self.query_one(SessionList).action_move(step)

    def action_list_page(self, step: int) -> None:
        self.query_one(SessionList).action_page(step)

    def action_close(self) -> None:
        """Empty the filter first, as in the library; then back."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
            field.focus()
        else:
            self.app.navigator.to_library()
