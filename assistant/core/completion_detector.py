"""Where an answer may end because its program is complete: what comes after is explanation."""

from __future__ import annotations

import ast
import builtins

from assistant.core.code_extraction import certain_program
from assistant.core.markdown_fences import may_close
from assistant.core.safe_ast import parse
from assistant.core.thinking import unsaid_thinking

_FREELY_READ = 200_000
"""Characters, over all looks at one answer."""


class ProgramEnd:
    """Watches one answer grow.

    The answer's program is complete at the first closing fence up to which the answer holds a program that
    parses, defines `entry_point` (any program will do where that is empty) and calls no function that is still
    to come: a model that promises a helper below goes on. It is never complete while the model thinks.
    """

    def __init__(self, entry_point: str) -> None:
        self._entry_point = entry_point
        self._read = 0
        self._spent = 0
        self._last = 0

    def find(self, text: str) -> int | None:
        """The length of the complete part of `text`, which is what was given before and more.

        It ends with the closing fence's line, without the line's end. None while the program is not complete.
        """
        while (end := text.find("\n", self._read)) >= 0:
            line = text[self._read : end].removesuffix("\r")
            closed = self._read + len(line)
            self._read = end + 1
            if (
                may_close(line)
                and self._worth_reading(closed)
                and is_complete(text[:closed], self._entry_point)
            ):
                return closed
        return None

    def _worth_reading(self, length: int) -> bool:
        """An answer of nothing but fences is looked at less and less often: each look reads it from its start."""
        if self._spent > _FREELY_READ and length < 1.05 * self._last:
            return False
        self._spent += length
        self._last = length
        return True


def program_end(text: str, entry_point: str) -> int | None:
    """Where a text that is known to its end may end; see `ProgramEnd.find`.

    A closing mark behind that place shows that the text so far was thought, which its beginning did not say.
    """
    end = ProgramEnd(entry_point)
    at = end.find(text)
    while at is not None and unsaid_thinking(text[:at], text[at:]):
        at = end.find(text)
    return at


def is_complete(text: str, entry_point: str) -> bool:
    """Whether the text closes a block whose program parses, defines what it should and misses no helper."""
    answer = certain_program(text, entry_point)
    return answer is not None and missing_helpers(answer.code or "") == frozenset()


def missing_helpers(code: str) -> frozenset[str] | None:
    """Functions that `code` calls by name and does not define; None when it does not parse."""
    tree = parse(code)
    if tree is None:
        return None
    called: set[str] = set()
    bound: set[str] = set(dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                called.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name="*"):
                return frozenset()
            case ast.alias():
                bound.add((node.asname or node.name).split(".")[0])
    return frozenset(called - bound)
