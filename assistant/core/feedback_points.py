"""The points of a feedback: its list items, lines, sentences and the parts between semicolons, in order.

A small model that is told several changes at once makes few of them, and one at a time nearly all. Nothing here knows
a language: only marks count, and none inside quotes or brackets, where they are part of a value or of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_POINTS = 4
"""A person waits for each: what is said beyond the last one stays with it."""
_WORDS = 3
"""A part with fewer words ("Close.", "No!") is no point of its own."""
_ITEM = re.compile(r"\s*(?:[-*+•‣–—·]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+")
_CLOSING = {"(": ")", "[": "]", "{": "}", '"': '"', "`": "`", "“": "”", "„": "“", "«": "»", "「": "」"}
_ENDS, _WIDE_ENDS, _BREAKS = ".!?…", "。！？", ";；"
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no space between words: two characters count as one."""


def feedback_points(text: str) -> tuple[str, ...]:
    """The points that `text` names, as they stand in it; a single one where it names no more."""
    points: list[str] = []
    pending = ""
    for part in (part for item in _items(text) for part in _sentences(item)):
        pending = f"{pending} {part}".strip()
        if _words(part) >= _WORDS:
            points.append(pending)
            pending = ""
    if pending:
        points[-1:] = [f"{points[-1]} {pending}" if points else pending]
    last = " ".join(points[MOST_POINTS - 1 :])
    kept = points[: MOST_POINTS - 1] + [last] * bool(last)
    trimmed = (re.sub(rf"[\s{_BREAKS}]+$", "", point) for point in kept)
    return tuple(point for point in trimmed if point)


def _items(text: str) -> Iterator[str]:
    """Its lines without list marks; in a list a line without a mark goes on with its item."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_list = sum(_ITEM.match(line) is not None for line in lines) > 1
    item = ""
    for line in lines:
        mark = _ITEM.match(line)
        if item and (mark or not is_list):
            yield item
            item = ""
        item = f"{item} {line[mark.end() if mark and is_list else 0 :].strip()}".strip()
    if item:
        yield item


def _sentences(line: str) -> Iterator[str]:
    """Its sentences and the parts between semicolons; none ends inside quotes or brackets."""
    begin, until = 0, ""
    for at, mark in enumerate(line):
        if until:
            until = "" if mark == until else until
        elif mark in _CLOSING and _CLOSING[mark] in line[at + 1 :]:
            until = _CLOSING[mark]
        elif _ends(line, at, mark):
            yield line[begin : at + 1].strip()
            begin = at + 1
    if line[begin:].strip():
        yield line[begin:].strip()


def _ends(line: str, at: int, mark: str) -> bool:
    """Whether the character at this place ends a part: no point of `1.5`, `e.g.` or `z. B.` does."""
    if mark in _BREAKS or mark in _WIDE_ENDS:
        return True
    after = line[at + 1 :]
    if mark not in _ENDS or not after[:1].isspace() or after.lstrip()[:1].islower():
        return False
    word = line[:at].rsplit(maxsplit=1)[-1] if line[:at].strip() else ""
    return mark != "." or (len(word) > 1 and "." not in word)


def _words(part: str) -> int:
    return len(part.split()) + len(_WIDE.findall(part)) // 2
