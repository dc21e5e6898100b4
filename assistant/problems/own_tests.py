"""A person's own tests as single tests: plain asserts, and the test functions of a pytest file.

A test function whose body is a row of asserts gives a test for each; any other body is one test as it stands. Literal
`parametrize` sets are unrolled. What needs pytest itself (fixtures, `self`, skipped tests) is left out by name.
"""

from __future__ import annotations

import ast
import builtins
import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.errors import UsageError
from assistant.core.prelude import needed
from assistant.core.problem import AssertTest
from assistant.core.safe_ast import read_literal, read_program
from assistant.problems.syntax import used_names

_MOST = 200
"""Tests of one file; more would only make every round slow."""


@dataclass(frozen=True)
class OwnTests:
    """Tests, the code that they need, and a line for each that was left out."""

    tests: tuple[AssertTest, ...] = ()
    setup: str = ""
    left_out: tuple[str, ...] = ()


def asserts_in(text: str, what: str = "tests") -> list[str]:
    """The assert statements of `text`. Raises UsageError for a line of `what` that is none."""
    if not text.strip():
        return []
    try:
        body = read_program(text).body
    except SyntaxError as error:
        raise UsageError(f"{what}, line {error.lineno}: {error.msg}") from None
    for statement in body:
        if not isinstance(statement, ast.Assert):
            raise UsageError(f"{what}, line {statement.lineno}: a test begins with assert")
    return [ast.get_source_segment(text, statement) or ast.unparse(statement) for statement in body]


def function_under_test(statements: Sequence[str]) -> str:
    """The first function that the tests call and Python does not have. Raises UsageError."""
    for statement in statements:
        for node in ast.walk(read_program(statement)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and not hasattr(builtins, node.func.id)
            ):
                return node.func.id
    raise UsageError("the tests call no function of yours: write e.g. assert double(2) == 4")


def read_tests(text: str, function: str, module: str) -> OwnTests:
    """The tests of a pytest file that call `function` of `module`. Raises UsageError where it is not Python."""
    try:
        tree = read_program(text)
    except SyntaxError as error:
        raise UsageError(f"line {error.lineno} of the tests is not Python: {error.msg}") from None
    names = _Names(function, module, tree)
    tree = names.plain(tree)
    found: list[str] = []
    left_out: list[str] = []
    for node, label, in_class in _candidates(tree):
        if not _calls(node, function):
            continue
        reason = _refusal(node, in_class)
        if reason:
            left_out.append(f"{label}: {reason}")
            continue
        found += _unrolled(node)
    found = list(dict.fromkeys(found))
    left_out += [f"{len(found) - _MOST} tests after the first {_MOST}"] if len(found) > _MOST else []
    found = found[:_MOST]
    setup = needed(_setup(tree, names), "\n".join(found), function)
    return OwnTests(tuple(AssertTest(code=code) for code in found), setup, tuple(left_out))


class _Names:
    """By which names a test file calls the function: its own, another one, or through its module."""

    def __init__(self, function: str, module: str, tree: ast.Module) -> None:
        self._function, self._module = function, module
        self._aliases: set[str] = set()
        self._modules: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and self._is_module(node.module or "", node.level):
                self._aliases |= {a.asname or a.name for a in node.names if a.name == function}
            if isinstance(node, ast.ImportFrom):
                self._modules |= {a.asname or a.name for a in node.names if a.name == module}
            elif isinstance(node, ast.Import):
                self._modules |= {a.asname or a.name for a in node.names if self._is_module(a.name, 0)}

    def _is_module(self, name: str, level: int) -> bool:
        return name.rpartition(".")[2] == self._module or (level > 0 and not name)

    def is_own_import(self, node: ast.stmt) -> bool:
        """It imports the module under test, or from it: those names are the program's."""
        if isinstance(node, ast.ImportFrom):
            last = [alias.name for alias in node.names]
            return self._is_module(node.module or "", node.level) or self._module in last
        return isinstance(node, ast.Import) and any(self._is_module(alias.name, 0) for alias in node.names)

    def plain(self, tree: ast.Module) -> ast.Module:
        """The tree with the function under its own name everywhere."""
        names = self

        class Plain(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.AST:
                if node.id in names._aliases:
                    node.id = names._function
                return node

            def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
                if node.attr == names._function and ast.unparse(node.value) in names._modules:
                    return ast.copy_location(ast.Name(names._function, node.ctx), node)
                return self.generic_visit(node)

        changed: ast.Module = Plain().visit(tree)
        return changed


def _candidates(tree: ast.Module) -> Iterator[tuple[ast.stmt, str, bool]]:
    """Asserts and test functions in order, with a name for each and whether it stands in a class."""
    for node in tree.body:
        if isinstance(node, ast.Assert):
            yield node, f"the assert in line {node.lineno}", False
        elif _is_test(node):
            yield node, node.name, False  # type: ignore[attr-defined]
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if _is_test(item):
                    yield item, f"{node.name}.{item.name}", True  # type: ignore[attr-defined]


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _calls(node: ast.AST, function: str) -> bool:
    return function in used_names(node)


def _refusal(node: ast.stmt, in_class: bool) -> str:
    """Why a test cannot be run by itself; empty where it can."""
    if isinstance(node, ast.Assert):
        return ""
    if isinstance(node, ast.AsyncFunctionDef):
        return "it is async"
    assert isinstance(node, ast.FunctionDef)
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    if in_class and not any(ast.unparse(d) == "staticmethod" for d in node.decorator_list):
        own, names = names[:1], names[1:]
        if set(own) & used_names(ast.Module(node.body, [])):
            return f"it uses {own[0]} of its class; write it as a function"
    given: list[str] = []
    for decorator in node.decorator_list:
        words = ast.unparse(decorator)
        if words == "staticmethod":
            continue
        sets = _parameters(decorator)
        if sets is None:
            return f"it is under @{words.partition('(')[0]}, which needs pytest"
        given += sets[0]
    fixtures = [name for name in names if name not in given]
    if fixtures:
        return f"it needs the fixture {', '.join(fixtures)}, which only pytest has"
    return ""


Sets = tuple[list[str], list[list[ast.expr]]]
"""Names of parameters, and the values of each case."""


def _parameters(decorator: ast.expr) -> Sets | None:
    """What `@pytest.mark.parametrize("a, b", [(1, 2), …])` gives; None for anything else."""
    if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith("mark.parametrize"):
        return None
    if len(decorator.args) < 2 or not isinstance(decorator.args[1], ast.List | ast.Tuple):
        return None
    try:
        said = read_literal(decorator.args[0])
    except (SyntaxError, ValueError, TypeError):
        return None
    names = [word.strip() for word in said.split(",")] if isinstance(said, str) else list(said)
    bare = isinstance(said, str) and len(names) == 1
    cases = []
    for case in decorator.args[1].elts:
        values = _values(case, len(names), bare=bare)
        if values is None:
            return None
        cases.append(values)
    return names, cases


def _values(case: ast.expr, count: int, *, bare: bool) -> list[ast.expr] | None:
    """The values of one case; `bare` where it is the only one itself. None for what cannot be read."""
    if isinstance(case, ast.Call) and ast.unparse(case.func).endswith("param"):
        if any(word.arg != "id" for word in case.keywords):
            return None
        return list(case.args) if len(case.args) == count else None
    if bare:
        return [case]
    fits = isinstance(case, ast.Tuple | ast.List) and len(case.elts) == count
    return list(case.elts) if fits and isinstance(case, ast.Tuple | ast.List) else None


def _unrolled(node: ast.stmt) -> list[str]:
    """The tests of an assert or of a test function, one for each set of parameters."""
    if isinstance(node, ast.Assert):
        return [ast.unparse(node)]
    assert isinstance(node, ast.FunctionDef)
    sets = [found for decorator in node.decorator_list if (found := _parameters(decorator)) is not None]
    tests = []
    for chosen in itertools.product(*(cases for _, cases in sets)):
        values = {
            name: value
            for (names, _), case in zip(sets, chosen, strict=True)
            for name, value in zip(names, case, strict=True)
        }
        tests += _of_body(node, values)
    return tests


def _of_body(node: ast.FunctionDef, values: dict[str, ast.expr]) -> list[str]:
    defaults = node.args.args[len(node.args.args) - len(node.args.defaults) :]
    values = {arg.arg: value for arg, value in zip(defaults, node.args.defaults, strict=True)} | values
    body = [part for part in node.body if not _is_text(part)]
    if body and all(isinstance(part, ast.Assert) for part in body):
        return [ast.unparse(_filled(part, values)) for part in body]
    return [
        "\n".join([*(f"{name} = {ast.unparse(v)}" for name, v in values.items()), *map(ast.unparse, body)])
    ]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _filled(node: ast.stmt, values: dict[str, ast.expr]) -> ast.stmt:
    """The statement with parameters in place of their names."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.AST:
            fits = isinstance(name.ctx, ast.Load) and name.id in values
            return copy.deepcopy(values[name.id]) if fits else name

    filled: ast.stmt = Fill().visit(copy.deepcopy(node))
    return filled


def _setup(tree: ast.Module, names: _Names) -> str:
    """The other code of the file: imports, helpers, values."""
    kept = [
        node
        for node in tree.body
        if not isinstance(node, ast.Expr | ast.Assert)
        and not _is_test(node)
        and not names.is_own_import(node)
        and not (isinstance(node, ast.If) and "__name__" in used_names(node.test))
        and not (isinstance(node, ast.ClassDef) and any(map(_is_test, node.body)))
    ]
    return "\n".join(ast.unparse(node) for node in kept)
