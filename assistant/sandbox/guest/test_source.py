"""What a test's source needs of the program: which names, and whether it must run in the program's process."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_BUILTINS = frozenset(dir(builtins))
_INERT = (
    "math cmath copy string random collections itertools functools operator re typing datetime decimal "
    "fractions heapq bisect statistics pytest numbers"
)
INERT_MODULES = frozenset(_INERT.split())
"""Modules that a test may use without leaving anything behind in them (it cannot set attributes)."""
_OTHERS = (
    "array ast base64 binascii calendar colorsys csv dataclasses difflib enum errno fnmatch graphlib hashlib html "
    "ipaddress json keyword locale numpy pprint secrets stat struct textwrap time unicodedata uuid zlib zoneinfo "
    "abc contextlib"
)
LIBRARY_MODULES = INERT_MODULES | frozenset(_OTHERS.split())
"""Modules that a judge may use: none of their functions runs text, opens files or loads objects that it is given."""
WATCHED_MODULES = frozenset({"os", "sys", "io"})
"""Modules of which a test may use a few harmless things (`unsealed_reasons` says which)."""
_REACHING_NAMES = (
    "exec eval compile open input getattr setattr delattr globals locals vars breakpoint exit quit help "
    "super memoryview"
)
_REACHING = frozenset(_REACHING_NAMES.split())
"""Builtins with which code could get at more than its own names."""
_HARMLESS_NAMES = (
    "Module Expr Assign AugAssign AnnAssign Assert If For While Break Continue Pass Try ExceptHandler "
    "Raise With withitem FunctionDef Lambda Return arguments arg Import ImportFrom alias Delete "
    "Nonlocal Name Load Store Del Constant Call keyword Starred Attribute Subscript Slice Compare "
    "BoolOp BinOp UnaryOp IfExp NamedExpr JoinedStr FormattedValue List Tuple Set Dict ListComp SetComp "
    "DictComp GeneratorExp comprehension And Or Not Add Sub Mult Div FloorDiv Mod Pow LShift RShift "
    "BitOr BitXor BitAnd MatMult Invert UAdd USub Eq NotEq Lt LtE Gt GtE Is IsNot In NotIn Yield "
    "YieldFrom"
)
_HARMLESS = frozenset(getattr(ast, name) for name in _HARMLESS_NAMES.split())
"""What tests are usually made of. No classes, no `async`, no `global`, no `match`."""


@dataclass
class Text:
    """One piece of test code, parsed and read through once."""

    tree: ast.Module
    reads: list[str] = field(default_factory=list)
    """Names that are read, in order of appearance."""
    binds: set[str] = field(default_factory=set)
    """Names that the code itself defines: assignments, definitions, imports, parameters."""
    calls: set[str] = field(default_factory=set)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    """`name.attribute` pairs that are read."""
    imports: list[str] = field(default_factory=list)
    imported: dict[str, str] = field(default_factory=dict)
    """Names bound by imports, and the full names of what they stand for."""
    attribute_names: set[str] = field(default_factory=set)
    """Attributes of anything that are read, set or deleted."""
    fixed_getattrs: int = 0
    """Calls of `getattr` that say in the text which attribute they want."""
    patched: set[str] = field(default_factory=set)
    """Names of which an attribute is set or deleted."""
    traces: str = ""
    """Something in the code that could outlive it (in the interpreter that runs it); empty: it leaves nothing."""

    def free(self) -> list[str]:
        """Names that only the program (or another piece of test code) can supply."""
        wanted = (name for name in self.reads if name not in self.binds and name not in _BUILTINS)
        return list(dict.fromkeys(wanted))

    def called(self) -> list[str]:
        """The free names that are called."""
        return [name for name in self.free() if name in self.calls]

    def called_builtins(self) -> list[str]:
        """Builtin names that are called: one of them may be what the program redefines (`def sum(a, b)`)."""
        called = (name for name in self.reads if name in self.calls and name in _BUILTINS)
        return [name for name in dict.fromkeys(called) if name not in self.binds]


def read(code: str) -> Text:
    """Parse and read `code`; raises what `ast.parse` raises."""
    text = Text(ast.parse(code))
    places: list[tuple[int, int, str]] = []
    pending: list[ast.AST] = [text.tree]
    while pending:  # `ast.walk` takes three times as long, and every run reads its tests
        node = pending.pop()
        _note(node, text, places)
        for name in node._fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                pending += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                pending.append(value)
    text.reads = [name for _, _, name in sorted(places)]
    return text


def _note(node: ast.AST, text: Text, places: list[tuple[int, int, str]]) -> None:
    kind = node.__class__
    if kind not in _HARMLESS:
        text.traces = kind.__name__
    if kind is ast.Name:
        if node.ctx.__class__ is ast.Load:  # type: ignore[attr-defined]
            places.append((node.lineno, node.col_offset, node.id))  # type: ignore[attr-defined]
            if node.id in _REACHING or node.id.startswith("__"):  # type: ignore[attr-defined]
                text.traces = node.id  # type: ignore[attr-defined]
        else:
            text.binds.add(node.id)  # type: ignore[attr-defined]
    elif kind in _NOTERS:
        _NOTERS[kind](node, text)


def _note_call(node: ast.Call, text: Text) -> None:
    if isinstance(node.func, ast.Name):
        text.calls.add(node.func.id)
        if node.func.id == "getattr" and (name := _attribute_named(node)):
            text.fixed_getattrs += 1
            text.attribute_names.add(name)


def _attribute_named(call: ast.Call) -> str:
    """The attribute that a `getattr` asks for, where it is written down and no special one; else empty."""
    wanted = call.args[1] if len(call.args) > 1 else None
    name = wanted.value if isinstance(wanted, ast.Constant) and isinstance(wanted.value, str) else ""
    return "" if name.startswith("_") else name


def _note_pattern(node: ast.MatchClass, text: Text) -> None:
    text.attribute_names.update(node.kwd_attrs)


def _note_attribute(node: ast.Attribute, text: Text) -> None:
    text.attribute_names.add(node.attr)
    chained = isinstance(node.value, ast.Attribute)
    if chained or node.attr.startswith("_") or not isinstance(node.ctx, ast.Load):
        text.traces = node.attr
    if isinstance(node.value, ast.Name):
        text.attributes.append((node.value.id, node.attr))
        if not isinstance(node.ctx, ast.Load):
            text.patched.add(node.value.id)


def _note_definition(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, text: Text) -> None:
    text.binds.add(node.name)


def _note_parameter(node: ast.arg, text: Text) -> None:
    text.binds.add(node.arg)


def _note_import(node: ast.Import | ast.ImportFrom, text: Text) -> None:
    text.binds.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
    text.imports += names
    _note_meanings(node, text)
    if any(alias.name.startswith("_") for alias in node.names):
        text.traces = names[0]
    if not INERT_MODULES.issuperset(names):
        text.traces = names[0]


def _note_meanings(node: ast.Import | ast.ImportFrom, text: Text) -> None:
    """`np` stands for `numpy`, `seed` for `random.seed`."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            meaning = f"{node.module}.{alias.name}"
            text.imported[meaning if alias.name == "*" else alias.asname or alias.name] = meaning
        else:
            text.imported[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )


def _note_handler(node: ast.ExceptHandler, text: Text) -> None:
    if node.name:
        text.binds.add(node.name)


_NOTERS: dict[type, Callable[[Any, Text], None]] = {
    ast.Call: _note_call,
    ast.Attribute: _note_attribute,
    ast.MatchClass: _note_pattern,
    ast.FunctionDef: _note_definition,
    ast.AsyncFunctionDef: _note_definition,
    ast.ClassDef: _note_definition,
    ast.arg: _note_parameter,
    ast.Import: _note_import,
    ast.ImportFrom: _note_import,
    ast.ExceptHandler: _note_handler,
}


def is_class_name(name: str) -> bool:
    """A capital: what the program says is a class, the test's author means as one."""
    return name[:1].isupper()


_RUNNING = frozenset(
    {"exec", "eval", "compile", "raises", "warns", "deprecated_call", "fail", "run_module", "main"}
)
"""Functions that may fail, or run a text that may."""


@functools.lru_cache(64)
def can_fail(code: str, setup: str) -> bool:
    """Whether `code` holds an assert, a raise, a call of `assert…`, or of one of its own functions that does.

    Functions and classes of the setup code count as the test's own. `double(2) == 4` alone cannot fail.
    """
    test = _parsed_or_none(code)
    if test is None or _holds_check(test):
        return True
    own = _parsed_or_none(setup)
    failing = _failing(own) if own is not None else set()
    return any(isinstance(part, ast.Name) and part.id in failing for part in ast.walk(test))


def _parsed_or_none(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _holds_check(tree: ast.AST) -> bool:
    return any(isinstance(part, ast.Assert | ast.Raise) or _is_check(part) for part in ast.walk(tree))


def _is_check(node: ast.AST) -> bool:
    """Whether a node calls something like `assertEqual`, `np.testing.assert_allclose` or `pytest.fail`."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _RUNNING or str(name).lower().startswith("assert")


def _failing(setup: ast.Module) -> set[str]:
    """Names of the setup's functions and classes that hold a check, or use one that does."""
    definitions = [
        n for n in setup.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    uses = {n.name: {part.id for part in ast.walk(n) if isinstance(part, ast.Name)} for n in definitions}
    failing = {node.name for node in definitions if _holds_check(node)}
    while more := {name for name, used in uses.items() if name not in failing and used & failing}:
        failing |= more
    return failing
