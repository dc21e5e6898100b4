"""Whether two programs are the same but for comments, docstrings and layout."""

from __future__ import annotations

import ast
from functools import lru_cache

from assistant.core.safe_ast import parse


@lru_cache(maxsize=256)
def same_program(one: str, other: str) -> bool:
    """Equal syntax trees; where one of them does not parse, equal text."""
    if one.strip() == other.strip():
        return True
    trees = parse(one), parse(other)
    if trees[0] is None or trees[1] is None:
        return False
    first, second = (_shape(tree) for tree in trees if tree is not None)
    return first == second


def _shape(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and _is_text(body[0]):
            del body[0]
    try:
        return ast.dump(tree)
    except RecursionError:
        return repr(tree)  # unlike any other


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
