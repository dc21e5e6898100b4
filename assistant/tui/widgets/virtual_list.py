"""A scrollable list that renders only visible lines."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from assistant.tui.text.spans import Line, plain


class VirtualList(ScrollView, can_focus=True):
    """Shows `line(0)` … `line(line_count - 1)`; a subclass says what they are.

    With `selectable_rows`, a cursor moves over the rows: `row` is the one it is on.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"py--{name}" for name in ("comment", "constant", "keyword", "operator", "string", "number")),
        *(f"py--{name}" for name in ("function", "class", "builtin", "decorator")),
        *(f"case--{name}" for name in ("passed", "failed", "broke", "fixed", "label", "differs", "printed")),
        *(
            f"line--{name}"
            for name in (
                "cursor",
                "chosen",
                "number",
                "marked",
                "note",
                "strong",
                "tag",
                "link",
                "aside",
                "more",
            )
        ),
        *(f"diff--{name}" for name in ("added", "removed", "added-part", "removed-part", "gap")),
        *(f"step--{name}" for name in ("solved", "unsolved", "here", "aside")),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "to_end(-1)", "Top", show=False),
        Binding("end", "to_end(1)", "Bottom", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    selectable_rows = True
    row: reactive[int] = reactive(0)
    folds: reactive[bool] = reactive(False)
    """Whether lines that are too long go on below; else they are cut at the edge, with a mark there."""

    class RowMoved(Message):
        """The cursor stands on another row."""

        def __init__(self, pane: VirtualList, row: int) -> None:
            self.pane, self.row = pane, row
            super().__init__()

        @property
        def control(self) -> VirtualList:
            return self.pane

    class RowChosen(RowMoved):
        """Enter or a double click on a row."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._styles_by_look: dict[tuple[str, ...], Style] = {}
        self._strips: LRUCache[int, Strip] = LRUCache(512)
        self._room = 0
        """Width that the strips were made for."""

    # What a subclass says.

    @property
    def line_count(self) -> int:
        return 0

    def line(self, y: int) -> Line:
        """The pieces of line `y`."""
        raise NotImplementedError

    def line_look(self, y: int) -> str:
        """A look for the whole width of line `y`, or an empty string."""
        return ""

    def lead_pieces(self, y: int) -> int:
        """How many leading pieces of line `y` are not part of its text."""
        return 0

    def rows(self) -> int:
        """How many rows the cursor can stand on; a row may be several lines."""
        return self.line_count

    def row_of(self, y: int) -> int:
        """The row that line `y` belongs to."""
        return y

    def lines_of(self, row: int) -> tuple[int, int]:
        """First line of `row` and the number of its lines."""
        return row, 1

    # What it does.

    def lines_changed(self, *, width: int | None = None, from_line: int = 0) -> None:
        """Take the lines anew from `from_line` on; `width` saves measuring them all."""
        if from_line == 0:
            self._strips.clear()
        else:
            for y in [y for y in self._strips.keys() if y >= from_line]:  # noqa: SIM118 (not a dict)
                self._strips.discard(y)
        if width is None:
            width = max((cell_len(plain(self.line(y))) for y in range(self.line_count)), default=0)
        self.virtual_size = Size(width, self.line_count)
        self.row = max(0, min(self.row, self.rows() - 1))
        self.refresh()

    @property
    def fold_width(self) -> int:
        """Cells of a folded line: the same with and without the bar at the edge, which folding may bring."""
        return self.size.width - self.styles.scrollbar_size_vertical

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles_by_look.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        number, width = y + scroll_y, self.size.width
        room = self.scrollable_content_region.width
        if room != self._room:  # lines may be made to fit it
            self._room = room
            self._strips.clear()
        if number >= self.line_count:
            return Strip.blank(width, self._style())
        row_look = self._row_look(number)
        strip = self._strip(number, row_look)
        style = self._style(*row_look)
        shown = strip.crop_extend(scroll_x, scroll_x + room, style)
        marked = self._with_marks(shown, left=scroll_x > 0, right=strip.cell_length > scroll_x + room)
        return marked.extend_cell_length(width, style)

    def _with_marks(self, shown: Strip, *, left: bool, right: bool) -> Strip:
        """`‹` and `›` where a line goes on beyond the edge."""
        width, style = shown.cell_length, self._style("line--more")
        if right:
            shown = Strip([*shown.crop(0, width - 1), Segment("›", style)], width)
        if left and width > 1:
            shown = Strip([Segment("‹", style), *shown.crop(1, width)], width)
        return shown

    def _row_look(self, y: int) -> tuple[str, ...]:
        looks = [look] if (look := self.line_look(y)) else []
        if self.selectable_rows and self.has_focus and self.row_of(y) == self.row:
            looks.append("line--cursor")
        return tuple(looks)

    def _strip(self, y: int, row_look: tuple[str, ...]) -> Strip:
        selection = self.text_selection
        cacheable = selection is None and not row_look
        if cacheable and (cached := self._strips.get(y)) is not None:
            return cached
        strip = self._make_strip(y, row_look, selection)
        if cacheable:
            self._strips[y] = strip
        return strip

    def _make_strip(self, y: int, row_look: tuple[str, ...], selection: Selection | None) -> Strip:
        segments: list[Segment] = []
        lead, x = self.lead_pieces(y), 0
        chosen = selection.get_span(y) if selection is not None else None
        for index, (text, look) in enumerate(self.line(y)):
            style = self._style(*row_look, look)
            if index < lead:
                segments.append(Segment(text, style))
                continue
            for part, is_chosen in _split(text, x, chosen):
                part_style = style + self.selection_style if is_chosen else style
                offset = Style.from_meta({"offset": (x, y)})
                segments.append(Segment(part, part_style + offset))
                x += len(part)
        return Strip(segments)

    @property
    def selection_style(self) -> Style:
        return self.screen.get_component_rich_style("screen--selection")

    def _style(self, *looks: str) -> Style:
        key = tuple(name for look in looks for name in look.split())
        style = self._styles_by_look.get(key)
        if style is None:
            style = self._styles_by_look[key] = self.get_visual_style(*key).rich_style
        return style

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text without gutters or trailing spaces."""
        texts = [plain(self.line(y)[self.lead_pieces(y) :]).rstrip() for y in range(self.line_count)]
        return selection.extract("\n".join(texts)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    # The cursor.

    def watch_has_focus(self, _focus: bool) -> None:
        super().watch_has_focus(_focus)
        self._styles_by_look.clear()
        self._strips.clear()

    def watch_row(self, _old: int, row: int) -> None:
        self.refresh()
        if self.selectable_rows and self.is_mounted:
            self.post_message(self.RowMoved(self, row))

    def show_row(self, row: int) -> None:
        """Bring `row` into sight without moving more than needed; of a row higher than the pane, its top."""
        first, count = self.lines_of(row)
        top, height = self.scroll_offset.y, self.size.height
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif first + count > top + height:
            self.scroll_to(y=min(first, first + count - height), animate=False)

    def action_move(self, step: int) -> None:
        if not self.selectable_rows:
            self.scroll_relative(y=step, animate=False)
            return
        self.row = max(0, min(self.row + step, self.rows() - 1))
        self.show_row(self.row)

    def action_page(self, step: int) -> None:
        self.action_move(step * max(1, self.size.height - 1))

    def action_to_end(self, end: int) -> None:
        self.action_move(end * self.line_count)

    def action_choose(self) -> None:
        if self.rows():
            self.post_message(self.RowChosen(self, self.row))

    async def _on_click(self, event: Click) -> None:
        y = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if not (self.selectable_rows and 0 <= y < self.line_count):
            return
        self.row = self.row_of(y)
        if event.chain == 2:
            event.prevent_default()
            self.action_choose()


def _split(text: str, x: int, chosen: tuple[int, int] | None) -> list[tuple[str, bool]]:
    """`text`, which begins at column `x`, cut where the selected span begins and ends."""
    if chosen is None:
        return [(text, False)]
    start, end = chosen
    start = max(0, min(start - x, len(text)))
    end = len(text) if end == -1 else max(start, min(end - x, len(text)))
    parts = [(text[:start], False), (text[start:end], True), (text[end:], False)]
    return [part for part in parts if part[0]]
