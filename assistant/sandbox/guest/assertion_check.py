"""Whether a test could fail at all, by its text."""

from __future__ import annotations

import ast
import functools

_RUNNING = frozenset(
    {"exec", "eval", "compile", "raises", "warns", "deprecated_call", "fail", "run_module", "main"}
)
"""Functions that may fail, or run a text that may."""


@functools.lru_cache(64)
def can_fail(code: str, setup: str) -> bool:
    """Whether `code` holds an assert, a raise, a call of `assert…`, or of one of its own functions that does.

    Functions and classes of the setup code count as the test's own. `double(2) == 4` alone cannot fail.
    """
    test = _parsed(code)
    if test is None or _holds_check(test):
        return True
    own = _parsed(setup)
    failing = _failing(own) if own is not None else set()
    return any(isinstance(part, ast.Name) and part.id in failing for part in ast.walk(test))


def _parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _holds_check(tree: ast.AST) -> bool:
    return any(isinstance(part, ast.Assert | ast.Raise) or _is_check(part) for part in ast.walk(tree))


def _is_check(node: ast.AST) -> bool:
    """Whether a node calls something like `assertEqual`, `np.testing.assert_allclose` or `pytest.fail`."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _RUNNING or str(name).lower().startswith("assert")


def _failing(setup: ast.Module) -> set[str]:
    """Names of the setup's functions and classes that hold a check, or use one that does."""
    definitions = [
        n for n in setup.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    uses = {n.name: {part.id for part in ast.walk(n) if isinstance(part, ast.Name)} for n in definitions}
    failing = {node.name for node in definitions if _holds_check(node)}
    while more := {name for name, used in uses.items() if name not in failing and used & failing}:
        failing |= more
    return failing
