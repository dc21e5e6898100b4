"""Whether the statements of a check function are a row of tests that do not depend on one another.

Only then may each of them become a test of its own. Everything here is read from the text.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from assistant.problems.syntax import used_names

COMPOUND = (ast.For, ast.While, ast.With, ast.If, ast.Try)
_FUNCTION_ONLY = (ast.Return, ast.Nonlocal, ast.Global, ast.Yield, ast.YieldFrom, ast.Await)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FRAME_READERS = frozenset({"locals", "globals", "vars", "eval", "exec", "super"})
_RAISERS = frozenset({"raises", "warns", "fail"})
_BUILTINS = frozenset(dir(builtins))


def can_fail(node: ast.AST) -> bool:
    """Whether the code holds something that can end a test: an assert, a raise, `raises(…)`, `assertEqual(…)`."""
    return any(isinstance(part, ast.Assert | ast.Raise) or _is_check_call(part) for part in ast.walk(node))


def _is_check_call(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _RAISERS or str(name).startswith("assert")


def is_remark(node: ast.stmt) -> bool:
    """Whether a statement does nothing: `pass`, a text, a bare `print` (HumanEval/129)."""
    value = node.value if isinstance(node, ast.Expr) else None
    bare = isinstance(value, ast.Name) and value.id in _BUILTINS
    return isinstance(node, ast.Pass) or isinstance(value, ast.Constant) or bare


def bound_by(node: ast.AST) -> set[str]:
    """Names that the statement binds, those inside it too (but for the names of comprehensions)."""
    names: set[str] = set()
    inner = _of_comprehensions(node)
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load) and part not in inner:
            names.add(part.id)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ExceptHandler):
            names |= {part.name} if part.name else set()
        elif isinstance(part, _DEFINITIONS):
            names.add(part.name)
    return names


def _of_comprehensions(node: ast.AST) -> set[ast.AST]:
    """The names that comprehensions bind for themselves."""
    loops = (part for part in ast.walk(node) if isinstance(part, ast.comprehension))
    return {name for loop in loops for name in ast.walk(loop.target)}


def inner_names(node: ast.AST) -> set[str]:
    """Names that comprehensions, lambdas and functions inside the code bind for themselves."""
    names = {name.id for name in _of_comprehensions(node) if isinstance(name, ast.Name)}
    return names | {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}


def read_as_a_whole(node: ast.AST) -> Counter[str]:
    """How often each name is read where the value itself is handed on (not merely looped over)."""
    loops = {part.iter for part in ast.walk(node) if isinstance(part, ast.comprehension)}
    return Counter(part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part not in loops)


def needs_a_function(body: Iterable[ast.stmt], others: Iterable[ast.stmt]) -> bool:
    """Whether the body would mean something else outside a function, next to the statements `others`."""
    body = list(body)
    parts = [part for node in body for part in ast.walk(node)]
    bound = set().union(*map(bound_by, body)) if body else set()
    used_beside = set().union(*(used_names(node) | bound_by(node) for node in others))
    return (
        any(isinstance(part, _FUNCTION_ONLY) for part in parts)
        or any(isinstance(part, ast.Name) and part.id in _FRAME_READERS for part in parts)
        or not bound.isdisjoint(used_beside)
    )


@dataclass
class _Row:
    """The statements of a body by what they are."""

    values: dict[str, ast.stmt] = field(default_factory=dict)
    """Statements that only bind one name (or import), by the name."""
    units: list[ast.stmt] = field(default_factory=list)
    """Statements that test something."""


def is_row(body: list[ast.stmt], helpers: Set[str]) -> bool:
    """Whether each test of `body` means the same when it stands alone with the values that it reads.

    `helpers` are functions outside the body that can fail: a call of one is a test.
    """
    row = _sorted_out(body, helpers)
    return row is not None and not _bound_twice(row) and not _shares(row) and not _loses_a_call(row)


def _sorted_out(body: list[ast.stmt], helpers: Set[str]) -> _Row | None:
    """The body as values and tests; None where it holds anything else."""
    row = _Row()
    for node in body:
        if is_remark(node):
            continue
        if _only_binds(node):
            for name in bound_by(node):
                if name in row.values:
                    return None
                row.values[name] = node
        elif _is_unit(node, helpers):
            row.units.append(node)
        else:
            return None
    return row


def _only_binds(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.FunctionDef):
        return not can_fail(node)
    single = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    return single and len(bound_by(node)) == 1


def _is_unit(node: ast.stmt, helpers: Set[str]) -> bool:
    if isinstance(node, ast.Assert):
        return not bound_by(node)
    if isinstance(node, COMPOUND):
        return can_fail(node) or bool(used_names(node) & helpers)
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in helpers


def _bound_twice(row: _Row) -> bool:
    """Whether a test binds a name that anything else binds or reads (but for loops that each bind their own)."""
    for index, unit in enumerate(row.units):
        own = bound_by(unit)
        if not own:
            continue
        others = [node for place, node in enumerate(row.units) if place != index]
        if own & row.values.keys() or any(own & used_names(node) for node in row.values.values()):
            return True
        for other in others:
            if own & used_names(other) - _loop_names(other):
                return True
    return False


def _loop_names(node: ast.stmt) -> set[str]:
    """Names that a loop binds at its head or at its body's top before anything else could read them."""
    if not isinstance(node, ast.For):
        return set()
    plain = (part for part in node.body if isinstance(part, ast.Assign))
    stores = {n.id for part in plain for t in part.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return stores | {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}


def _shares(row: _Row) -> bool:
    """Whether two tests (or two places of one value) read the same value that could change in between."""
    readers: Counter[str] = Counter()
    for unit in row.units:
        readers.update(_reached(used_names(unit), row))
    return any(count > 1 and not _is_fixed(row.values[name], row) for name, count in readers.items())


def _reached(names: Set[str], row: _Row) -> set[str]:
    """The values that are read for `names`, directly or by way of other values."""
    reached: set[str] = set()
    todo = [name for name in names if name in row.values]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [other for other in used_names(row.values[name]) if other in row.values]
    return reached


def _is_fixed(node: ast.stmt, row: _Row) -> bool:
    """Whether what the statement binds is the same whenever it is read: a constant, a module, a function of such."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef):
        return True  # what a function reads is reached by its readers, too
    return isinstance(node, ast.Assign) and _is_constant(node.value, row)


def _is_constant(node: ast.expr, row: _Row) -> bool:
    if isinstance(node, ast.Name):
        return node.id in row.values and _is_fixed(row.values[node.id], row)
    if isinstance(node, ast.Tuple):
        return all(_is_constant(item, row) for item in node.elts)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left, row) and _is_constant(node.right, row)
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand, row)
    return isinstance(node, ast.Constant)


def _loses_a_call(row: _Row) -> bool:
    """Whether a value that no test reads does something when it is made."""
    read = set().union(*(_reached(used_names(unit), row) for unit in row.units)) if row.units else set()
    unread = [node for name, node in row.values.items() if name not in read]
    return any(
        not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)
        and any(isinstance(part, ast.Call | ast.Subscript | ast.Attribute) for part in ast.walk(node))
        for node in unread
    )
