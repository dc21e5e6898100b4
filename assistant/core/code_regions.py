"""Runs of lines that are code, in text that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.definitions import is_words
from assistant.core.safe_ast import parse, read_program

_CODE_START = re.compile(
    r"^[ \t]*(?:async\s+(?:def|for|with)\s|(?:def|class|import|for|while|if|with)\s|from\s+\S+\s+import\b|@\w"
    r"|try\s*:|print\s*\(|[A-Za-z_][\w.\[\]]*(?:\s*,\s*\w+)*(?:\s*:\s*[\w\[\], .]+)?\s*[-+*/|&]?=[^=])"
)
_TOKEN = re.compile(r"""\"{3}|'{3}|\#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
_CLOSING = {q * 3: re.compile(rf"(?:[^\\{q}]|\\.|{q}(?!{q}{q}))*+{q}{q}{q}", re.DOTALL) for q in ("'", '"')}
_STRAY_FENCE = re.compile(r"`{3,}[ \t]*$")
_MOST_EFFORT = 600_000
_MOST_CUTS = 40
_MOST_REACHES = 12


def islands(lines: Sequence[str]) -> Iterator[str]:
    """The pieces that are code and parse, in order."""
    at, effort = 0, _Effort()
    while at < len(lines) and effort.left > 0:
        if not _CODE_START.match(lines[at]):
            at += 1
            continue
        code, used = _longest(_run(lines, at), effort)
        if code:
            yield code
        at += max(1, used)


@dataclass
class _Effort:
    """Characters that may still be parsed: text that looks like code all along is given up in the end."""

    left: int = _MOST_EFFORT


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


def _longest(lines: Sequence[str], effort: _Effort) -> tuple[str, int]:
    """The longest beginning of `lines` that parses, without words at its end, and how many lines it took."""
    end = len(lines)
    for _ in range(_MOST_CUTS):
        code = dedented(lines[:end])
        effort.left -= len(code)
        if effort.left <= 0:
            break
        tree = parse(code)
        if tree is not None:
            while tree.body and is_words(tree.body[-1]):
                end = tree.body.pop().lineno - 1
            return dedented(lines[:end]) if tree.body else "", end
        wrong = _error_line(code)
        if (
            wrong <= end
            and (stray := _STRAY_FENCE.sub("", lines[wrong - 1])).strip() != lines[wrong - 1].strip()
        ):
            lines, end = [*lines[: wrong - 1], stray], wrong
            continue
        end = min(end - 1, wrong - 1)
        if end <= 0:
            break
    return "", 0


def _error_line(code: str) -> int:
    """1-based line at which `code` stops parsing."""
    try:
        read_program(code)
    except SyntaxError as error:
        return max(1, error.lineno or 1)
    return code.count("\n") + 1


def reaches(lines: Sequence[str], at: int) -> bool:
    """Whether line `at` lies within code that begins on an earlier line and parses beyond it (in a string of it)."""
    starts = [i for i in range(at) if _CODE_START.match(lines[i])]
    effort = _Effort()
    return any(start + _longest(_run(lines, start), effort)[1] > at + 1 for start in starts[-_MOST_REACHES:])


def dedented(lines: Sequence[str]) -> str:
    """The lines as one text, without common indentation and without empty lines around.

    Unlike `textwrap.dedent` it leaves lines of spaces alone where nothing is indented: they may be in a string.
    """
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    margin = _shared(margins)
    if not margin:
        return "\n".join(lines).strip("\n")
    return "\n".join(line.removeprefix(margin) if line.startswith(margin) else "" for line in lines).strip(
        "\n"
    )


def _shared(margins: Sequence[str]) -> str:
    """What all of them begin with."""
    if not margins:
        return ""
    first, last = min(margins), max(margins)
    same = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def string_spans(code: str) -> Iterator[tuple[int, int | None]]:
    """Where each triple-quoted string begins and ends; None where it is not closed.

    Needs no code that parses, and takes one pass.
    """
    at = 0
    while (token := _TOKEN.search(code, at)) is not None:
        at = token.end()
        if (closing := _CLOSING.get(token[0])) is not None:
            end = closing.match(code, at)
            yield token.start(), end.end() if end else None
            if end is None:
                return
            at = end.end()


def open_string(code: str) -> bool:
    """Whether `code` ends within a triple-quoted string."""
    return any(end is None for _, end in string_spans(code))
