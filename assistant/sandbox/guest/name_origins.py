"""Which names of a program are a library's, decided from the program's text alone.

A program may say anything about its objects (`__module__`, `__qualname__`, a class that pretends); its text cannot
pretend. A name is a library's where the text binds it by imports from one place, by nothing else, and holds nothing
that could bind it behind the text's back.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from assistant.sandbox.guest.test_source import LIBRARY_MODULES, WATCHED_MODULES

_REBINDING_NAMES = (
    "globals locals vars exec eval compile setattr delattr getattr __import__ __builtins__ breakpoint "
    "__loader__ __spec__ open input"
)
_REBINDING = frozenset(_REBINDING_NAMES.split())
"""Builtins with which a program could give a name or a library another value."""
_REACHING_ATTRIBUTES = (
    "__dict__ __globals__ __builtins__ __getattribute__ __setattr__ __delattr__ __subclasses__ __import__ "
    "__loader__ __spec__ __self__ __module__ __code__ __defaults__ __kwdefaults__ f_globals f_locals f_builtins "
    "modules _getframe gi_frame cr_frame ag_frame tb_frame"
)
_REACHING = frozenset(_REACHING_ATTRIBUTES.split())
_REACHING_MODULE_NAMES = (
    "builtins importlib inspect gc ctypes types runpy code codeop pickle marshal shelve solution __main__ "
    "unittest mock imp pdb bdb timeit cProfile profile trace doctest"
)
_REACHING_MODULES = frozenset(_REACHING_MODULE_NAMES.split())
"""Modules with which it could."""


class Home(NamedTuple):
    """Where a name was imported from."""

    module: str
    attribute: str
    """Empty: the module itself."""


def homes_in(source: str) -> dict[str, Home]:
    """The names of a program that its text binds by imports alone, each with its one home; empty in case of doubt."""
    if "import" not in source:
        return {}
    try:
        tree = ast.parse(source.removeprefix("\ufeff"))
        if any(map(_could_rebind, ast.walk(tree))):
            return {}
        bound = list(_bindings(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, set[Home | None]] = {}
    for name, home in bound:
        found.setdefault(name, set()).add(home)
    single = ((name, next(iter(homes))) for name, homes in found.items() if len(homes) == 1)
    return {name: home for name, home in single if home is not None and home.module not in WATCHED_MODULES}


def _could_rebind(node: ast.AST) -> bool:
    """Whether a piece of a program could change a name, or a library, without a statement that binds it."""
    if isinstance(node, ast.Name):
        return node.id in _REBINDING
    if isinstance(node, ast.Attribute):
        return node.attr in _REACHING or (
            isinstance(node.ctx, ast.Store | ast.Del)
            and isinstance(node.value, ast.Name | ast.Attribute | ast.Call)
            and not _is_of_self(node.value)
        )
    if isinstance(node, ast.ImportFrom):
        root = (node.module or "").partition(".")[0]
        return (
            node.level > 0 or root in _REACHING_MODULES or any(alias.name in _REACHED for alias in node.names)
        )
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in _REACHING_MODULES for alias in node.names)
    return False


_REACHED = _REBINDING | _REACHING | {"*"}
"""What an import may not bring in; a star could bring anything."""


def _is_of_self(owner: ast.expr) -> bool:
    """`self` and what hangs on it: an object of the program's own."""
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    return isinstance(owner, ast.Name) and owner.id in ("self", "cls")


def _bindings(tree: ast.Module) -> Iterator[tuple[str, Home | None]]:
    """Every binding of a name of the module; `None` stands for anything but an import."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        yield from _bound_by(node)
        pending += _in_the_same_scope(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from ((name, None) for name in node.names)
        elif isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name):
            yield node.target.id, None


def _in_the_same_scope(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield from ast.iter_child_nodes(node)


def _bound_by(node: ast.AST) -> Iterator[tuple[str, Home | None]]:
    if isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, Home(node.module or "", alias.name)) for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            root = alias.name.partition(".")[0]
            yield alias.asname or root, Home(alias.name if alias.asname else root, "")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, None
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id, None
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, None
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, None


def library_object(home: Home | None) -> Any:
    """The library's own object that stands at `home`; None where the judge does not take it from there."""
    if home is None or home.attribute.startswith("_"):
        return None
    root = home.module.partition(".")[0]
    if root not in LIBRARY_MODULES and not (home.module in WATCHED_MODULES and not home.attribute):
        return None
    try:
        importlib.import_module(root)
    except ImportError:
        return None
    module = sys.modules.get(home.module)  # a submodule only where its package has imported it
    return getattr(module, home.attribute, None) if home.attribute else module
