"""Finding the program in a model's answer, leniently: fenced or not, several fences, prose around it, cut off."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass

from assistant.domain.fences import dedented, fenced_blocks
from assistant.domain.parsing import parse, read_program

_PYTHON_WORDS = frozenset({"", "python", "python3", "py", "py3", "pycon", "ipython", "code"})
_CODE_START = re.compile(
    r"^(?:async\s+def\s|def\s|class\s|import\s|from\s+\S+\s+import\b|@\w|[A-Za-z_]\w*\s*=[^=])"
)
_MARKERS = re.compile(r"\[(?:BEGIN|/?DONE|PYTHON|/PYTHON)\]")


@dataclass(frozen=True)
class Answer:
    """The program in an answer. `code` is None when there is none; `problem` says in one line what is amiss."""

    code: str | None
    problem: str = ""


def extract_code(text: str, entry_point: str = "") -> Answer:
    """The program in `text` that defines `entry_point` (a function, `Class.method`, or empty for any program).

    Of several fenced blocks the last that defines the entry point is taken, with the earlier blocks that
    define names it needs. Code that does not parse is still returned: its syntax error is a verdict.
    """
    name = entry_point.split(".")[0]
    blocks = [(_clean(block.text), block.language) for block in fenced_blocks(text) if block.text.strip()]
    python = [code for code, word in blocks if word in _PYTHON_WORDS]
    python = python or [code for code, _ in blocks if _parses(code)]
    code = _choose(python, name) if python else _unfenced(text)
    if code is None or not code.strip():
        return Answer(None, "the answer contains no code")
    return _judge(code, entry_point)


def defined_names(code: str) -> set[str]:
    """Names bound at the top level of `code`; empty when it does not parse."""
    tree = parse(code)
    names: set[str] = set()
    for node in tree.body if tree else []:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        else:
            names.update(
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
    return names


def _judge(code: str, entry_point: str) -> Answer:
    tree = parse(code)
    name = entry_point.split(".")[0]
    if tree is None or not name or name in defined_names(code):
        return Answer(code)
    holder = _class_with_method(tree, entry_point)
    if holder is not None:
        return Answer(f"{code.rstrip()}\n\n\n{entry_point} = {holder}().{entry_point}\n")
    functions = [
        n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    if not functions:
        return Answer(code, f"the answer defines no function `{name}`")
    return Answer(code, f"the answer defines `{'`, `'.join(functions[:4])}` and not `{name}`")


def _class_with_method(tree: ast.Module, name: str) -> str | None:
    """A class that wraps the wanted function as a method, as `class Solution` often does."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            isinstance(item, ast.FunctionDef) and item.name == name for item in node.body
        ):
            return node.name
    return None


def _choose(codes: list[str], name: str) -> str:
    defining = [i for i, code in enumerate(codes) if name and name in defined_names(code)]
    if not defining and name:
        # One that does not parse may still be the attempt: better its syntax error than another block.
        pattern = re.compile(rf"^\s*(?:async\s+def|def|class)\s+{re.escape(name)}\b", re.MULTILINE)
        defining = [i for i, code in enumerate(codes) if pattern.search(code)]
    if not defining:
        parsing = [code for code in codes if _parses(code)]
        return max(parsing or codes, key=len)
    chosen = defining[-1]
    needed = _free_names(codes[chosen])
    helpers = []
    for i, code in enumerate(codes):
        if i != chosen and i not in defining and needed & defined_names(code):
            helpers.append(code.rstrip())
    return "\n\n\n".join([*helpers, codes[chosen]])


def _free_names(code: str) -> set[str]:
    tree = parse(code)
    if tree is None:
        return set()
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return loaded - defined_names(code)


def _unfenced(text: str) -> str | None:
    """Code without a fence: from the first line that looks like code, as far as it parses."""
    text = _MARKERS.sub("\n", text.replace("\r\n", "\n"))
    lines = textwrap.dedent(text).split("\n")
    starts = [i for i, line in enumerate(lines) if _CODE_START.match(line)]
    for start in starts[:20]:
        end = len(lines)
        while end > start:
            code = "\n".join(lines[start:end])
            if _parses(code):
                break
            end = min(end - 1, start + _error_line(code) - 1)
        if end > start and defined_names(code):
            return _clean(dedented(lines[start:end]))
    definition = [i for i in starts if re.match(r"(?:async\s+)?def\s|class\s", lines[i])]
    return _clean(dedented(lines[definition[0] :])) if definition else None


def _clean(code: str) -> str:
    code = _MARKERS.sub("", code) if "[DONE]" in code or "[BEGIN]" in code else code
    return code.rstrip() + "\n"


def _parses(code: str) -> bool:
    return parse(code) is not None


def _error_line(code: str) -> int:
    """1-based line at which `code` stops parsing."""
    try:
        read_program(code)
    except SyntaxError as error:
        return max(1, error.lineno or 1)
    except (ValueError, RecursionError, MemoryError):
        return 1
    return code.count("\n") + 1
