"""Code that a data set runs before every program, cut down to what a program can use.

Importing all that APPS gives (numpy, fractions, …) before each small program would cost more than the program.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.core.safe_ast import read_program

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class _Part:
    """One statement: its text, the names that it binds (none: it always stays) and the words in it."""

    text: str
    binds: frozenset[str]
    words: frozenset[str]


def needed(prelude: str, source: str, entry_point: str = "") -> str:
    """The statements of `prelude` that bind a name in `source`, or a name that such a statement uses.

    The entry point itself is never taken from the prelude: the program has to define it.
    """
    if not prelude:
        return ""
    parts = _parts(prelude)
    wanted = set(_WORD.findall(source))
    kept: set[int] = set()
    while fresh := {
        i for i, part in enumerate(parts) if i not in kept and (not part.binds or part.binds & wanted)
    }:
        kept |= fresh
        wanted |= {word for i in fresh for word in parts[i].words}
    root = entry_point.partition(".")[0]
    return "\n".join(parts[i].text for i in sorted(kept) if root not in parts[i].binds)


@lru_cache(maxsize=256)
def _parts(prelude: str) -> tuple[_Part, ...]:
    parts = []
    for node in read_program(prelude).body:
        for piece in _single(node):
            text = ast.unparse(piece)
            used = [] if isinstance(piece, ast.Import | ast.ImportFrom) else _WORD.findall(text)
            parts.append(_Part(text, frozenset(_bound(piece)), frozenset(used)))
    return tuple(parts)


def _single(node: ast.stmt) -> list[ast.stmt]:
    """`from m import a, b` as two statements, so that each stays or goes by itself."""
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [name], node.level) for name in node.names]
    if isinstance(node, ast.Import):
        return [ast.Import([name]) for name in node.names]
    return [node]


def _bound(node: ast.stmt) -> set[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(alias.asname or alias.name).partition(".")[0] for alias in names} - {"*"}
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {t.id for t in targets if isinstance(t, ast.Name)}
    return set()
