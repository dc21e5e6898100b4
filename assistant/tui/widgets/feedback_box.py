"""Input box for feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Paste

from assistant.session.feedback_validation import clean_text
from assistant.tui.actions import bindings
from assistant.tui.key_names import first_key
from assistant.tui.messages import DraftChanged, FeedbackSent
from assistant.tui.widgets.resizable import TopEdge
from assistant.tui.widgets.text_field import TextField
from assistant.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from assistant.tui.context import AppContext

LONGEST_PASTE = 100_000
PURPOSE = "Say what is wrong"


class FeedbackBox(TopEdge, TextField):
    """Enter sends, Alt+Enter makes a new line, up and down at the edges go through what was said before.

    PageUp and PageDown turn the pages of the program while the box shows all of its own text.
    """

    BINDINGS = bindings("feedback")
    app: AppContext

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False)
        self.said: list[str] = []
        """Earlier words, the latest last."""
        self.without_model = False
        """Nobody reads words here: the person works alone."""
        self._back = 0
        self._kept = ""

    @property
    def title(self) -> str:
        """What the box is for, and the keys that the person sends and breaks lines with."""
        chosen = self.app.preferences.keys
        if self.without_model:
            return f"No model here  ·  {first_key('work.edit', chosen)} writes the program"
        send, line = (first_key(f"feedback.{name}", chosen) for name in ("send", "new_line"))
        return f"{PURPOSE}  ·  {send} sends, {line} breaks the line"

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self.cursor_at_first_line or not self._recall(1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self.cursor_at_last_line or not self._recall(-1):
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        if self._fits:
            self._page(-1)
        else:
            super().action_cursor_page_up()

    def action_cursor_page_down(self) -> None:
        if self._fits:
            self._page(1)
        else:
            super().action_cursor_page_down()

    @property
    def _fits(self) -> bool:
        """The box shows its whole text: a page key has nowhere to go in it."""
        return self.max_scroll_y == 0

    def _page(self, step: int) -> None:
        """Turn a page of the program that the feedback is about."""
        for pane in self.screen.query("#code, #diff").results(VirtualList):
            if pane.display:
                pane.action_page(step)

    async def _on_paste(self, event: Paste) -> None:
        """Pasted text goes in as it is, line breaks included, and is never sent by itself."""
        event.text = clean_text(event.text)
        if len(event.text) > LONGEST_PASTE:
            event.prevent_default()
            event.stop()
            self.notify(
                f"{len(event.text):,} characters are too many to paste here: at most {LONGEST_PASTE:,}",
                severity="warning",
            )

    def action_send(self) -> None:
        self.post_message(FeedbackSent(self.text))

    def action_new_line(self) -> None:
        self.insert("\n")

    def on_text_area_changed(self, event: TextField.Changed) -> None:
        event.stop()
        self.post_message(DraftChanged(self.text))

    def sent(self) -> None:
        """The words are on their way: remember and clear them."""
        words = self.text.strip()
        if words and (not self.said or self.said[-1] != words):
            self.said.append(words)
        self._back = 0
        self.load_text("")

    def give_back(self, words: str) -> None:
        """Put words into the box unless the person has begun anew."""
        if words and not self.text.strip():
            self.load_text(words)
            self.move_cursor(self.document.end)

    def add(self, words: str) -> None:
        """Insert words at the cursor, with a space before them where needed."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        self.insert((" " if before and not before.endswith((" ", "\n")) else "") + words)
        self.focus()

    def _recall(self, step: int) -> bool:
        """Go `step` back in what was said. False when there is nothing there."""
        back = self._back + step
        if not 0 <= back <= len(self.said):
            return False
        if self._back == 0:
            self._kept = self.text
        self._back = back
        self.load_text(self.said[-back] if back else self._kept)
        self.move_cursor(self.document.end)
        return True
