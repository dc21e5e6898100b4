"""HumanEval's `check(candidate)` as single tests that a person can read.

`candidate` becomes the entry point; `METADATA`, the messages of asserts and asserts of a bare constant
(`assert True`) are dropped. Names that `check` assigned before are put into the assert where that is simple,
short loops over literals are unrolled, and what remains (loops over random inputs) is one test that holds the
loop and what it needs. Helper code beside `check` becomes test setup.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Mapping

from assistant.problems.records import BadRecord
from assistant.problems.syntax import functions, used_names

_UNROLL_LIMIT = 20
_COMPOUND = (ast.For, ast.While, ast.With, ast.If, ast.Try)


def single_tests(tree: ast.Module, entry_point: str) -> tuple[list[str], str]:
    """The tests of a module that defines `check(candidate)`, and the code beside it (the test setup)."""
    check = functions(tree).get("check")
    if not isinstance(check, ast.FunctionDef) or len(check.args.args) != 1:
        raise BadRecord("test does not define check(candidate)")
    beside = [node for node in tree.body if node is not check and not _is_metadata(node)]
    _make_plain(check, check.args.args[0].arg, entry_point)
    tests = _tests(check.body, entry_point)
    if not tests:
        raise BadRecord("check(candidate) holds no test")
    return tests, _source(beside)


def _make_plain(check: ast.FunctionDef, candidate: str, entry_point: str) -> None:
    """Call the entry point by its name, and drop the messages of asserts."""
    for node in ast.walk(check):
        if isinstance(node, ast.Name) and node.id == candidate:
            node.id = entry_point
        elif isinstance(node, ast.Assert):
            node.msg = None


def _tests(body: list[ast.stmt], entry_point: str) -> list[str]:
    tests: list[str] = []
    before: list[ast.stmt] = []  # assignments and imports so far
    for node in body:
        if isinstance(node, ast.Assert):
            tests += _assert_tests(node, before)
        elif isinstance(node, ast.For) and (unrolled := _unrolled(node)):
            for single in unrolled:
                tests += _assert_tests(single, before)
        elif isinstance(node, _COMPOUND) or (isinstance(node, ast.Expr) and entry_point in used_names(node)):
            tests.append(_source([*_needed(before, node), node]))
        elif not isinstance(node, ast.Expr | ast.Pass):
            before.append(node)
    return tests


def _assert_tests(node: ast.Assert, before: list[ast.stmt]) -> list[str]:
    """The assert by itself, with what it needs put in; nothing for an assert of a constant."""
    if isinstance(node.test, ast.Constant):
        return []
    needed = _needed(before, node)
    if not needed:
        return [ast.unparse(node)]
    values = _simple_values(needed)
    names = Counter(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    if len(values) < len(needed) or any(names[name] > 1 for name in values):
        return [_source([*needed, node])]  # a value used twice must stay one object
    for name, value in reversed(values.items()):  # later values may be written in terms of earlier ones
        node = _Replace({name: value}).visit(node)
    return [ast.unparse(node)]


def _simple_values(needed: list[ast.stmt]) -> dict[str, ast.expr]:
    """Values of plain, single assignments; shorter than `needed` when anything else is among them."""
    return {
        node.targets[0].id: node.value
        for node in needed
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }


def _needed(before: list[ast.stmt], node: ast.stmt) -> list[ast.stmt]:
    """The earlier statements that `node` depends on, in their order."""
    if not before:
        return []
    names = used_names(node)
    needed: list[ast.stmt] = []
    for earlier in reversed(before):
        if names & _bound_by(earlier):
            needed.insert(0, earlier)
            names |= used_names(earlier)
    return needed


def _bound_by(node: ast.stmt) -> set[str]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if isinstance(node, ast.Import | ast.ImportFrom):
        names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names.add(node.name)
    return names


def _unrolled(loop: ast.For) -> list[ast.Assert]:
    """The asserts of a short `for` over literals or a literal `range`, the loop variable replaced."""
    asserts = [node for node in loop.body if isinstance(node, ast.Assert)]
    if not isinstance(loop.target, ast.Name) or len(asserts) < len(loop.body) or loop.orelse:
        return []
    name = loop.target.id
    values = _literal_items(loop.iter)
    if len(values) * len(asserts) > _UNROLL_LIMIT:
        return []
    return [_Replace({name: value}).visit(copy.deepcopy(node)) for value in values for node in asserts]


def _literal_items(iterable: ast.expr) -> list[ast.expr]:
    match iterable:
        case ast.List(elts=items) | ast.Tuple(elts=items) if all(isinstance(i, ast.Constant) for i in items):
            return items
        case ast.Call(func=ast.Name(id="range"), args=arguments, keywords=[]):
            bounds = [a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, int)]
            if bounds and len(bounds) == len(arguments):
                return [ast.Constant(value) for value in range(*bounds)[: _UNROLL_LIMIT + 1]]
    return []


def _is_metadata(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "METADATA" for target in node.targets
    )


def _source(nodes: Iterable[ast.stmt]) -> str:
    return "\n".join(ast.unparse(node) for node in nodes)


class _Replace(ast.NodeTransformer):
    """Puts expressions in the place of names that are read."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return copy.deepcopy(self._values[node.id])
        return node
