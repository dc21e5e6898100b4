"""What a program defines, how well, and which names it takes from elsewhere."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from enum import IntEnum

from assistant.core.safe_ast import parse, symbols

_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__"}
_WORDS = (ast.Name, ast.Attribute, ast.Tuple, ast.Load)


class Level(IntEnum):
    """How much of a definition of the wanted name a piece of code is."""

    NONE = 0
    BOUND = 1
    """Imported from elsewhere, or bound to what it gave itself: it is used here, not defined."""
    CONSTANT = 2
    STUB = 3
    """A body that does nothing."""
    ATTEMPT = 4
    """It does not parse, and looks like a definition."""
    DEFINED = 5


def level(tree: ast.Module | None, code: str, name: str) -> Level:
    """How well `code` defines `name`; any statement at all will do where that is empty."""
    if tree is None:
        return _attempt(code, name)
    if not name:
        return Level.DEFINED if any(not is_words(node) for node in tree.body) else Level.NONE
    found = [_statement_level(node, name) for node in _top_level(tree.body)]
    best = max(found, default=Level.NONE)
    if best is Level.NONE and method_holder(tree, name) is not None:
        return Level.DEFINED
    return best


def is_words(node: ast.stmt) -> bool:
    """A statement that is nothing but names, as words of prose are: `Done`, `Note: this`."""
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return True
    return isinstance(node, ast.Expr) and all(isinstance(part, _WORDS) for part in ast.walk(node.value))


def method_holder(tree: ast.Module, name: str) -> str | None:
    """What to call a method of a class by, where a class wraps the wanted function (`class Solution`)."""
    found: tuple[Level, str] | None = None
    for node in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for item in node.body:
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name:
                quality = Level.STUB if _is_stub(item) else Level.DEFINED
                bare = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in item.decorator_list)
                bound = any(isinstance(d, ast.Name) and d.id == "classmethod" for d in item.decorator_list)
                holder = node.name if bare or bound else f"{node.name}()"
                if found is None or quality >= found[0]:
                    found = (quality, holder)
    return found[1] if found else None


def defined_names(code: str) -> set[str]:
    """Names bound at the top level of `code`; empty when it does not parse."""
    tree = parse(code)
    return set(_bound(tree.body)) if tree else set()


def imports_everything(tree: ast.Module) -> bool:
    """It holds `from m import *`."""
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body)


def needed_names(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names that `code` takes from elsewhere: as soon as it is run, and in all. Empty where it does not compile."""
    table = symbols(code)
    if table is None:
        return frozenset(), frozenset()
    bound = _module_names(table) | _BUILTINS
    early = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    late = {name for child in _below(table) for name in _globals_read(child)}
    return frozenset(early - bound), frozenset((early | late) - bound)


def _attempt(code: str, name: str) -> Level:
    wanted = re.escape(name) if name else r"\w+"
    pattern = rf"^[ \t>]*(?:async\s+def|def|class)\s+{wanted}\b|^{wanted}\s*=\s*lambda\b"
    return Level.ATTEMPT if re.search(pattern, code, re.MULTILINE) else Level.NONE


def _statement_level(node: ast.stmt, name: str) -> Level:
    match node:
        case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined) if defined == name:
            return Level.STUB if _is_stub(node) else Level.DEFINED
        case ast.ClassDef(name=defined) if defined == name:
            return Level.DEFINED
        case ast.Import() | ast.ImportFrom() if name in _bound([node]):
            return Level.BOUND
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if name in _bound([node]):
            return _assigned(value, name)
        case _ if name in _bound([node]):
            return Level.CONSTANT
    return Level.NONE


def _assigned(value: ast.expr, name: str) -> Level:
    if isinstance(value, ast.Constant):
        return Level.CONSTANT
    own = any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))
    return Level.BOUND if own and not isinstance(value, ast.Lambda) else Level.DEFINED


def _is_stub(node: ast.stmt) -> bool:
    """Nothing but a docstring, `pass`, `...`, `raise NotImplementedError` or `return NotImplemented`."""
    return all(_does_nothing(statement) for statement in getattr(node, "body", []))


def _does_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=ast.Name(id="NotImplemented")):
            return True
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
        case _:
            return False


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of the module's own scope, those inside `if`, `try`, `with` and loops among them."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _top_level(handler.body)


def _bound(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in _top_level(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        else:
            yield from (
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )


def _module_names(table: symtable.SymbolTable) -> set[str]:
    found = {s.get_name() for s in table.get_symbols() if _binds(s)}
    for child in _below(table):
        found |= {s.get_name() for s in child.get_symbols() if s.is_declared_global() and _binds(s)}
    return found


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _globals_read(table: symtable.SymbolTable) -> set[str]:
    return {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}


def _below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = list(table.get_children())
    while waiting:
        child = waiting.pop()
        waiting += child.get_children()
        yield child
