"""Text and tables for LaTeX: whatever comes from a journal or a study file is text, never a command."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.core.printable import printable

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "`": r"\textquoteleft{}", "'": r"\textquoteright{}", "-": "-{}", "?": "?{}",
    "!": "!{}", "[": "{[}", "]": "{]}", "*": "{*}", "–": "--", "—": "---", "“": "``", "”": "''",
    "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "…": r"\ldots{}", "×": r"\(\times\)", "≥": r"\(\ge\)",
    "≤": r"\(\le\)", "±": r"\(\pm\)", "≈": r"\(\approx\)", "→": r"\(\to\)", "·": r"\(\cdot\)", "µ": r"\(\mu\)",
    "α": r"\(\alpha\)", "κ": r"\(\kappa\)", "\N{NO-BREAK SPACE}": "~", "ß": r"{\ss}", "æ": r"{\ae}", "Æ": r"{\AE}",
    "ø": r"{\o}", "Ø": r"{\O}", "å": r"{\aa}", "Å": r"{\AA}", "ł": r"{\l}", "Ł": r"{\L}",
}  # fmt: skip
"""Brackets and stars too: after the end of a row or an item they would be its argument."""
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0327": "c", "\u030c": "v",
    "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u030b": "H",
}  # fmt: skip
"""Combining marks, and the commands that put them on a letter."""
_MANY_COLUMNS = 6
"""A table of more columns is made as narrow as the page."""
MOST_ROWS = 40
"""Rows of one table; more go into further ones."""


class Tex(str):
    """Text that is LaTeX already."""

    __slots__ = ()


def tex_text(value: object) -> Tex:
    """Any text as LaTeX in seven-bit ASCII: one line, nothing in it a command; other letters as their number."""
    if isinstance(value, Tex):
        return value
    return Tex("".join(map(_character, " ".join(printable(str(value)).split()))))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        return f"\\{_ACCENTS[marks[0]]}{{{_undotted(letter)}}}"
    return f"{{[}}U+{ord(character):04X}{{]}}"


def _undotted(letter: str) -> str:
    return {"i": r"\i", "j": r"\j"}.get(letter, letter)


def tex_prose(text: str) -> Tex:
    """A sentence in which `words in backticks` are code."""
    pieces = re.split(r"`([^`]+)`", text)
    return Tex(
        "".join(f"\\texttt{{{tex_text(p)}}}" if place % 2 else _spaced(p) for place, p in enumerate(pieces))
    )


def _spaced(piece: str) -> str:
    """The piece with the spaces at its ends, which stand beside code."""
    return (
        f"{' ' * piece[:1].isspace()}{tex_text(piece)}{' ' * (piece[-1:].isspace() and bool(piece.strip()))}"
    )


def tex_code(value: object) -> Tex:
    """A hash or a name in a typewriter face, which may be broken at any character."""
    whole = re.sub(r"([0-9a-f]{8})(?=[0-9a-f])", "\\1\u200b", str(value))
    broken = r"\allowbreak{}".join(tex_text(part) for part in whole.split("\u200b"))
    return Tex(f"\\texttt{{{broken}}}")


def tex_tables(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Tex:
    """A floating table with its caption; several where there are many rows, nothing where there is none."""
    parts = [rows[at : at + MOST_ROWS] for at in range(0, len(rows), MOST_ROWS)]
    return Tex("\n".join(_table(title, head, part) for part in parts))


def _stacked(name: str) -> Tex:
    """The head of a column, a word a line: narrow columns leave room for larger letters."""
    return Tex("\\shortstack[l]{" + r"\\".join(map(tex_text, name.split())) + "}")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[_stacked(name) for name in head], *([tex_text(value) for value in row] for row in rows)]
    lines = [" & ".join(row) + r" \\" for row in cells]
    body = "\n".join([r"\hline", lines[0], r"\hline", *lines[1:], r"\hline"])
    tabular = f"\\begin{{tabular}}{{{'l' * len(head)}}}\n{body}\n\\end{{tabular}}"
    if len(head) > _MANY_COLUMNS:
        tabular = f"\\resizebox{{\\textwidth}}{{!}}{{%\n{tabular}}}"
    caption = f"\\caption{{{tex_text(title)}}}"
    return f"\\begin{{table}}[htbp]\n\\centering\\small\n{caption}\n{tabular}\n\\end{{table}}"
