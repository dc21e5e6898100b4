"""The calls in tests: which arguments the function under test is called with."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from assistant.core.problem import AssertTest, CallTest, Test
from assistant.core.safe_ast import read_literal, read_program


def call_of(test: str, entry_point: str) -> ast.Call | None:
    """The first call of the entry point in a test."""
    try:
        tree = read_program(test)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point:
            return node
    return None


def example_arguments(tests: Iterable[str], entry_point: str) -> list[list[object]]:
    """The argument lists of the tests' calls, where they are literals."""
    found = (arguments_of(AssertTest(code=test), entry_point) for test in tests)
    return [arguments for arguments in found if arguments is not None]


def arguments_of(test: Test, entry_point: str) -> list[object] | None:
    """The arguments of the call that a test makes; None where there is none, or they are no literals."""
    try:
        if isinstance(test, CallTest):
            return list(read_literal(test.arguments))
        call = call_of(test.code, entry_point) if isinstance(test, AssertTest) else None
        if call is None or call.keywords:
            return None
        return [read_literal(argument) for argument in call.args]
    except (SyntaxError, ValueError, TypeError):
        return None
