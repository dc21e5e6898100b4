"""HumanEval's `check(candidate)` as single tests that a person can read.

Where the body is a row of independent asserts, each becomes a test: `candidate` becomes the entry point;
`METADATA`, the messages of asserts and asserts of a true constant (`assert True`) are dropped. Names that `check`
assigned before are put into the assert where that is simple, short loops over literals are unrolled, and a longer
loop (over random inputs) is one test that holds the loop and what it needs. Every other body stays one test.
Other code than `check` becomes test setup.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Mapping

from assistant.core.safe_ast import read_program
from assistant.problems.check_body import (
    bound_by,
    can_fail,
    inner_names,
    is_remark,
    is_row,
    needs_a_function,
    read_as_a_whole,
)
from assistant.problems.records import BadRecord
from assistant.problems.syntax import functions, used_names

_UNROLL_LIMIT = 20


def single_tests(tree: ast.Module, entry_point: str) -> tuple[list[str], str]:
    """The tests of a module that defines `check(candidate)`, and the other code (the test setup)."""
    check = functions(tree).get("check")
    if not isinstance(check, ast.FunctionDef) or not _takes_one(check.args):
        raise BadRecord("test does not define check(candidate)")
    others = [node for node in tree.body if node is not check and not _is_metadata(node)]
    callers = [node for node in others if "check" in used_names(node)]
    if not all(_calls_check(node, entry_point) for node in callers):
        return [_source(node for node in tree.body if not _is_metadata(node))], ""
    others = [node for node in others if node not in callers]
    tests = _tests_of(check, others, entry_point)
    if not tests:
        raise BadRecord("check(candidate) holds no test")
    return tests, _source(others)


def _takes_one(parameters: ast.arguments) -> bool:
    """Whether the function can be called with the candidate alone."""
    positional = [*parameters.posonlyargs, *parameters.args]
    keywords = zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
    needed = len(positional) - len(parameters.defaults)
    return bool(positional) and needed <= 1 and all(default is not None for _, default in keywords)


def _calls_check(node: ast.stmt, entry_point: str) -> bool:
    """Whether a statement is `check(entry_point)`, possibly under `if __name__ == "__main__"`."""
    if isinstance(node, ast.If) and "__name__" in used_names(node.test) and not node.orelse:
        return all(_calls_check(part, entry_point) for part in node.body)
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "check":
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return len(given) == 1 and isinstance(given[0], ast.Name) and given[0].id in (entry_point, "candidate")


def _tests_of(check: ast.FunctionDef, others: list[ast.stmt], entry_point: str) -> list[str]:
    helpers = _failing_helpers(others)
    if not can_fail(check) and not used_names(check) & helpers:
        return []
    parameter = [*check.args.posonlyargs, *check.args.args][0].arg
    _drop_messages(check)
    simple = _has_one_parameter(check.args) and not _takes_the_name(check, parameter, entry_point)
    if not simple or needs_a_function(check.body, others):
        return [_source([check, _call_of_check(entry_point)])]
    _rename(check, parameter, entry_point)
    if is_row(check.body, helpers):
        return _tests(check.body)
    return [_source(node for node in check.body if not is_remark(node))]


def _failing_helpers(others: list[ast.stmt]) -> set[str]:
    """Functions and classes other than `check` that can fail, by themselves or by way of one another."""
    defined = {
        f.name: f for f in others if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    failing = {name for name, node in defined.items() if can_fail(node)}
    while more := {n for n, node in defined.items() if n not in failing and used_names(node) & failing}:
        failing |= more
    return failing


def _has_one_parameter(parameters: ast.arguments) -> bool:
    more = (parameters.kwonlyargs, parameters.vararg, parameters.kwarg, parameters.defaults)
    return len([*parameters.posonlyargs, *parameters.args]) == 1 and not any(more)


def _takes_the_name(check: ast.FunctionDef, parameter: str, entry_point: str) -> bool:
    """Whether the body binds the candidate's name, or uses the entry point's for something of its own."""
    bound = set().union(*map(bound_by, check.body), *map(inner_names, check.body))
    return parameter in bound or entry_point in bound


def _call_of_check(entry_point: str) -> ast.stmt:
    return read_program(f"check({entry_point})").body[0]


def _rename(check: ast.FunctionDef, parameter: str, entry_point: str) -> None:
    """Call the entry point by its name."""
    for node in ast.walk(check):
        if isinstance(node, ast.Name) and node.id == parameter:
            node.id = entry_point


def _drop_messages(check: ast.FunctionDef) -> None:
    for node in ast.walk(check):
        if isinstance(node, ast.Assert):
            node.msg = None


def _tests(body: list[ast.stmt]) -> list[str]:
    """A test for each assert, loop or call of a row; see `check_body.is_row`."""
    tests: list[str] = []
    before: list[ast.stmt] = []  # assignments and imports so far
    for node in body:
        if isinstance(node, ast.Assert):
            tests += _assert_tests(node, before)
        elif isinstance(node, ast.For) and (unrolled := _unrolled(node)):
            for single in unrolled:
                tests += _assert_tests(single, before)
        elif isinstance(node, ast.Assign | ast.FunctionDef | ast.Import | ast.ImportFrom):
            before.append(node)
        elif not is_remark(node):
            tests.append(_source([*_needed(before, node), node]))
    return tests


def _assert_tests(node: ast.Assert, before: list[ast.stmt]) -> list[str]:
    """The assert by itself, with what it needs put in; nothing for an assert of a true constant."""
    if isinstance(node.test, ast.Constant) and node.test.value:
        return []
    needed = _needed(before, node)
    if not needed:
        return [ast.unparse(node)]
    values = _simple_values(needed)
    names = sum(map(read_as_a_whole, [*values.values(), node]), Counter[str]())
    inner = set().union(*map(inner_names, [*values.values(), node]))
    if len(values) < len(needed) or any(names[name] > 1 or name in inner for name in values):
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
        if names & bound_by(earlier):
            needed.insert(0, earlier)
            names |= used_names(earlier)
    return needed


def _unrolled(loop: ast.For) -> list[ast.Assert]:
    """The asserts of a short `for` over literals or a literal `range`, the loop variable replaced."""
    asserts = [node for node in loop.body if isinstance(node, ast.Assert)]
    if not isinstance(loop.target, ast.Name) or len(asserts) < len(loop.body) or loop.orelse:
        return []
    name = loop.target.id
    values = _literal_items(loop.iter)
    if name in inner_names(loop):
        return []
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
