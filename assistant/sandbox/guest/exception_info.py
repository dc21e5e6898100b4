"""An exception as plain data: name, text, base types, and the line of the program where it happened."""

from __future__ import annotations

import builtins
import types
from typing import Any

FILENAME = "solution.py"
_TEXT = 400


def describe(error: BaseException, source: str) -> dict[str, Any]:
    """What the judge may know of an exception; never runs a method that the program may have overridden twice."""
    line = line_of(error)
    return {
        "type": type(error).__name__[:80],
        "mro": [name_of(kind) for kind in type(error).__mro__[:20]],
        "text": text_of(error),
        "args": plain_arguments(error),
        "line": line,
        "code": code_at(source, line),
        "exit": exit_code(error),
    }


def name_of(kind: type) -> str:
    """A class's name; with its module before it where it only bears the name of a builtin."""
    name = kind.__name__[:80]
    builtin = getattr(builtins, name, None)
    return name if builtin is None or builtin is kind else f"{kind.__module__}.{name}"[:80]


def text_of(error: BaseException) -> str:
    """`str(error)` on one line, bounded; a hostile `__str__` costs only its own text."""
    if isinstance(error, SyntaxError) and isinstance(error.msg, str):
        return error.msg[:_TEXT]
    try:
        return str.__str__(str(error))[:_TEXT]
    except BaseException:
        return ""


def plain_arguments(error: BaseException) -> list[Any] | None:
    """The exception's arguments where they are a few short plain values; None otherwise."""
    args = error.args
    return list(args) if len(args) <= 4 and all(map(is_short, args)) else None


def is_short(value: Any) -> bool:
    """Whether a value is plain and small enough to travel in an account of an exception."""
    if type(value) is int:
        return -(1 << 62) < value < 1 << 62
    return value is None or type(value) is bool or (type(value) is str and len(value) <= _TEXT)


def line_of(error: BaseException) -> int | None:
    """The innermost line of the program; of a syntax error, where it is."""
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        return error.lineno if isinstance(error.lineno, int) else None
    found = None
    step: types.TracebackType | None = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILENAME:
            found = step.tb_lineno
        step = step.tb_next
    return found


def code_at(source: str, line: int | None) -> str:
    """The program's text at `line`, without its indentation."""
    lines = source.splitlines() if line is not None else []
    return lines[line - 1].strip()[:160] if line is not None and 0 < line <= len(lines) else ""


def exit_code(error: BaseException) -> int | None:
    """What `sys.exit` was asked to exit with; None for other exceptions."""
    if not isinstance(error, SystemExit):
        return None
    code = error.code
    return code if isinstance(code, int) else 0 if code is None else 1


def checked_failure(raised: Any) -> dict[str, Any]:
    """An account of an exception brought into shape, whatever a program wrote instead of `describe`. Never raises."""
    given = raised if isinstance(raised, dict) else {}
    mro, args = given.get("mro"), given.get("args")
    short = isinstance(args, list) and len(args) <= 4 and all(map(is_short, args))
    return {
        "type": _name_in(given.get("type")) or "Exception",
        "mro": [name for name in map(_name_in, mro[:20]) if name] if isinstance(mro, list) else [],
        "text": _text_in(given.get("text"), _TEXT),
        "args": args if short else None,
        "line": _number_in(given.get("line"), 1, 10**7),
        "code": _text_in(given.get("code"), 160),
        "exit": _number_in(given.get("exit"), -(10**6), 10**6),
    }


def _text_in(value: Any, limit: int) -> str:
    """A text that came over a stream; anything else is none (a `str()` of deep nesting can fail)."""
    return value[:limit] if isinstance(value, str) else ""


def _name_in(value: Any) -> str:
    return _text_in(value, 80)


def _number_in(value: Any, low: int, high: int) -> int | None:
    return value if type(value) is int and low <= value <= high else None
