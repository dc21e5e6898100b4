"""What can be learned from Python source without running it."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Iterable

from assistant.core.safe_ast import read_program
from assistant.problems.records import BadRecord

_BUILTINS = frozenset(dir(builtins))


def parse(source: str, what: str) -> ast.Module:
    """The syntax tree; `BadRecord` names `what` when it is not Python (or nests too deep to be read)."""
    try:
        return read_program(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadRecord(f"{what} is not Python: {error}") from None


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Top-level functions by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def bound_names(tree: ast.Module) -> frozenset[str]:
    """Every name that the module binds at its top level, also under `if` and `try`, and by `f = g`."""
    names: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        todo.extend(ast.iter_child_nodes(node))
    return frozenset(names)


def called_names(tree: ast.AST) -> list[str]:
    """Names of plain functions called, the outermost call first."""
    return [n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]


def used_names(tree: ast.AST) -> set[str]:
    """Names read anywhere in the tree."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def entry_point_of(tests: Iterable[str], reference: str) -> str:
    """The function that the tests are about: the one that most tests call and the reference defines.

    Functions go before classes (MBPP 601 builds `Pair` objects as arguments), outer calls before inner ones.
    Without a reference, the first call in the tests that is not a builtin.
    """
    calls: Counter[str] = Counter()
    for test in tests:
        calls.update(dict.fromkeys(called_names(parse(test, f"test {test!r}")), 1))
    if not reference:
        return _first(name for name in calls if name not in _BUILTINS)
    tree = parse(reference, "the reference solution")
    defined = functions(tree)
    others = bound_names(tree) - defined.keys()
    best = calls.most_common()
    return _first(
        [name for name, _ in best if name in defined] + [name for name, _ in best if name in others]
    )


def _first(names: Iterable[str]) -> str:
    for name in names:
        return name
    raise BadRecord("no function that the tests call is defined in the reference solution")


def renamed(source: str, old: str, new: str) -> str:
    """The source with one name for another, wherever it is read, bound or defined; as it is when they are equal."""
    if old == new:
        return source
    tree = parse(source, "the source")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == old:
            node.name = new
    return ast.unparse(tree)


def require_defined(entry_point: str, reference: str) -> None:
    """`BadRecord` unless the reference binds the entry point."""
    if entry_point not in bound_names(parse(reference, "the reference solution")):
        raise BadRecord(f"the reference solution does not define {entry_point}")


def imports_for(tests: Iterable[str], reference: str) -> list[str]:
    """Import lines for standard modules that the tests name (`sys.getsizeof` in MBPP 596, `math.isclose`).

    Without them a right program would fail for not importing what only its tests need.
    """
    bases = {
        node.value.id
        for test in tests
        for node in ast.walk(parse(test, f"test {test!r}"))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    if not bases & sys.stdlib_module_names:
        return []
    defined = bound_names(parse(reference, "the reference solution"))
    return [f"import {name}" for name in sorted((bases & sys.stdlib_module_names) - defined)]
