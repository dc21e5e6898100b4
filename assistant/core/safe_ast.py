"""Python's parser as threads may use it.

CPython up to 3.12 counts the depth of a tree that is being built in one place for all threads, and may raise
SystemError when two build one at a time (gh-106905); `warnings` are everybody's too. So: one after another.
Lint forbids `ast.parse` and `ast.literal_eval` elsewhere, but in the sandbox's guest, which has one thread.
"""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

_one_at_a_time = RLock()


def read_program(code: str) -> ast.Module:
    """The syntax tree of `code`. Raises SyntaxError, also for what is nested too deep or holds no text."""
    with _parser():
        return ast.parse(code)


def read_expression(text: str) -> ast.expr:
    """The syntax tree of one expression. Raises SyntaxError as `read_program` does."""
    with _parser():
        return ast.parse(text, mode="eval").body


def parse(code: str) -> ast.Module | None:
    """The syntax tree of `code`; None when it does not parse."""
    try:
        return read_program(code)
    except SyntaxError:
        return None


def symbols(code: str) -> symtable.SymbolTable | None:
    """The scopes of `code` with what each of them reads and binds; None when it does not compile."""
    try:
        with _parser():
            return symtable.symtable(code, "<answer>", "exec")
    except SyntaxError:
        return None


def read_literal(text: str | ast.AST) -> Any:
    """The value that a Python literal stands for (text, or its tree).

    Raises SyntaxError when it is not Python, ValueError when it is no literal, TypeError for a set of lists.
    """
    tree = read_expression(text.lstrip(" \t")) if isinstance(text, str) else text
    try:
        return ast.literal_eval(tree)
    except (RecursionError, MemoryError):
        raise ValueError("the literal is nested too deep") from None


@contextmanager
def _parser() -> Iterator[None]:
    """The parser for this thread alone; every way in which it refuses a text becomes a SyntaxError."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except SyntaxError:
            raise
        except (RecursionError, MemoryError):
            raise SyntaxError("nested too deep") from None
        except (
            ValueError
        ) as error:  # null bytes before Python 3.12, lone surrogates, integers of too many digits
            raise SyntaxError(str(error)) from None
