"""A function or method within a module's text: where it stands, its code by itself, and what is around it.

The code of a method is its whole class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.errors import UsageError
from assistant.core.safe_ast import read_program
from assistant.problems.syntax import used_names

Function = ast.FunctionDef | ast.AsyncFunctionDef
_AT_TOP = "at the top of the file"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line as Python counts them: a form feed ends none."""
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


@dataclass(frozen=True)
class Located:
    """A function in the tree of its module, and the lines of the module, each with its end."""

    tree: ast.Module
    node: Function
    lines: tuple[str, ...]
    holder: ast.ClassDef | None = None
    """The class that it is a method of."""

    @property
    def whole(self) -> Function | ast.ClassDef:
        """What is run by itself: the function, or the class of the method."""
        return self.holder or self.node

    @property
    def first(self) -> int:
        """Index of the first line of `whole`, that of a decorator where it has one."""
        return min([self.whole.lineno, *(d.lineno for d in self.whole.decorator_list)]) - 1

    @property
    def last(self) -> int:
        """Index of the line behind the function."""
        return self.node.end_lineno or self.node.lineno

    def indent(self, node: Function | ast.ClassDef) -> str:
        """What its first line is indented by."""
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip(" \t\f"))]


def located(text: str, name: str) -> Located:
    """The function `name` of a module, or its method `Class.name`. Raises UsageError that says why not."""
    of_class, _, own_name = name.rpartition(".")
    if "." in of_class:
        raise UsageError(
            f"{name} is too deep: name a function or Class.method, of a class at the top of the file"
        )
    try:
        tree = read_program(text)
    except SyntaxError as error:
        raise UsageError(f"line {error.lineno}: the file is not Python: {error.msg}") from None
    lines, body = tuple(_LINE.findall(text)), tree.body
    holder: ast.ClassDef | None = None
    if of_class:
        found = _only(body, of_class, (ast.ClassDef,), "class", _AT_TOP)
        assert isinstance(found, ast.ClassDef)
        holder, body = found, found.body
    word, where = ("method", f"in class {of_class}") if of_class else ("function", _AT_TOP)
    node = _only(body, own_name, _FUNCTIONS, word, where)
    assert isinstance(node, Function)
    return Located(tree, node, lines, holder)


def _only(
    body: Sequence[ast.stmt], name: str, kind: tuple[type[ast.stmt], ...], word: str, where: str
) -> ast.stmt:
    """The one statement of `body` that defines `name`. Raises UsageError where there is none, or another kind."""
    defined = [node for node in _statements(body) if named(node)]
    found = [node for node in defined if named(node) == name]
    if not found:
        known = ", ".join(dict.fromkeys(named(node) for node in defined if isinstance(node, kind)))
        raise UsageError(f"there is no {word} {name} {where}; it has: {known or 'none'}")
    if len(found) > 1:
        places = " and ".join(str(node.lineno) for node in found)
        raise UsageError(
            f"{name} is defined more than once, in lines {places}: it is not clear which is meant"
        )
    if not isinstance(found[0], kind):
        is_class = isinstance(found[0], ast.ClassDef)
        hint = f"a class: name a method of it, {name}.METHOD" if is_class else "a function: it has no methods"
        raise UsageError(f"{name} is {hint}")
    return found[0]


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of the module's own scope, those inside its blocks among them."""
    for node in body:
        yield node
        if isinstance(node, _BLOCKS):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)


def named(node: ast.stmt) -> str:
    return node.name if isinstance(node, Function | ast.ClassDef) else ""


def function_code(place: Located) -> str:
    """The function by itself (of a method its class), decorators included, not indented, with plain line ends."""
    inside, indent = in_strings(place.whole), place.indent(place.whole)
    lines = [
        line if number in inside else _dedented(line, indent)
        for number, line in enumerate(
            place.lines[place.first : place.whole.end_lineno], start=place.first + 1
        )
    ]
    return "\n".join(line.rstrip("\r\n") for line in lines).rstrip() + "\n"


def _dedented(line: str, indent: str) -> str:
    return line.removeprefix(indent) if line.startswith(indent) else line.lstrip(" \t")


def in_strings(node: ast.AST) -> set[int]:
    """Numbers of lines that begin inside a string: their spaces belong to its value."""
    return {
        number
        for part in ast.walk(node)
        if isinstance(part, ast.JoinedStr | ast.Constant)
        and not isinstance(getattr(part, "value", 0), int | float)
        for number in range(part.lineno + 1, (part.end_lineno or part.lineno) + 1)
    }


def surroundings(place: Located) -> str:
    """What else the module defines, as setup code: neither its docstring, nor bare calls, nor its `main` part."""
    text = "".join(place.lines)
    kept = [node for node in place.tree.body if node is not place.whole and _defines(node)]
    return "\n".join(ast.get_source_segment(text, node) or ast.unparse(node) for node in kept)


def _defines(node: ast.stmt) -> bool:
    is_main = isinstance(node, ast.If) and "__name__" in used_names(node.test)
    return not isinstance(node, ast.Expr | ast.Delete | ast.Assert) and not is_main
