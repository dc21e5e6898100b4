"""Code that does not parse as it stands in an answer, made to: stray characters, prompts, prose around it.

Everything here is for code that does not parse: a program that does is never touched.
"""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.domain.definitions import is_words
from assistant.domain.parsing import parse, read_program

_LANGUAGE_LINE = re.compile(r"\A\s*(?:python3?|py3?|python\s*3(?:\.\d+)?)[ \t]*:?\n(?=.)", re.IGNORECASE)
_MARKERS = re.compile(r"\[(?:BEGIN|/?DONE|/?PYTHON)\]|</?(?:code|answer|solution|python|response)>")
_MARKER_LINE = re.compile(rf"^[ \t]*(?:{_MARKERS.pattern})[ \t]*$", re.MULTILINE)
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x200E, 0x200F])
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-"})
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?: |$)")
_NUMBERED = re.compile(r"^[ \t]*\d+(?:[ \t]*[|:.)│]| |\t|$)")
_SHELL = re.compile(r"^\s*(?:[!%$]\s*\w|pip3? install\s)")
_CODE_START = re.compile(
    r"^[ \t]*(?:async\s+(?:def|for|with)\s|(?:def|class|import|for|while|if|with)\s|from\s+\S+\s+import\b|@\w"
    r"|try\s*:|print\s*\(|[A-Za-z_][\w.\[\]]*(?:\s*,\s*\w+)*(?:\s*:\s*[\w\[\], .]+)?\s*[-+*/|&]?=[^=])"
)
_MOST_STARTS = 60
_MOST_CUTS = 40


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
    texts = []
    for step in _STEPS:
        changed = step(code)
        if changed == code:
            continue
        code = changed
        texts.append(code)
        if parse(code) is not None:
            return Cleaned(code, True)
    parts = best_parts(code)
    return Cleaned(parts, False) if parts else None


def best_parts(text: str) -> str:
    """The pieces of `text` that are code and parse, in order; empty where there are none."""
    return "\n\n\n".join(_islands(_without_markers(text).split("\n")))


def _islands(lines: Sequence[str]) -> Iterator[str]:
    at, starts = 0, 0
    while at < len(lines) and starts < _MOST_STARTS:
        if not _CODE_START.match(lines[at]):
            at += 1
            continue
        starts += 1
        code, used = _longest(_run(lines, at))
        if code:
            yield code
        at += max(1, used)


def _run(lines: Sequence[str], at: int) -> Sequence[str]:
    """The lines from `at` on that are indented at least as far."""
    depth = _depth(lines[at])
    if not depth:
        return lines[at:]
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) >= depth):
        end += 1
    return lines[at:end]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _longest(lines: Sequence[str]) -> tuple[str, int]:
    """The longest beginning of `lines` that parses, without words at its end, and how many lines it took."""
    end = len(lines)
    for _ in range(_MOST_CUTS):
        code = textwrap.dedent("\n".join(lines[:end]))
        tree = parse(code)
        if tree is not None:
            while tree.body and is_words(tree.body[-1]):
                end = tree.body.pop().lineno - 1
            return textwrap.dedent("\n".join(lines[:end])).strip("\n") if tree.body else "", end
        end = min(end - 1, _error_line(code) - 1)
        if end <= 0:
            break
    return "", 0


def _error_line(code: str) -> int:
    """1-based line at which `code` stops parsing."""
    try:
        read_program(code)
    except SyntaxError as error:
        return max(1, error.lineno or 1)
    except (ValueError, RecursionError, MemoryError):
        return 1
    return code.count("\n") + 1


def _without_marker_lines(code: str) -> str:
    """`[DONE]` on a line of its own is Python, too: a list of a name that nobody defines."""
    changed = _MARKER_LINE.sub("", code)
    return changed if changed == code else changed.strip("\n")


def _without_markers(code: str) -> str:
    return _MARKERS.sub("\n", code)


def _visible(code: str) -> str:
    """Without characters that nobody sees, and with plain spaces for the others."""
    code = code.translate(_INVISIBLE).replace("\x00", "")
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in code)
    return textwrap.dedent(plain).strip("\n")


def _typed(code: str) -> str:
    return code.translate(_TYPOGRAPHY)


def _unescaped(code: str) -> str:
    return html.unescape(code) if re.search(r"&(?:lt|gt|amp|quot|#\d+);", code) else code


def _without_prompts(code: str) -> str:
    """A session at the interpreter's prompt: what was typed, without what came."""
    lines = code.split("\n")
    if not any(line.lstrip().startswith((">>>", "In [")) for line in lines):
        return code
    return "\n".join(_PROMPT.sub("", line) for line in lines if _PROMPT.match(line))


def _without_numbers(code: str) -> str:
    lines = [line for line in code.split("\n") if line.strip()]
    if len(lines) < 2 or not all(map(_NUMBERED.match, lines)):
        return code
    return textwrap.dedent("\n".join(_NUMBERED.sub("", line) for line in lines))


def _without_diff(code: str) -> str:
    """A difference: the lines that stay or come."""
    lines = code.split("\n")
    if not any(line.startswith("+") for line in lines) or not all(
        line[:1] in ("+", "-", " ", "@", "") for line in lines
    ):
        return code
    kept = [line for line in lines if not line.startswith(("-", "@", "+++"))]
    if all(line[:1] in ("+", "") for line in kept):
        return textwrap.dedent("\n".join(line[1:] for line in kept))
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
    _typed,
)
