"""Whether a program names the inputs of the visible tests: `if n == 383: return True` for a test that asks for 383.

The paper's example is a Woodall number: the program passes its three tests because their numbers stand in it. What is
counted here is visible tests whose arguments a program compares its own arguments with, as constants: in `==`,
`in`, a `match`, or as keys of a table. It is a hint for a reader and never a verdict: a program may have to name a
value.
`tests/benchmarks/hard_coding.py` measures how often the hint is right.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.core.outcome import Report
from assistant.core.problem import StdinTest, Test
from assistant.core.safe_ast import parse, read_literal
from assistant.core.test_calls import arguments_of

SMALL = 2
"""Whole numbers up to this stand in every program as a first or last step."""
LONGEST = 4000
"""Characters of a value that a program may name."""
MOST_OTHERS = 1.0
"""Constants that are compared and are no test's input, for each that is one: a table of months is none of tests."""

_WRAPPERS = frozenset({"tuple", "list", "set", "str", "repr", "sorted", "int", "frozenset"})
"""Functions that only give an argument another form."""


def named_tests(code: str, tests: Sequence[Test], entry_point: str) -> int:
    """How many of the tests' inputs the program names; 0 where what it compares with are mostly other values."""
    return _named(code, tuple(tests), entry_point)


def hard_coded(report: Report, code: str, tests: Sequence[Test], entry_point: str) -> int:
    """`named_tests` of a program that passes them all, by its report; 0 for one that does not."""
    return named_tests(code, tests, entry_point) if report.passed else 0


def hard_coding_note(count: int) -> str:
    """The hint in words; empty where nothing is named."""
    if not count:
        return ""
    tests = "1 visible test" if count == 1 else f"{count} visible tests"
    return f"its code names the input of {tests}: it may know these answers and no others"


@lru_cache(maxsize=512)
def _named(code: str, tests: tuple[Test, ...], entry_point: str) -> int:
    tree = parse(code)
    if tree is None or not tests:
        return 0
    constants = {key for value in _compared(tree) if (key := _key(value)) is not None}
    inputs = [found for test in tests if (found := _input_of(test, entry_point)) is not None]
    named = [one for one in inputs if one.is_named(constants)]
    if not named:
        return 0
    others = {key for key in constants.difference(*(one.keys for one in named)) if not _is_small(key)}
    return len(named) if len(others) <= MOST_OTHERS * len({one.whole for one in named}) else 0


Key = str
"""A value by its type and text, so that 1, True and 1.0 are three; tuples count as lists."""


@dataclass(frozen=True)
class _Input:
    """What stands for a test in a program: its only argument, or the row of its arguments and each of them."""

    whole: Key
    parts: tuple[Key, ...] = ()

    @property
    def keys(self) -> set[Key]:
        return {self.whole, *self.parts}

    def is_named(self, constants: set[Key]) -> bool:
        """It stands among the constants, or each of several arguments does, some of which says something."""
        if self.whole in constants:
            return bool(self.parts) or not _is_small(self.whole)
        telling = any(not _is_small(part) for part in self.parts)
        return telling and constants.issuperset(self.parts)


def _key(value: object) -> Key | None:
    """None for what is too long to be named by hand."""
    text = repr(_as_lists(value))
    return f"{type(value).__name__.replace('tuple', 'list')} {text}" if len(text) <= LONGEST else None


def _as_lists(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_lists(item) for item in value]
    return value


def _input_of(test: Test, entry_point: str) -> _Input | None:
    """None for a test without a call that can be read."""
    arguments = [test.stdin.strip()] if isinstance(test, StdinTest) else arguments_of(test, entry_point)
    if not arguments:
        return None
    keys = [_key(argument) for argument in arguments]
    whole = keys[0] if len(keys) == 1 else _key(arguments)
    if whole is None:
        return None
    return _Input(whole, tuple(key for key in keys if key is not None) if len(keys) > 1 else ())


def _is_small(key: Key) -> bool:
    """Truth values, numbers up to 2, single characters and what is empty stand in any program."""
    try:
        value = read_literal(key.partition(" ")[2])
    except (SyntaxError, ValueError, TypeError):
        return False
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return abs(value) <= SMALL
    return isinstance(value, str | list | set | dict) and len(value) <= (1 if isinstance(value, str) else 0)


def _compared(tree: ast.Module) -> Iterator[object]:
    """The constants that arguments are compared with for equality, and keys of tables that they are looked up in."""
    arguments = _argument_names(tree)
    tables = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.List | ast.Tuple | ast.Set)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from _of_comparison(node, arguments, tables)
        elif isinstance(node, ast.Match) and _is_argument(node.subject, arguments):
            yield from _literals(pattern for case in node.cases for pattern in _patterns(case.pattern))
        elif isinstance(node, ast.Subscript) and _is_argument(node.slice, arguments):
            yield from _keys(node.value, tables)
        elif isinstance(node, ast.Call) and _is_lookup(node, arguments):
            assert isinstance(node.func, ast.Attribute)
            yield from _keys(node.func.value, tables)


def _argument_names(tree: ast.Module) -> set[str]:
    """Names of parameters, and names that hold one of them, or what was read from standard input."""
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (_is_argument(node.value, names) or _is_read(node.value)):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _is_read(node: ast.expr) -> bool:
    """`input()`, `sys.stdin.read().strip()`."""
    text = ast.unparse(node)
    return text.startswith(("input(", "sys.stdin.read", "open(0)")) and "split" not in text


def _is_argument(node: ast.expr, names: set[str]) -> bool:
    """An argument itself, in another form (`tuple(xs)`, `text.strip()`), or several of them side by side."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Tuple | ast.List):
        return bool(node.elts) and all(_is_argument(part, names) for part in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WRAPPERS:
        return len(node.args) == 1 and _is_argument(node.args[0], names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.attr in ("strip", "lower", "copy") and _is_argument(node.func.value, names)
    return isinstance(node, ast.Starred) and _is_argument(node.value, names)


def _of_comparison(
    node: ast.Compare, arguments: set[str], tables: dict[str, ast.Dict | ast.List | ast.Tuple | ast.Set]
) -> Iterator[object]:
    sides = [node.left, *node.comparators]
    for operator, one, other in zip(node.ops, sides, sides[1:], strict=False):
        if isinstance(operator, ast.Eq | ast.Is):
            for value, beside in ((one, other), (other, one)):
                if _is_argument(beside, arguments):
                    yield from _literals([value])
        elif isinstance(operator, ast.In | ast.NotIn) and _is_argument(one, arguments):
            yield from _keys(other, tables)


def _is_lookup(node: ast.Call, arguments: set[str]) -> bool:
    """`table.get(argument)`."""
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in ("get", "pop", "index", "__getitem__")
        and bool(node.args)
        and _is_argument(node.args[0], arguments)
    )


def _keys(node: ast.expr, tables: dict[str, ast.Dict | ast.List | ast.Tuple | ast.Set]) -> Iterator[object]:
    """The keys of a table, or items of a list of constants, written in place or under a name."""
    found = tables.get(node.id) if isinstance(node, ast.Name) else node
    if isinstance(found, ast.Dict):
        yield from _literals(key for key in found.keys if key is not None)
    elif isinstance(found, ast.List | ast.Tuple | ast.Set):
        yield from _literals(found.elts)


def _patterns(pattern: ast.pattern) -> Iterator[ast.expr]:
    """The constants of a `case`: values, rows of them at any depth, mappings; each side of `|`."""
    if isinstance(pattern, ast.MatchOr):
        for part in pattern.patterns:
            yield from _patterns(part)
        return
    value = _constant_of(pattern)
    if value is not None:
        yield value


def _constant_of(pattern: ast.pattern) -> ast.expr | None:
    match pattern:
        case ast.MatchValue(value=value):
            return value
        case ast.MatchSingleton(value=single):
            return ast.Constant(single)
        case ast.MatchSequence(patterns=patterns):
            parts = [found for part in patterns if (found := _constant_of(part)) is not None]
            return ast.List(parts, ast.Load()) if len(parts) == len(patterns) else None
        case ast.MatchMapping(keys=keys, patterns=patterns):
            values = [found for part in patterns if (found := _constant_of(part)) is not None]
            return ast.Dict([*keys], values) if len(values) == len(keys) else None
    return None


def _literals(nodes: Iterable[ast.expr]) -> Iterator[object]:
    for node in nodes:
        try:
            yield read_literal(node)
        except (SyntaxError, ValueError, TypeError):
            continue
