"""Python's parser as threads may use it.

CPython up to 3.12 counts the depth of a tree that is being built in one place for all threads, and may raise
SystemError when two build one at a time (gh-106905); `warnings` are everybody's too. So: one after another.
"""

from __future__ import annotations

import ast
import warnings
from threading import RLock
from typing import Any

_one_at_a_time = RLock()


def read_program(code: str) -> ast.Module:
    """The syntax tree of `code`. Raises what `ast.parse` raises."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def parse(code: str) -> ast.Module | None:
    """The syntax tree of `code`; None when it does not parse."""
    try:
        return read_program(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def read_literal(text: str) -> Any:
    """The value that a Python literal stands for. Raises what `ast.literal_eval` raises."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(text)
