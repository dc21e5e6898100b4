"""Examples in a docstring as asserts: doctests, and lines such as `f([1, 2]) ==> 3` or `f(1) returns 2`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assistant.core.safe_ast import read_expression, read_literal

_ARROW = re.compile(r"\s*(?:={1,2}>|[-=]*[→➞]|->|==?|#?\s*(?:returns?|should return)\b)\s*")
_PROMPT = re.compile(r"^\s*>>>\s?")
_CONTINUED = re.compile(r"^\s*\.\.\.\s?")
_WORDS = {"true": "True", "false": "False", "none": "None", "null": "None"}


def examples(docstring: str, entry_point: str) -> list[str]:
    """One assert per example whose arguments and value are literals, in order, without repetition.

    Doctests are taken where there are any; else the free forms. Anything that cannot be read for certain
    (`f(a) => True` with an unquoted `a`, `-> 19 - 5 = 14`) is left out.
    """
    found = list(_doctests(docstring, entry_point)) or list(_free_forms(docstring, entry_point))
    return list(dict.fromkeys(found))


def _doctests(docstring: str, entry_point: str) -> Iterator[str]:
    lines = docstring.splitlines()
    for number, line in enumerate(lines):
        if not _PROMPT.match(line):
            continue
        source = [_PROMPT.sub("", line)]
        rest = number + 1
        while rest < len(lines) and _CONTINUED.match(lines[rest]):
            source.append(_CONTINUED.sub("", lines[rest]))
            rest += 1
        want = lines[rest] if rest < len(lines) and not _PROMPT.match(lines[rest]) else ""
        if test := _doctest("\n".join(source), want, entry_point):
            yield test


def _doctest(source: str, want: str, entry_point: str) -> str | None:
    expression = _expression(source)
    if expression is None or not _is_about(expression, entry_point):
        return None
    if isinstance(expression, ast.Compare) and not want.strip():  # the example says `f(x) == y` by itself
        return f"assert {ast.unparse(expression)}"
    value = _value(want)
    return None if value is None else f"assert {ast.unparse(expression)} == {value}"


def _free_forms(docstring: str, entry_point: str) -> Iterator[str]:
    for start in re.finditer(rf"(?<![\w.]){re.escape(entry_point)}\(", docstring):
        end = _call_end(docstring, start.start())
        call = _expression(docstring[start.start() : end])
        arrow = _ARROW.match(docstring, end)
        if not isinstance(call, ast.Call) or arrow is None or not _has_literal_arguments(call):
            continue
        value = _value(docstring[arrow.end() :].split("\n", 1)[0])
        if value is not None:
            yield f"assert {ast.unparse(call)} == {value}"


def _call_end(text: str, start: int) -> int:
    """Where the call that begins at `start` first reads as Python; `start` when it never does."""
    for close in re.finditer(r"\)", text[start : start + 500]):
        if _expression(text[start : start + close.end()]) is not None:
            return start + close.end()
    return start


def _expression(source: str) -> ast.expr | None:
    try:
        return read_expression(source.strip())
    except (SyntaxError, ValueError):
        return None


def _value(text: str) -> str | None:
    """The whole text as one literal, written as Python; None when it is anything else."""
    text = text.split(" #", 1)[0].strip().rstrip(".,;").strip() or text.strip()
    text = _WORDS.get(text, text)
    try:
        read_literal(text)
    except (SyntaxError, ValueError, TypeError):
        return None
    return ast.unparse(read_expression(text))


def _is_about(expression: ast.expr, entry_point: str) -> bool:
    calls = [n for n in ast.walk(expression) if isinstance(n, ast.Call)]
    mine = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == entry_point]
    return bool(mine) and all(_has_literal_arguments(call) for call in mine)


def _has_literal_arguments(call: ast.Call) -> bool:
    try:
        for argument in call.args:
            read_literal(argument)
    except (ValueError, TypeError):
        return False
    return not call.keywords
