"""Fenced code blocks of a Markdown answer, as models write them: in lists, quotes, unclosed, nested in docstrings.

A fence inside an open triple-quoted string belongs to the program; that is what `open_string` is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.core.code_cleaning import clean
from assistant.core.code_regions import dedented, open_string, reaches
from assistant.core.safe_ast import read_program

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
class CodeBlock:
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
class AnswerLayout:
    """An answer as blocks and the text around them (one piece before each block, one at the end)."""

    blocks: tuple[CodeBlock, ...]
    prose: tuple[str, ...]


def layout(text: str) -> AnswerLayout:
    """The blocks of `text` in order, the last also where its fence is never closed."""
    return _Reader(text).read()


def fenced_blocks(text: str) -> list[CodeBlock]:
    """The blocks of `text`; those inside a block that is itself a Markdown document count instead of it."""
    found: list[CodeBlock] = []
    for block in layout(text).blocks:
        found += nested_blocks(block) or [block]
    return found


def may_close(line: str) -> bool:
    """Whether a block may end with this line: it ends with a fence."""
    return line.rstrip().endswith(("```", "~~~"))


def nested_blocks(block: CodeBlock) -> list[CodeBlock]:
    """The blocks inside one that is itself a Markdown document; none where it is a program."""
    if block.language not in _DOCUMENTS or not any(map(_OPENING.match, block.raw)) or _parses(block.text):
        return []
    inner = layout("\n".join(block.raw)).blocks
    return [b for b in inner if b.text.strip()]


def _parses(code: str) -> bool:
    try:
        read_program(code)
    except SyntaxError:
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
    words: str = ""
    """What stands behind the language: attributes, as a rule."""


class _Reader:
    """Reads the lines of one answer."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = _line_starts(self._lines)
        self._tries = _MOST_TRIES

    def read(self) -> AnswerLayout:
        blocks: list[CodeBlock] = []
        prose: list[list[str]] = [[]]
        i = 0
        while i < len(self._lines):
            opening = _opening_of(_bare(self._lines[i]))
            if opening is None or self._in_code(i, len(prose[-1])):
                prose[-1].append(self._lines[i])
                i += 1
                continue
            if opening.before:
                prose[-1].append(opening.before)
            block, i, rest = self._block(i, opening)
            blocks.append(block)
            prose.append([rest] if rest.strip() else [])
        return AnswerLayout(tuple(blocks), tuple("\n".join(lines) for lines in prose))

    def _block(self, i: int, opening: _Opening) -> tuple[CodeBlock, int, str]:
        """The block that line `i` opens, the line to go on with, and what else its last line holds."""
        start = self._starts[i] + opening.at
        if opening.inline_end:
            line = _bare(self._lines[i])
            made = CodeBlock(
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
        return self._made(end, opening, start), end.next, ""

    def _made(self, end: _End, opening: _Opening, start: int) -> CodeBlock:
        """The block; words behind the language are code where only they make it whole."""
        block = end.block(opening.language, start)
        if not opening.words or not block.is_python or _parses(block.text):
            return block
        whole = replace(end, lines=(opening.words, *end.lines)).block(opening.language, start)
        return whole if _parses(whole.text) else block

    def _end(self, first: int, opening: _Opening, lines: list[str]) -> _End:
        """Where the block ends: at the first fence that is not inside a string of it."""
        earliest: _End | None = None
        python = CodeBlock("", opening.language).is_python
        for j in range(first, len(self._lines)):
            line = _unquoted(_bare(self._lines[j]), opening.quotes)
            end = self._candidate(j, line, opening, lines, python)
            if end is not None:
                text = dedented(end.lines)
                if not open_string(text):
                    return self._better(earliest, end)
                earliest = earliest or end
            lines.append(line)
        stop = len(self._lines)
        rest = _End(tuple(lines), False, self._starts[stop - 1] + len(self._lines[-1]), stop)
        return self._better(earliest, rest)

    def _in_code(self, i: int, prose: int) -> bool:
        """Whether line `i` stands in a string of code that has no fence, begun in the `prose` lines before it."""
        before = "\n".join(self._lines[i - prose : i])
        if self._tries <= 0 or not (before.count('"""') % 2 or before.count("'''") % 2):
            return False
        self._tries -= 10
        return reaches([_bare(line) for line in self._lines[i - prose :]], prose)

    def _better(self, earliest: _End | None, later: _End) -> _End:
        """The later of two ends where code comes of it; else a string was left open by mistake."""
        self._tries -= 20 if earliest else 0
        if earliest is None or (self._tries > 0 and clean(dedented(later.lines)) is not None):
            return later
        return earliest

    def _candidate(self, j: int, line: str, opening: _Opening, lines: list[str], python: bool) -> _End | None:
        """The block's end, if line `j` may be one: a fence alone, behind code, or one that opens another block."""
        if opening.fence[:3] not in line:
            return None
        end = self._starts[j] + len(_bare(self._lines[j]))
        stripped = line.strip()
        if _is_fence(stripped, opening.fence):
            return _End(tuple(lines), True, end, j + 1)
        if stripped.endswith(opening.fence) and not _OPENING.match(line):
            head = line.rstrip().rstrip(opening.fence[0])
            whole = (*lines, head)
            self._tries -= 1
            if head.lstrip().startswith("#"):  # a comment about fences
                return None
            if python and self._tries > 0 and _parses(dedented(whole)):
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

    def block(self, language: str, start: int) -> CodeBlock:
        return CodeBlock(dedented(self.lines), language, self.closed, start, max(start, self.at), self.lines)


def _opening_of(line: str) -> _Opening | None:
    if "```" not in line and "~~~" not in line:
        return None
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
    return _Opening(fence, word, "", 0, "", quotes, 0, rest.strip())


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
