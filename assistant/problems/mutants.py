"""Programs next to a reference solution: each differs from it in one place, as programs of people and models do.

Changes of one operator, constant, condition, bound or call (mutation testing: DeMillo, Lipton, Sayward 1978). Whether
a mutant is wrong is not decided here: some behave as the reference does (`strength.py` keeps those that do not).
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.problems.syntax import parse


@dataclass(frozen=True)
class Mutant:
    """A program and what was changed in it, e.g. `line 3: <= for <`."""

    code: str
    change: str


Edit = tuple[Callable[[ast.AST], None], str]
"""Changes a node in place; and the words for it."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Add,), ast.Div: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Div, ast.Mod), ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,), ast.BitXor: (ast.BitOr,), ast.LShift: (ast.RShift,), ast.RShift: (ast.LShift,),
}  # fmt: skip
_FUNCTIONS = {
    "min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "ceil": "floor", "floor": "ceil",
    "set": "list", "abs": "int", "heappush": "append",
}  # fmt: skip
_METHODS = {
    "lower": "upper", "upper": "lower", "strip": "lstrip", "lstrip": "rstrip", "rstrip": "lstrip", "find": "rfind",
    "startswith": "endswith", "endswith": "startswith", "isalpha": "isalnum", "isdigit": "isalnum", "split": "rsplit",
    "union": "intersection", "intersection": "union", "append": "remove", "islower": "isupper", "isupper": "islower",
    "rfind": "find", "ceil": "floor", "floor": "ceil", "search": "match", "nlargest": "nsmallest",
    "nsmallest": "nlargest", "title": "capitalize",
}  # fmt: skip


def mutants_of(code: str, seed: str, most: int = 40) -> tuple[Mutant, ...]:
    """Up to `most` different mutants in the order of their places, drawn by `seed` where there are more.

    Raises BadRecord where the code is not Python.
    """
    tree = parse(code, "the reference solution")
    original = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for place, edit, words in _sites(tree):
        changed = copy.deepcopy(tree)
        node = _nodes(changed)[place]
        edit(node)
        text = ast.unparse(ast.fix_missing_locations(changed))
        if text != original:
            found.setdefault(text, Mutant(text + "\n", f"line {getattr(node, 'lineno', 0)}: {words}"))
    mutants = list(found.values())
    if len(mutants) > most:
        places = sorted(random.Random(f"mutants {seed}").sample(range(len(mutants)), most))
        mutants = [mutants[place] for place in places]
    return tuple(mutants)


def _nodes(tree: ast.Module) -> list[ast.AST]:
    return list(ast.walk(tree))


def _sites(tree: ast.Module) -> Iterator[tuple[int, Callable[[ast.AST], None], str]]:
    """Every place that can be changed, by the number of its node, with each change."""
    passed_over = _untouched(tree)
    for place, node in enumerate(_nodes(tree)):
        if id(node) not in passed_over:
            for edit, words in _edits(node):
                yield place, edit, words


def _untouched(tree: ast.Module) -> set[int]:
    """Nodes that decide nothing: docstrings and annotations; imports."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            roots.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            roots.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            roots.append(node.annotation)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            roots.append(node)
    return {id(part) for root in roots if root is not None for part in ast.walk(root)}


def _edits(node: ast.AST) -> Iterator[Edit]:
    match node:
        case ast.Compare():
            yield from _of_comparison(node)
        case ast.BinOp() | ast.AugAssign():
            for kind in _OPERATORS.get(type(node.op), ()):
                yield _setting("op", kind()), f"{_name(kind)} for {_name(type(node.op))}"
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _setting("op", other), "and, or exchanged"
        case ast.Constant():
            yield from _of_constant(node)
        case ast.If() | ast.IfExp():
            yield _setting("test", ast.UnaryOp(ast.Not(), node.test)), "the condition turned round"
        case ast.comprehension(ifs=[_, *_]):
            yield _setting("ifs", node.ifs[1:]), "a condition left out"
        case ast.Slice():
            if node.lower is not None:
                yield _setting("lower", None), "the slice's beginning left out"
            if node.upper is not None:
                yield _setting("upper", None), "the slice's end left out"
        case ast.Call():
            yield from _of_call(node)
        case ast.Return(value=ast.expr() as value):
            yield from _of_return(value)
    yield from _of_body(node)


def _of_comparison(node: ast.Compare) -> Iterator[Edit]:
    for number, operator in enumerate(node.ops):
        for kind in _COMPARISONS.get(type(operator), ()):
            ops = [*node.ops[:number], kind(), *node.ops[number + 1 :]]
            yield _setting("ops", ops), f"{_name(kind)} for {_name(type(operator))}"


def _of_constant(node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    others: tuple[object, ...] = ()
    if isinstance(value, bool):
        others = (not value,)
    elif isinstance(value, int | float):
        others = (value + 1, value - 1)
    elif isinstance(value, str):
        others = ("" if value else " ", value + value[-1:])
    for other in others:
        yield _setting("value", other), f"{other!r} for {value!r}"


def _of_call(node: ast.Call) -> Iterator[Edit]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in _FUNCTIONS:
        yield _setting("func", ast.Name(_FUNCTIONS[name], ast.Load())), f"{_FUNCTIONS[name]} for {name}"
    if attribute in _METHODS and isinstance(node.func, ast.Attribute):
        other = ast.Attribute(node.func.value, _METHODS[attribute], ast.Load())
        yield _setting("func", other), f"{_METHODS[attribute]} for {attribute}"
    if name == "range" and node.args:
        end = 0 if len(node.args) == 1 else 1
        for operator, words in ((ast.Add(), "one more"), (ast.Sub(), "one less")):
            bound = ast.BinOp(node.args[end], operator, ast.Constant(1))
            yield _setting("args", [*node.args[:end], bound, *node.args[end + 1 :]]), f"range to {words}"


def _of_return(value: ast.expr) -> Iterator[Edit]:
    if isinstance(value, ast.Compare | ast.BoolOp):
        yield _setting("value", ast.UnaryOp(ast.Not(), value)), "the result turned round"


def _of_body(node: ast.AST) -> Iterator[Edit]:
    """One statement left out, of those that name a value or change one."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for number, statement in enumerate(body):
        acts = isinstance(statement, ast.AugAssign | ast.If) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        )
        if acts:
            yield (
                _setting("body", [*body[:number], ast.Pass(), *body[number + 1 :]]),
                f"without statement {number + 1}",
            )


def _setting(field: str, value: object) -> Callable[[ast.AST], None]:
    """Sets a field; the value is copied, since it may hold nodes of the tree that is not changed."""

    def edit(node: ast.AST) -> None:
        setattr(node, field, copy.deepcopy(value))

    return edit


def _name(kind: type[ast.AST]) -> str:
    return _SIGNS.get(kind, kind.__name__)


_SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
