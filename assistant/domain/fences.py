"""Fenced code blocks of a Markdown answer, as models write them: in lists, quotes, unclosed, nested in docstrings.

A fence inside an open triple-quoted string belongs to the program; that is what `open_string` is asked for.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.domain.parsing import read_program

_MARKS = r"[ \t]*(?:(?:[-*+>]|\d{1,3}[.)])[ \t]*)*"
_OPENING = re.compile(rf"^(?P<marks>{_MARKS})(?P<fence>`{{3,}}|~{{3,}})(?P<info>.*)$")
_MIDLINE = re.compile(r"^(?P<before>.*[^\s`'\"])[ \t]*(?P<fence>`{3,})(?P<info>[A-Za-z][\w.+#-]*)[ \t]*$")
_LANGUAGE = re.compile(r"^[ \t]*[{.]*[ \t]*([A-Za-z][\w+#-]*)?")
_DEFINITION = re.compile(r"(?:async\s+def|def|class|import|from)\s|@\w|\w+\s*=\s*lambda\b")
_QUOTE = re.compile(r"^[ \t]*>[ \t]?")
_PYTHON = frozenset({"", "code", "ipython", "sage", "codeblock", "tool_code"})
_DOCUMENTS = frozenset({"", "markdown", "md"})
_MOST_TRIES = 200
"""Fences of one answer that are looked at for being inside a string."""


@dataclass(frozen=True)
class Block:
    """What stands between two fences, dedented, and the word after the first of them."""

    text: str
    language: str
    closed: bool = True
    start: int = 0
    end: int = 0
    """Where it begins and ends in the answer, its fences included; the closing line's end is not."""
    raw: tuple[str, ...] = ()
    """Its lines as they stand, quote marks left out."""

    @property
    def is_python(self) -> bool:
        """Tagged as Python or not at all."""
        return self.language in _PYTHON or self.language.startswith("py")


@dataclass(frozen=True)
class Layout:
    """An answer as blocks and the text around them (one piece before each block, one at the end)."""

    blocks: tuple[Block, ...]
    prose: tuple[str, ...]


def layout(text: str) -> Layout:
    """The blocks of `text` in order, the last also where its fence is never closed."""
    return _Reader(text).read()


def fenced_blocks(text: str) -> list[Block]:
    """The blocks of `text`; those inside a block that is itself a Markdown document count instead of it."""
    found: list[Block] = []
    for block in layout(text).blocks:
        found += _inner(block) or [block]
    return found


def open_string(code: str) -> bool:
    """Whether `code` ends within a triple-quoted string."""
    if '"""' not in code and "'''" not in code:
        return False
    try:
        read_program(code)
    except SyntaxError as error:
        return "unterminated triple-quoted" in (error.msg or "")
    except (ValueError, RecursionError, MemoryError):
        return False
    return False


def may_close(line: str) -> bool:
    """Whether a block may end with this line: it ends with a fence."""
    return line.rstrip().endswith(("```", "~~~"))


def dedented(lines: Sequence[str]) -> str:
    """The lines as one text, without common indentation and without empty lines around."""
    return textwrap.dedent("\n".join(lines)).strip("\n")


def _inner(block: Block) -> list[Block]:
    if block.language not in _DOCUMENTS or not any(map(_OPENING.match, block.raw)) or _parses(block.text):
        return []
    inner = layout("\n".join(block.raw)).blocks
    return [b for b in inner if b.text.strip()]


def _parses(code: str) -> bool:
    try:
        read_program(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@dataclass(frozen=True)
class _Opening:
    """A line that opens a block."""

    fence: str
    language: str
    first: str
    """Code on the fence's own line."""
    inline_end: int
    """Length of the line up to the end of a block that closes on the same line; 0 where it does not."""
    before: str
    quotes: int
    at: int
    """Where the fence's marks begin in the line."""


class _Reader:
    """Reads the lines of one answer."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = _line_starts(self._lines)
        self._tries = _MOST_TRIES

    def read(self) -> Layout:
        blocks: list[Block] = []
        prose: list[list[str]] = [[]]
        i = 0
        while i < len(self._lines):
            opening = _opening_of(_bare(self._lines[i]))
            if opening is None:
                prose[-1].append(self._lines[i])
                i += 1
                continue
            if opening.before:
                prose[-1].append(opening.before)
            block, i, rest = self._block(i, opening)
            blocks.append(block)
            prose.append([rest] if rest.strip() else [])
        return Layout(tuple(blocks), tuple("\n".join(lines) for lines in prose))

    def _block(self, i: int, opening: _Opening) -> tuple[Block, int, str]:
        """The block that line `i` opens, the line to go on with, and what else its last line holds."""
        start = self._starts[i] + opening.at
        if opening.inline_end:
            line = _bare(self._lines[i])
            made = Block(
                opening.first.strip(),
                opening.language,
                True,
                start,
                self._starts[i] + opening.inline_end,
                (opening.first,),
            )
            return made, i + 1, line[opening.inline_end :]
        lines = [opening.first] if opening.first else []
        end = self._end(i + 1, opening, lines)
        return end.block(opening.language, start), end.next, ""

    def _end(self, first: int, opening: _Opening, lines: list[str]) -> _End:
        """Where the block ends: at the first fence that is not inside a string of it."""
        earliest: _End | None = None
        python = Block("", opening.language).is_python
        for j in range(first, len(self._lines)):
            line = _unquoted(_bare(self._lines[j]), opening.quotes)
            end = self._candidate(j, line, opening, lines, python)
            if end is not None:
                text = dedented(end.lines)
                if not (python and self._tries > 0 and self._in_string(text)):
                    return end if earliest is None or _parses(text) else earliest
                earliest = earliest or end
            lines.append(line)
        stop = len(self._lines)
        return earliest or _End(tuple(lines), False, self._starts[stop - 1] + len(self._lines[-1]), stop)

    def _in_string(self, text: str) -> bool:
        self._tries -= 1
        return open_string(text)

    def _candidate(self, j: int, line: str, opening: _Opening, lines: list[str], python: bool) -> _End | None:
        """The block's end, if line `j` may be one: a fence alone, behind code, or one that opens another block."""
        end = self._starts[j] + len(_bare(self._lines[j]))
        stripped = line.strip()
        if _is_fence(stripped, opening.fence):
            return _End(tuple(lines), True, end, j + 1)
        if stripped.endswith(opening.fence) and not _OPENING.match(line):
            head = line.rstrip().rstrip(opening.fence[0])
            whole = (*lines, head)
            if python and _parses(dedented(whole)):
                return _End(whole, True, end, j + 1)
            return None
        other = _OPENING.match(line)
        if other and other["fence"][0] == opening.fence[0] and len(other["fence"]) <= len(opening.fence):
            reopened = _opening_of(line)
            if reopened is not None and reopened.language and len(other["fence"]) == len(opening.fence):
                return _End(tuple(lines), False, self._starts[j], j)
        return None


@dataclass(frozen=True)
class _End:
    """Where a block ends."""

    lines: tuple[str, ...]
    closed: bool
    at: int
    next: int

    def block(self, language: str, start: int) -> Block:
        return Block(dedented(self.lines), language, self.closed, start, max(start, self.at), self.lines)


def _opening_of(line: str) -> _Opening | None:
    found = _OPENING.match(line)
    if found is None:
        return _midline(line)
    marks, fence, info = found["marks"], found["fence"], found["info"]
    language = _LANGUAGE.match(info)
    word = (language[1] or "").lower() if language else ""
    rest = info[language.end() :] if language and word else info
    if (inside := info.rstrip().find(fence)) > 0 and fence[0] == "`":
        code = rest[: rest.find(fence)] if word and _is_language(word) else info[:inside]
        return _Opening(
            fence,
            word if _is_language(word) else "",
            code,
            found.start("info") + inside + len(fence),
            "",
            0,
            0,
        )
    if "`" in info and fence[0] == "`":
        return None
    quotes = marks.count(">")
    if _DEFINITION.match(info.strip()) or (word and _DEFINITION.match(rest.strip())):
        own = _DEFINITION.match(info.strip())
        return _Opening(fence, "" if own else word, (info if own else rest).strip(), 0, "", quotes, 0)
    return _Opening(fence, word, "", 0, "", quotes, 0)


def _midline(line: str) -> _Opening | None:
    """A fence behind words: `Here it is: ```python`."""
    found = _MIDLINE.match(line)
    if found is None or not found["info"].lower().startswith("py"):
        return None
    return _Opening(found["fence"], found["info"].lower(), "", 0, found["before"], 0, found.start("fence"))


def _is_language(word: str) -> bool:
    return word in _PYTHON or word.startswith("py")


def _is_fence(stripped: str, fence: str) -> bool:
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _unquoted(line: str, quotes: int) -> str:
    for _ in range(quotes):
        line = _QUOTE.sub("", line, count=1)
    return line


def _bare(line: str) -> str:
    return line.removesuffix("\r")


def _line_starts(lines: Sequence[str]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts
