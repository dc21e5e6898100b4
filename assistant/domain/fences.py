"""Fenced code blocks of a Markdown answer, read line by line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(?:[-*+>]|\d+[.)])?[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n`]*$")


@dataclass(frozen=True)
class Block:
    """What stands between two fences, dedented, and the word after the first of them."""

    text: str
    language: str


class Fences:
    """Takes an answer's lines in order and gives each block when its closing fence has come."""

    def __init__(self) -> None:
        self._fence = ""
        self._language = ""
        self._lines: list[str] = []

    def read(self, line: str) -> Block | None:
        """The block that `line` closes, if it closes one."""
        match = _FENCE.match(line)
        if not self._fence:
            if match:
                self._fence, self._language, self._lines = match[1], match[2].lower(), []
        elif match and match[1].startswith(self._fence) and not match[2]:
            return self._take()
        else:
            self._lines.append(line)
        return None

    def rest(self) -> Block | None:
        """The block that was never closed: it runs to the end of the answer."""
        return self._take() if self._fence else None

    def _take(self) -> Block:
        self._fence = ""
        return Block(dedented(self._lines), self._language)


def dedented(lines: Sequence[str]) -> str:
    """The lines as one text, without common indentation and without empty lines around."""
    return textwrap.dedent("\n".join(lines)).strip("\n")


def fenced_blocks(text: str) -> list[Block]:
    """All blocks of `text` in order, the last also where its fence is never closed."""
    fences = Fences()
    blocks = [fences.read(line) for line in text.replace("\r\n", "\n").split("\n")]
    return [block for block in (*blocks, fences.rest()) if block is not None]
