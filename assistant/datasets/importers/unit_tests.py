"""Tests that come as one script, taken apart where that changes no verdict."""

from __future__ import annotations

import ast

from assistant.core.safe_ast import read_program


def tests_of(script: str) -> list[str]:
    """Single asserts where the script is nothing else, the whole script otherwise; none where there is none."""
    try:
        body = read_program(script).body
    except SyntaxError:
        return []
    if body and all(isinstance(node, ast.Assert) for node in body):
        return [ast.unparse(ast.Assert(test=node.test)) for node in body if isinstance(node, ast.Assert)]
    return [script.strip()] if body else []
