"""Finding the program in a model's answer, leniently: fenced or not, several fences, prose around it, cut off."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(?:[-*+>]|\d+[.)])?[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n`]*$")
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


@dataclass(frozen=True)
class _Block:
    code: str
    language: str


def extract_code(text: str, entry_point: str = "") -> Answer:
    """The program in `text` that defines `entry_point` (a function, `Class.method`, or empty for any program).

    Of several fenced blocks the last that defines the entry point is taken, with the earlier blocks that
    define names it needs. Code that does not parse is still returned: its syntax error is a verdict.
    """
    name = entry_point.split(".")[0]
    blocks = [block for block in _fenced_blocks(text) if block.code.strip()]
    python = [b for b in blocks if b.language in _PYTHON_WORDS] or [b for b in blocks if _parses(b.code)]
    code = _choose([b.code for b in python], name) if python else _unfenced(text)
    if code is None or not code.strip():
        return Answer(None, "the answer contains no code")
    return _judge(code, entry_point)


def defined_names(code: str) -> set[str]:
    """Names bound at the top level of `code`; empty when it does not parse."""
    tree = _parse(code)
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
    tree = _parse(code)
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


def _fenced_blocks(text: str) -> list[_Block]:
    """Fenced blocks in order. A fence that is never closed runs to the end of the text."""
    blocks: list[_Block] = []
    fence, language, lines = "", "", list[str]()
    for line in text.replace("\r\n", "\n").split("\n"):
        match = _FENCE.match(line)
        if not fence:
            if match:
                fence, language, lines = match[1], match[2].lower(), []
        elif match and match[1].startswith(fence) and not match[2]:
            blocks.append(_Block(_clean(lines), language))
            fence = ""
        else:
            lines.append(line)
    if fence:
        blocks.append(_Block(_clean(lines), language))
    return blocks


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
    tree = _parse(code)
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
            return _clean(lines[start:end])
    definition = [i for i in starts if re.match(r"(?:async\s+)?def\s|class\s", lines[i])]
    return _clean(lines[definition[0] :]) if definition else None


def _clean(lines: list[str]) -> str:
    code = textwrap.dedent("\n".join(lines)).strip("\n")
    code = _MARKERS.sub("", code) if "[DONE]" in code or "[BEGIN]" in code else code
    return code.rstrip() + "\n"


def _parses(code: str) -> bool:
    return _parse(code) is not None


def _error_line(code: str) -> int:
    """1-based line at which `code` stops parsing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except SyntaxError as error:
            return max(1, error.lineno or 1)
        except (ValueError, RecursionError, MemoryError):
            return 1
    return code.count("\n") + 1


def _parse(code: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
