"""`assert` statements that remember what they compared.

Every `assert` of a test is rewritten so that its operands pass through a `CheckRecorder`, evaluated once and in
Python's own order; a failed one still raises `AssertionError`.
"""

from __future__ import annotations

import ast
import operator
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.sandbox.guest.bounded_repr import show
from assistant.sandbox.guest.refusals import RemoteKind

RECORDER = "__recorder__"
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda left, right: _is_in(left, right),
    "not in": lambda left, right: not _is_in(left, right),
}
_CLOSENESS = ("isclose", "allclose", "approx_equal", "almost_equal")


def _is_in(value: Any, container: Any) -> bool:
    """`value in container`. An object of the program's is compared with each member: its hash is its own affair."""
    if type(type(value)) is RemoteKind and type(container) in (set, frozenset, dict):
        return value in list(container)
    return value in container


@dataclass
class Check:
    """One assert that was evaluated."""

    ok: bool
    expected: str
    actual: str
    line: int


class CheckRecorder:
    """Collects the checks of the test that is running."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def compare(self, line: int, name: str, left: Any, right: Any, actual_is_right: bool) -> bool:
        """`left name right`."""
        shown = show(right if actual_is_right else left), show(left if actual_is_right else right)
        self._begin(line, "" if name in ("==", "is") else name + " ", shown[1], shown[0])
        return self._end(_FUNCTIONS[name](left, right))

    def truth(self, line: int, wanted: bool, value: Any) -> bool:
        """`assert value` and `assert not value`."""
        self._begin(line, "", str(wanted), show(value))
        return self._end(bool(value) is wanted)

    def close(self, line: int, function: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """`assert isclose(actual, expected, …)`."""
        self._begin(line, "about ", show(args[1]), show(args[0]))
        return self._end(function(*args, **kwargs))

    def _begin(self, line: int, word: str, expected: str, actual: str) -> None:
        self.checks.append(Check(False, word + expected, actual, line))

    def _end(self, ok: Any) -> bool:
        self.checks[-1].ok = bool(ok)
        return self.checks[-1].ok


class _Rewriter:
    """Replaces the asserts in lists of statements; expressions are looked at in asserts only."""

    def __init__(self, under_test: set[str]) -> None:
        self._under_test = under_test

    def rewrite(self, body: list[ast.stmt]) -> None:
        """Replace in place, in nested statements too."""
        for index, statement in enumerate(body):
            if isinstance(statement, ast.Assert):
                body[index] = self._replacement(statement)
            else:
                self._inside(statement)

    def _inside(self, statement: ast.AST) -> None:
        for name in ("body", "orelse", "finalbody"):
            if isinstance(inner := getattr(statement, name, None), list):
                self.rewrite(inner)
        for name in ("handlers", "cases"):
            for part in getattr(statement, name, ()):
                self._inside(part)

    def _replacement(self, node: ast.Assert) -> ast.stmt:
        at = _place(node)
        raised: ast.expr = ast.Name("AssertionError", ast.Load(), **at)
        if node.msg is not None:
            raised = ast.Call(raised, [node.msg], [], **at)
        checked = ast.UnaryOp(ast.Not(), self._check(node.test), **at)
        return ast.If(checked, [ast.Raise(raised, None, **at)], [], **at)

    def _check(self, test: ast.expr) -> ast.expr:
        at = _place(test)
        line = ast.Constant(test.lineno, **at)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            left, right = test.left, test.comparators[0]
            flipped = ast.Constant(self._mentions(right) and not self._mentions(left), **at)
            name = ast.Constant(_OPERATORS[type(test.ops[0])], **at)
            return _call("compare", [line, name, left, right, flipped], at)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return _call("truth", [line, ast.Constant(False, **at), test.operand], at)
        if isinstance(test, ast.Call) and _is_closeness(test):
            return _call("close", [line, test.func, *test.args], at, test.keywords)
        return _call("truth", [line, ast.Constant(True, **at), test], at)

    def _mentions(self, node: ast.expr) -> bool:
        return any(isinstance(part, ast.Name) and part.id in self._under_test for part in ast.walk(node))


def _place(node: ast.stmt | ast.expr) -> dict[str, Any]:
    """Where a new node stands: where the old one stood."""
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {name: getattr(node, name) for name in names}


def _call(
    method: str, args: list[ast.expr], at: dict[str, Any], keywords: list[ast.keyword] | None = None
) -> ast.expr:
    function = ast.Attribute(ast.Name(RECORDER, ast.Load(), **at), method, ast.Load(), **at)
    return ast.Call(function, args, keywords or [], **at)


def _is_closeness(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    plain = not any(isinstance(argument, ast.Starred) for argument in call.args)
    return plain and len(call.args) >= 2 and str(name).endswith(_CLOSENESS)


def compile_test(tree: ast.Module, filename: str, under_test: set[str]) -> types.CodeType:
    """Code object of a parsed test whose asserts pass through `RECORDER`; the tree is changed."""
    _Rewriter(under_test).rewrite(tree.body)
    code: types.CodeType = compile(tree, filename, "exec", dont_inherit=True)
    return code
