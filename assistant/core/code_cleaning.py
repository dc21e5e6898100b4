"""Code that does not parse as it stands in an answer, made to: stray characters, prompts, prose around it.

Everything here is for code that does not parse: a program that does is never touched.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass

from assistant.core.code_regions import dedented, islands, string_spans
from assistant.core.safe_ast import parse

_LANGUAGE_LINE = re.compile(r"\A\s*(?:python3?|py3?|python\s*3(?:\.\d+)?)[ \t]*:?\n(?=\s*\S)", re.IGNORECASE)
_MARKERS = re.compile(
    r"\[(?:BEGIN|/?DONE|/?PYTHON)\]|</?(?:code|pre|answer|solution|python|response|s)(?:\s[^<>\n]{0,200})?>"
    r"|<\|[a-z_]{1,40}\|>|<(?:start|end)_of_turn>"
)
"""Around an answer's code: tags, and special tokens of tokenizers that a server left in."""
_GLUED = re.compile(
    rf"^[ \t]*(?:{_MARKERS.pattern})+(?=(?:async|def|class|import|from|try:|if|@)(?:\W|\w)|\w+\s*=)",
    re.MULTILINE,
)
"""Such marks on the same line as the first line of code."""
_OWN_LINE = r"\[(?:BEGIN|/?DONE|/?PYTHON)\]|</?(?:code|answer|solution|python|response)>"
_MARKER_LINE = re.compile(rf"^[ \t]*(?:{_OWN_LINE})[ \t]*$", re.MULTILINE)
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x200E, 0x200F])
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-"})
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?: |$)")
_NUMBERED = re.compile(r"^[ \t]*\d+(?:[ \t]*[|:.)│]| |\t|$)")
_SHELL = re.compile(r"^\s*(?:[!%$]\s*\w|pip3? install\s)")


@dataclass(frozen=True)
class Cleaned:
    """Code that parses; `whole` unless something was left out of it to get there."""

    code: str
    whole: bool


def clean(code: str) -> Cleaned | None:
    """`code` as it is where it parses, else as much of it as can be made to; None where nothing can."""
    code = _LANGUAGE_LINE.sub("", _without_marker_lines(code))
    if parse(code) is not None:
        return Cleaned(code, True)
    for step in _STEPS:
        changed = step(code)
        if changed != code and parse(code := changed) is not None:
            return Cleaned(code, True)
    parts = best_parts(code) or best_parts(_typed(code))
    return Cleaned(parts, False) if parts else None


def best_parts(text: str) -> str:
    """The pieces of `text` that are code and parse, in order; empty where there are none."""
    text = _GLUED.sub("\n", _without_marker_lines(text))
    found = list(islands(text.split("\n")))
    if not found:
        unmarked = _without_markers(text)
        found = list(islands(unmarked.split("\n"))) or list(islands(_unescaped(unmarked).split("\n")))
    return "\n\n\n".join(found)


def _without_marker_lines(code: str) -> str:
    """`[DONE]` on a line of its own is Python, too: a list of an undefined name. In a string it is text."""
    if _MARKER_LINE.search(code) is None:
        return code
    strings = [(start, end) for start, end in string_spans(code) if end is not None]

    def unless_in_string(mark: re.Match[str]) -> str:
        before = bisect(strings, (mark.start(), 0)) - 1
        return mark[0] if before >= 0 and mark.start() < strings[before][1] else ""

    changed = _MARKER_LINE.sub(unless_in_string, code)
    return changed if changed == code else changed.strip("\n")


def _without_markers(code: str) -> str:
    return _MARKERS.sub("\n", code)


def _visible(code: str) -> str:
    """Without invisible characters, and with plain spaces for other kinds of space."""
    code = code.translate(_INVISIBLE).replace("\x00", "")
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in code)
    return dedented(plain.split("\n"))


def _typed(code: str) -> str:
    return code.translate(_TYPOGRAPHY)


def _unescaped(code: str) -> str:
    return html.unescape(code) if re.search(r"&(?:lt|gt|amp|quot|#\d+);", code) else code


def _without_prompts(code: str) -> str:
    """A session at the interpreter's prompt: what was typed, without what came."""
    lines = code.strip("\n").split("\n")
    if not lines[0].lstrip().startswith((">>>", "In [")):
        return code
    return "\n".join(_PROMPT.sub("", line) for line in lines if _PROMPT.match(line))


def _without_numbers(code: str) -> str:
    lines = [line for line in code.split("\n") if line.strip()]
    if len(lines) < 2 or not all(map(_NUMBERED.match, lines)):
        return code
    return dedented([_NUMBERED.sub("", line) for line in lines])


def _without_diff(code: str) -> str:
    """A difference: the lines that stay or come."""
    lines = code.split("\n")
    if not any(line.startswith("+") for line in lines) or not all(
        line[:1] in ("+", "-", " ", "@", "") for line in lines
    ):
        return code
    kept = [line for line in lines if not line.startswith(("-", "@", "+++"))]
    if all(line[:1] in ("+", "") for line in kept):
        return dedented([line[1:] for line in kept])
    return "\n".join(line[1:] for line in kept)


def _without_shell(code: str) -> str:
    return "\n".join(line for line in code.split("\n") if not _SHELL.match(line))


_STEPS: tuple[Callable[[str], str], ...] = (
    _without_markers,
    _visible,
    _unescaped,
    _without_prompts,
    _without_numbers,
    _without_diff,
    _without_shell,
    lambda code: typed if parse(typed := _typed(code)) is not None else code,
)
