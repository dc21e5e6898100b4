"""How an assertion compares: read from one assert, applied to other arguments and values.

`assert set(f(1)) == set([2])` compares as sets, `assert math.isclose(f(1), 2.5, rel_tol=0.001)` within a
tolerance, `assert not f(1)` by truth; everything else with `==`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from assistant.core.problem import AssertTest, CallTest, Test
from assistant.core.safe_ast import read_program
from assistant.problems.records import literal

FLOAT_ATOL = 1e-6
FLOAT_RTOL = 1e-7
"""Tolerances for floats where a task names none: those of EvalPlus."""


@dataclass(frozen=True)
class ComparisonRule:
    """`kind` and, for `close`, the relative tolerance."""

    kind: Literal["equal", "set", "close", "truth"]
    entry_point: str
    rtol: float = 0.0

    @classmethod
    def of(cls, test: str, entry_point: str) -> ComparisonRule:
        """The comparison that an assert makes; `equal` for anything not recognised."""
        try:
            node = read_program(test).body[0]
        except (SyntaxError, ValueError, IndexError):
            return cls("equal", entry_point)
        condition = node.test if isinstance(node, ast.Assert) else None
        match condition:
            case ast.Compare(left=ast.Call(func=ast.Name(id="set")), ops=[ast.Eq()]):
                return cls("set", entry_point)
            case ast.Call(func=ast.Attribute(attr="isclose")):
                return cls("close", entry_point, _keyword(condition, "rel_tol", 1e-9))
            case ast.Call(func=ast.Name(id=name)) if name == entry_point:
                return cls("truth", entry_point)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id=name))) if name == entry_point:
                return cls("truth", entry_point)
        return cls("equal", entry_point)

    def reworded(self, test: str) -> str:
        """A plain `assert f(x) == y` compared as sets where that is this comparison; others as they are."""
        node = read_program(test).body[0]
        if self.kind != "set" or not isinstance(node, ast.Assert):
            return test
        match node.test:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id=name)) as call, ops=[ast.Eq()], comparators=[value]
            ):
                if name == self.entry_point:
                    return f"assert set({ast.unparse(call)}) == {_as_set(value)}"
        return test

    def test(self, case: CallTest, value: object) -> Test:
        """The test that holds the call of `case` against the reference's `value`."""
        call = CallTest(arguments=case.arguments).text(self.entry_point)
        if self.kind == "set" and isinstance(value, list | tuple | set):
            return AssertTest(code=f"assert set({call}) == {literal(set(value))}")
        if self.kind == "truth":
            return AssertTest(code=f"assert {call}" if value else f"assert not {call}")
        update: dict[str, object] = {"expected": literal(value)}
        if _has_float(value):
            update |= {"atol": case.atol or FLOAT_ATOL, "rtol": self.rtol or FLOAT_RTOL}
        return case.model_copy(update=update)


def _keyword(call: ast.Call, name: str, default: float) -> float:
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return float(str(keyword.value.value))
    return default


def _as_set(value: ast.expr) -> str:
    already = isinstance(value, ast.Set) or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "set"
    )
    return ast.unparse(value) if already else f"set({ast.unparse(value)})"


def _has_float(value: object) -> bool:
    """Whether a value is or holds a float."""
    match value:
        case dict():
            return any(map(_has_float, value.values()))
        case list() | tuple() | set():
            return any(map(_has_float, value))
    return isinstance(value, float | complex)
