"""The test methods of unittest classes as single tests that a person can read.

Each test is the class with this one method and everything that is no test (`setUp`, helpers, values), and a last line
that runs it with the fixtures of the class. Code outside the classes becomes test setup.
"""

from __future__ import annotations

import ast
import copy

from assistant.problems.records import BadRecord


def single_methods(tree: ast.Module) -> tuple[list[str], str]:
    """The tests of a module, in the order in which unittest's reader meets them, and the test setup."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and any(map(_is_test, node.body))]
    tests = [_alone(case, method) for case in classes for method in case.body if _is_test(method)]
    if not tests:
        raise BadRecord("test holds no class with a method test_…")
    others = [node for node in tree.body if node not in classes and not _is_main(node)]
    setup = [] if _imports_unittest(others) else ["import unittest"]
    return tests, "\n".join([*setup, *map(ast.unparse, others)])


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _alone(case: ast.ClassDef, method: ast.stmt) -> str:
    assert isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
    body = [node for node in case.body if node is method or not (_is_test(node) or _is_text(node))]
    single = copy.copy(case)
    single.body = body
    return f"{ast.unparse(single)}\nunittest.TestSuite([{case.name}({method.name!r})]).debug()"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__": unittest.main()`, or the bare call."""
    text = ast.unparse(node)
    return (isinstance(node, ast.If) and "__name__" in text) or text.startswith("unittest.main(")


def _imports_unittest(nodes: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Import)
        and any(alias.name == "unittest" and not alias.asname for alias in node.names)
        for node in nodes
    )
