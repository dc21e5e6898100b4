"""Tables of results and lists as text, and the numbers in their cells."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Literal, TextIO

Justify = Literal["left", "right"]
WIDTH = 100_000
"""Columns that rich may use: a table is as wide as its cells, and neither folded nor cut."""


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    justify: Sequence[Justify] = ("left",),
    indent: str = "  ",
) -> Iterator[str]:
    """Lines of a table: columns as wide as they need, two spaces apart.

    `justify` is of each column; those that it does not name are flush right. A head of empty texts is not drawn.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=any(head), header_style="")
    for number, name in enumerate(head):
        how: Justify = justify[number] if number < len(justify) else "right"
        drawn.add_column(Text(name), justify=how, no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console = Console(file=StringIO(), width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().split("\n")[:-1]:
        yield f"{indent}{line}".rstrip()


def listing(
    head: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO, *, cut: bool = False
) -> Iterator[str]:
    """Lines of a list for `stream`, columns flush left and two spaces apart.

    On a terminal under a head and, with `cut`, not beyond its edge; elsewhere the rows alone, whole, for programs.
    """
    from rich.cells import cell_len, set_cell_size

    on_terminal = stream.isatty()
    shown = [head, *rows] if on_terminal and rows and any(head) else rows
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)][:-1]
    edge = shutil.get_terminal_size((100, 24)).columns if on_terminal and cut else 0
    for row in shown:
        cells = [set_cell_size(cell, width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*cells, row[-1]]).rstrip()
        yield line if not edge or cell_len(line) <= edge else f"{set_cell_size(line, edge - 1).rstrip()}…"


def percent(measure: Mapping[str, Any]) -> str:
    """`54.2% (49.8–58.5)`; a dash where there is no value."""
    if measure["value"] is None:
        return "–"
    if measure["low"] is None:
        return f"{100 * measure['value']:.1f}%"
    return f"{100 * measure['value']:.1f}% ({100 * measure['low']:.1f}–{100 * measure['high']:.1f})"


def points(value: float, low: float | None, high: float | None) -> str:
    """A difference in percentage points: `+5.0 (+1.2 to +8.9)`."""
    if low is None or high is None:
        return f"{100 * value:+.1f}"
    return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: float) -> str:
    """`1,234`, `12.3 M`."""
    return f"{number / 1e6:.1f} M" if number >= 1e7 else f"{number:,.0f}"
