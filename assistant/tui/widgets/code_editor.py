"""Editor for the program."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text

from assistant.tui.actions import bindings
from assistant.tui.messages import EditDone
from assistant.tui.text.highlight import PythonLines
from assistant.tui.widgets.text_field import TextField
from assistant.tui.widgets.virtual_list import VirtualList


class CodeEditor(TextField):
    """Python with colours; `Run` hands the code on, `Back` keeps it for the next time."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        name for name in VirtualList.COMPONENT_CLASSES if name.startswith("py--")
    }
    BINDINGS = bindings("editor")
    BORDER_TITLE = "Edit the code"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, soft_wrap=False, tab_behavior="indent", show_line_numbers=True, highlight_cursor_line=False
        )
        self._source = PythonLines()
        self.program = ""
        """Id of the program that is being edited."""

    def open(self, program: str, code: str) -> None:
        """Begin with `code`, unless this program was begun before."""
        if program != self.program:
            self.program = program
            self.load_text(code)
        self.display = True
        self.focus()

    def get_line(self, line_index: int) -> Text:
        if self._source.text != self.document.text:
            self._source.set(self.document.text)
        text = Text(self.document.get_line(line_index), end="", no_wrap=True)
        column = 0
        for piece in self._source.lines[line_index]:
            if piece.look:
                style = self.get_component_rich_style(piece.look, partial=True)
                text.stylize(style, column, column + len(piece.text))
            column += len(piece.text)
        return text

    def action_line_break(self) -> None:
        """A new line as far in as this one, and further after a colon."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        indent = before[: len(before) - len(before.lstrip())]
        deeper = " " * self.indent_width if before.rstrip().endswith(":") else ""
        self.insert("\n" + indent + deeper)

    def action_run(self) -> None:
        self.post_message(EditDone(self.text, run=True))

    def action_back(self) -> None:
        self.post_message(EditDone(self.text, run=False))
