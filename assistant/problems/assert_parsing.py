"""What a test claims of the function: for which arguments it should give which value."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Literal, NamedTuple

from assistant.core.safe_ast import read_literal, read_program

How = Literal["equal", "set", "close", "truth"]
"""How an assert compares: `==`, as sets, within a tolerance, or by truth alone."""


class Claim(NamedTuple):
    """One call of the function and what it should give."""

    arguments: str
    """Normalised source of the arguments."""
    value: object
    """The value wanted, or its source where it is no literal."""
    how: How


def agree(tests: Iterable[str], others: Iterable[str], name: str, other_name: str) -> bool:
    """Whether two sets of asserts are about the same task: they share a claim and contradict each other in none.

    A set of which no claim can be read is not compared with the other.
    """
    ours = [found for test in tests if (found := claim(test, name))]
    theirs = [found for test in others if (found := claim(test, other_name))]
    if not ours or not theirs:
        return True
    shared = [(one, [o for o in theirs if o.arguments == one.arguments]) for one in ours]
    met = [any(_fits(one, other) for other in same) for one, same in shared if same]
    return bool(met) and all(met)


def claim(test: str, entry_point: str) -> Claim | None:
    """The claim of an assert about one call of the entry point, or None."""
    try:
        node = read_program(test).body[-1]
    except (SyntaxError, ValueError, IndexError):
        return None
    return _claim(node.test, entry_point) if isinstance(node, ast.Assert) else None


def _claim(condition: ast.expr, entry_point: str) -> Claim | None:
    left, right, how = _sides(condition)
    how = "set" if how == "equal" and _wrapped(left) else how
    arguments = _arguments(_unwrapped(left), entry_point)
    return None if arguments is None else Claim(arguments, _value(right), how)


def _sides(condition: ast.expr) -> tuple[ast.expr, ast.expr, How]:
    match condition:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return left, right, "equal"
        case ast.Call(func=ast.Attribute(attr="isclose"), args=[left, right, *_]):
            return left, right, "close"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand, ast.Constant(False), "truth"
    return condition, ast.Constant(True), "truth"


def _wrapped(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "sorted")
    )


def _unwrapped(node: ast.expr) -> ast.expr:
    """What stands inside `set(…)` or `sorted(…)`, else the node."""
    return node.args[0] if isinstance(node, ast.Call) and _wrapped(node) and node.args else node


def _arguments(node: ast.expr, entry_point: str) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name == entry_point:
            return ", ".join(ast.unparse(argument) for argument in arguments)
    return None


def _value(node: ast.expr) -> object:
    try:
        return read_literal(_unwrapped(node))
    except (ValueError, TypeError):
        return ast.unparse(node)


def _fits(one: Claim, other: Claim) -> bool:
    """Whether a function that meets `other` may meet `one`."""
    if isinstance(one.value, bool) != isinstance(other.value, bool):
        return False
    return one.value == other.value
