"""Plain tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they need, two spaces apart; the first is flush left."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        yield ("  " + "  ".join(cells)).rstrip()


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
