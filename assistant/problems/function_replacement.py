"""A new version of a function put in the place of the old one, so that nothing else of its file changes.

Only the function's own lines change: decorators, the comments above it and the rest of the file stay byte for byte.
Imports that the new version brings go below the file's imports, helpers of its own above the function. Annotations
and a docstring that it leaves out stay. Of the class of a method the method alone is put back.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.core.definitions import defined_names
from assistant.core.errors import UsageError
from assistant.problems.function_source import Function, Located, in_strings, located, named
from assistant.problems.syntax import used_names


def replaced(text: str, name: str, program: str) -> str:
    """The module's text with the function of `program` in the place of its own.

    Raises UsageError where the program does not define it as a function, or brings what the file has in another form.
    """
    place, new = located(text, name), _new_version(program, name)
    _refuse_decorators(place, new)
    _refuse_other_parts(place, new)
    wanted = _wanted(new)
    imports = [alias for node in wanted if isinstance(node, _IMPORTS) for alias in _single(node)]
    helpers = [node for node in wanted if not isinstance(node, _IMPORTS)]
    imports = [node for node in imports if not _has_import(place.tree, node)]
    helpers = [node for node in helpers if not _has(place.tree, node)]
    for node in [*imports, *helpers]:
        _refuse_conflict(place, node)
    end = _end(place.lines[place.node.lineno - 1]) or _end(place.lines[0]) or "\n"
    kept = _kept(place, new)
    body = kept.lines(place, _laid_out(_function_lines(new), new.node, place), new)
    lines = list(place.lines)
    tail = _end(lines[place.last - 1])
    lines[place.node.lineno - 1 : place.last] = [line + end for line in body[:-1]] + [body[-1] + tail]
    if helpers:
        lines[_above(place) : _above(place)] = _helper_lines(new, helpers, place.indent(place.whole), end)
    if imports:
        at = _import_place(place.tree, place.lines)
        if at and not lines[at - 1].endswith(("\r", "\n")):
            lines[at - 1] += end
        lines[at:at] = [ast.unparse(node) + end for node in imports]
    result = "".join(lines)
    _check(result, name, kept.expected(place.node, new.node))
    return result


@dataclass(frozen=True)
class _Kept:
    """What stays of the function's own text, because a model leaves it out: its annotations and its docstring."""

    signature: bool
    docstring: bool

    def lines(self, place: Located, body: list[str], new: Located) -> list[str]:
        """`body`, the new version's lines, with those of the file that stay."""
        old, first = place.node, new.node.body[0].lineno - new.node.lineno
        text = [line.rstrip("\r\n") for line in place.lines]
        head = text[old.lineno - 1 : old.body[0].lineno - 1] if self.signature else body[:first]
        doc = text[old.body[0].lineno - 1 : old.body[0].end_lineno] if self.docstring else []
        return [*head, *doc, *body[first:]]

    def expected(self, old: Function, new: Function) -> list[str]:
        """The tree that the file's function then has, as `_shape` gives it."""
        shape, kept = _shape(new), _shape(old)
        head = kept[:3] if self.signature else shape[:3]
        return [*head, *(kept[3:4] if self.docstring else []), *shape[3:]]


def _kept(place: Located, new: Located) -> _Kept:
    old, own = place.node, new.node
    if not _alone(place) or not _alone(new):
        return _Kept(signature=False, docstring=False)
    bare = not any(isinstance(part, ast.arg) and part.annotation for part in ast.walk(own.args))
    same = type(old) is type(own) and _without_annotations(old.args) == _without_annotations(own.args)
    documented = ast.get_docstring(old, clean=False) is not None and _alone_on_lines(place, old.body)
    undocumented = ast.get_docstring(own, clean=False) is None
    return _Kept(signature=bare and own.returns is None and same, docstring=documented and undocumented)


def _alone(place: Located) -> bool:
    """Whether the body begins on a line of its own."""
    first = place.node.body[0]
    return not place.lines[first.lineno - 1][: first.col_offset].strip()


def _alone_on_lines(place: Located, body: Sequence[ast.stmt]) -> bool:
    """Whether nothing but a comment follows the first statement on its last line."""
    first = body[0]
    after = place.lines[(first.end_lineno or first.lineno) - 1].encode()[first.end_col_offset :].decode()
    return not after.strip() or after.lstrip().startswith("#")


def _without_annotations(args: ast.arguments) -> str:
    return ast.dump(_Bare().visit(copy.deepcopy(args)))


class _Bare(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)


def _end(line: str) -> str:
    """The line's end; empty for a last line without one."""
    return line[len(line.rstrip("\r\n")) :]


_IMPORTS = (ast.Import, ast.ImportFrom)


def _new_version(program: str, name: str) -> Located:
    try:
        return located(program.rstrip() + "\n", name)
    except UsageError as error:
        raise UsageError(f"the program cannot be written back: {error}") from None


def _refuse_decorators(place: Located, new: Located) -> None:
    """The file's decorators stay; one that only the program has would be lost, and with it what was tested.

    One that the program leaves out was not tested: that matters for methods (`@staticmethod`).
    """
    there = {ast.dump(decorator) for decorator in place.node.decorator_list}
    kept = {ast.dump(decorator) for decorator in new.node.decorator_list}
    for decorator in place.node.decorator_list if place.holder else ():
        if ast.dump(decorator) not in kept:
            raise UsageError(
                f"the program leaves out @{ast.unparse(decorator)} above {new.node.name}: nothing is written; say "
                "that it has to stay"
            )
    for decorator in new.node.decorator_list:
        if ast.dump(decorator) not in there:
            raise UsageError(
                f"the program puts @{ast.unparse(decorator)} above {new.node.name}, and the decorators in the file "
                "stay as they are: nothing is written; add it to the file, or say that it has to do without"
            )


def _refuse_other_parts(place: Located, new: Located) -> None:
    """Of a class the method alone is put back: what else the program does to the class would be lost."""
    there, wanted = _other_parts(place), _other_parts(new)
    changed = next((part for part in (*wanted, *there) if part not in there or part not in wanted), None)
    if changed is not None and place.holder is not None:
        raise UsageError(
            f"the program has another {changed[0]} in class {place.holder.name} than the file, and only the method "
            f"{place.node.name} is put back: nothing is written; say that the rest of the class has to stay as it is"
        )


def _other_parts(place: Located) -> list[tuple[str, str]]:
    """The rest of the method's class, each part with a word for it: without docstrings and annotations."""
    holder = place.holder
    if holder is None:
        return []
    head = [*holder.bases, *holder.keywords, *holder.decorator_list]
    parts = [("head", " ".join(map(ast.dump, head)))]
    for node in _without_docstring(holder.body):
        if node is not place.node:
            word = named(node) or ast.unparse(node).partition("\n")[0]
            parts.append((f"`{word}`", ast.dump(_Plain().visit(copy.deepcopy(node)))))
    return parts


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text and isinstance(first.value.value, str) else body  # type: ignore[attr-defined]


class _Plain(_Bare):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns, node.body = None, _without_docstring(node.body)
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]


def _wanted(new: Located) -> list[ast.stmt]:
    """Statements of the program that the function needs, and those that they need, in order."""
    others = [
        node
        for node in new.tree.body
        if node is not new.whole and not isinstance(node, ast.Expr | ast.Assert)
    ]
    kept: set[int] = set()
    names = used_names(new.node)
    while fresh := [i for i, node in enumerate(others) if i not in kept and _binds(node) & names]:
        kept |= set(fresh)
        names |= {used for i in fresh for used in used_names(others[i])}
    return [others[i] for i in sorted(kept)]


def _binds(node: ast.stmt) -> set[str]:
    return defined_names(ast.unparse(node))


def _single(node: ast.stmt) -> list[ast.stmt]:
    """One import statement for each name."""
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    assert isinstance(node, ast.Import)
    return [ast.Import([alias]) for alias in node.names]


def _has_import(tree: ast.Module, wanted: ast.stmt) -> bool:
    there = (one for node in tree.body if isinstance(node, _IMPORTS) for one in _single(node))
    return any(ast.dump(one) == ast.dump(wanted) for one in there)


def _has(tree: ast.Module, wanted: ast.stmt) -> bool:
    return any(ast.dump(node) == ast.dump(wanted) for node in tree.body)


def _refuse_conflict(place: Located, node: ast.stmt) -> None:
    bound = _binds(node)
    other = next((n for n in place.tree.body if n is not place.whole and _binds(n) & bound), None)
    if other is not None:
        raise UsageError(
            f"the program brings a {', '.join(sorted(_binds(other) & bound))} of its own, and line {other.lineno} of "
            "the file has another: nothing is written; say in your words that it has to use the one that is there"
        )


def _function_lines(new: Located) -> list[str]:
    """The new version's lines from `def` on."""
    return [line.rstrip("\r\n") for line in new.lines[new.node.lineno - 1 : new.last]]


def _laid_out(lines: list[str], node: Function, place: Located) -> list[str]:
    """The lines of `node` under the indentation that the file has; spaces inside strings stay."""
    inside, step, width = in_strings(node), _step(place), _width(node)
    indent = place.indent(place.node)
    result = []
    for number, line in enumerate(lines, start=node.lineno):
        if number in inside or not line.strip():
            result.append(line)
            continue
        spaces = max(0, len(line) - len(line.lstrip(" ")) - node.col_offset)
        steps, rest = divmod(spaces, width) if step and width else (0, spaces)
        result.append(indent + step * steps + " " * rest + line.lstrip(" "))
    return result


def _step(place: Located) -> str:
    """What the file indents the function's body by; empty where the body stands on the line of `def`."""
    first, outside = place.node.body[0].lineno, len(place.indent(place.node))
    line = place.lines[first - 1]
    return "" if first == place.node.lineno else line[outside : len(line) - len(line.lstrip(" \t"))]


def _width(node: Function) -> int:
    """Spaces that the body is indented by; 0 where it stands on the line of `def`."""
    return 0 if node.body[0].lineno == node.lineno else node.body[0].col_offset - node.col_offset


def _above(place: Located) -> int:
    """Index of the line before which helpers go: above the comments that stand right above the function."""
    at = place.first
    while at and place.lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _helper_lines(new: Located, helpers: Sequence[ast.stmt], indent: str, end: str) -> list[str]:
    gap = [end] * (1 if indent else 2)
    found: list[str] = []
    for node in helpers:
        inside = in_strings(node)
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        for number in range(first, (node.end_lineno or node.lineno) + 1):
            line = new.lines[number - 1].rstrip("\r\n")
            found.append((line if number in inside or not line.strip() else indent + line) + end)
        found += gap
    return found


def _import_place(tree: ast.Module, lines: Sequence[str]) -> int:
    """Index of the line before which imports go: below those at the top, else below docstring and first comments."""
    at = 0
    for number, node in enumerate(tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (docstring or isinstance(node, _IMPORTS)):
            break
        at = node.end_lineno or node.lineno
    if not at and lines and lines[0].startswith("#!"):
        at = 1
    while at < min(2, len(lines)) and re.match(r"#.*coding[:=]", lines[at]):
        at += 1
    return at


def _check(result: str, name: str, wanted: list[str]) -> None:
    """The file holds the very function that was tested. Raises UsageError."""
    if _shape(located(result, name).node) != wanted:
        raise UsageError("the program cannot be put into the file as it was tested; copy it by hand")


def _shape(node: Function) -> list[str]:
    """Its tree in parts, without decorators: the file's own stay."""
    parts = (node.args, node.returns, *node.body)
    return [type(node).__name__, *(ast.dump(part) if part else "-" for part in parts)]
