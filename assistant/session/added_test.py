"""A test that a person adds in plain words of Python: `f(2) == 4`."""

from __future__ import annotations

from assistant.core.errors import UsageError
from assistant.core.safe_ast import read_expression


def assertion(text: str) -> str:
    """`assert f(2) == 4` for `f(2) == 4`, with or without the `assert`. Raises UsageError for other text."""
    expression = text.strip().removeprefix("assert ").strip()
    try:
        read_expression(expression)
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"not a Python expression: {reason}; write e.g. :test f(1) == 2") from None
    return f"assert {expression}"
