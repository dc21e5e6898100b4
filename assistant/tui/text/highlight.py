"""Python source as coloured lines, kept up to date while it is being written."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from assistant.tui.text.spans import TAB, Line, Piece, displayable

# Pygments token names, the most specific first, and the looks they get.
LOOKS = (
    ("Token.Comment", "py--comment"),
    ("Token.Keyword.Constant", "py--constant"),
    ("Token.Keyword", "py--keyword"),
    ("Token.Operator.Word", "py--keyword"),
    ("Token.Operator", "py--operator"),
    ("Token.Punctuation", "py--operator"),
    ("Token.Literal.String", "py--string"),
    ("Token.Literal.Number", "py--number"),
    ("Token.Name.Function", "py--function"),
    ("Token.Name.Class", "py--class"),
    ("Token.Name.Exception", "py--class"),
    ("Token.Name.Builtin", "py--builtin"),
    ("Token.Name.Decorator", "py--decorator"),
)


@functools.cache
def _lexer() -> Any:
    return importlib.import_module("pygments.lexers.python").PythonLexer(stripnl=False, ensurenl=False)


@functools.cache
def _look(token: Any) -> str:
    name = str(token)
    return next((look for prefix, look in LOOKS if name.startswith(prefix)), "")


class PythonLines:
    """Lexes only what is new: text that grows is taken up at the last line that began outside a string."""

    def __init__(self, text: str = "") -> None:
        self.text = ""
        self.lines: list[Line] = []
        self._safe_line = 0
        self._safe_offset = 0
        self.set(text)

    def set(self, text: str) -> int:
        """Take `text` as the whole source; returns the first line that may have changed."""
        if text == self.text and self.lines:
            return len(self.lines)
        if not text.startswith(self.text[: self._safe_offset]):
            self._safe_line = self._safe_offset = 0
        first, offset = self._safe_line, self._safe_offset
        self.text = text
        del self.lines[first:]
        self._lex(text[offset:], first, offset)
        return first

    def _lex(self, text: str, number: int, offset: int) -> None:
        pieces: list[Piece] = []
        for token, value in _lexer().get_tokens(text):
            look = _look(token)
            *whole, rest = value.split("\n")
            for part in whole:
                self.lines.append(_line([*pieces, Piece(part, look)]))
                pieces, number, offset = [], number + 1, offset + len(part) + 1
                if look != "py--string":
                    self._safe_line, self._safe_offset = number, offset
            pieces.append(Piece(rest, look))
            offset += len(rest)
        self.lines.append(_line(pieces))


def _line(pieces: list[Piece]) -> Line:
    return tuple(Piece(displayable(text.replace("\t", TAB)), look) for text, look in pieces if text)
