"""What a session changes in the person's own file, to be confirmed before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from assistant.core.errors import UsageError
from assistant.problems.own_function import OwnFunction
from assistant.tui.actions import bindings
from assistant.tui.unrequested_screens import Unasked
from assistant.tui.widgets.diff_view import ComparedPrograms, DiffView
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class WriteBackScreen(Unasked[None]):
    """The file as it is and as it would be. It may come by itself at a session's end."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("write back")
    PLACES: ClassVar = ("write back",)
    app: AppContext

    def __init__(self, function: OwnFunction, new: str, *, solved: bool) -> None:
        """`new` is the whole file with the program in it."""
        super().__init__()
        self._function, self._new, self._solved = function, new, solved

    def compose(self) -> ComposeResult:
        path = self._function.path
        verdict = "it passes its tests" if self._solved else "it does not pass its tests"
        yield Static(f"Write {self._function.name} into {path}?  ({verdict})", id="title", markup=False)
        yield DiffView(id="diff")
        yield KeyFooter()
        yield TooSmall()

    def on_mount(self) -> None:
        view = self.query_one(DiffView)
        # A file may have any line ends: the view shows none.
        old, new = ("\n".join(text.splitlines()) for text in (self._function.text, self._new))
        view.comparison = ComparedPrograms(old, new, "the file", "with the new function")
        view.focus()

    def action_write(self) -> None:
        try:
            self._function.write(self._new)
        except UsageError as error:
            self.app.notify(str(error), severity="error", timeout=15, markup=False)
        else:
            self.app.notify(f"written: {self._function.path}", markup=False)
        self.dismiss(None)

    def action_close(self) -> None:
        self.app.notify("nothing is written; Ctrl+S shows this again", markup=False)
        self.dismiss(None)
