"""What a test can only find out in the program's own process: identity, an exception's cause, warnings."""

from __future__ import annotations

import ast

from assistant.sandbox.guest.test_source import Text

_SINGLE = (type(None), bool, type(...))
_BUILTIN_TYPES = frozenset(
    [
        "bool",
        "int",
        "float",
        "complex",
        "str",
        "bytes",
        "bytearray",
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "object",
    ]
)
_TRACEBACK = {"format_exception", "format_exc", "format_tb", "extract_tb", "walk_tb", "TracebackException"}
_ATTRIBUTES = (
    frozenset(
        [
            "__cause__",
            "__context__",
            "__traceback__",
            "__suppress_context__",
            "with_traceback",
            "warns",
            "deprecated_call",
            "assertWarns",
            "assertWarnsRegex",
            "assertLogs",
            "assertNoLogs",
            "assertIs",
            "assertIsNot",
        ]
    )
    | _TRACEBACK
)
_NAMES = frozenset({"id", "warns", "deprecated_call"} | _TRACEBACK)


def asks_for_one_process(text: Text) -> str:
    """Why the text needs program and test in one process; empty where it does not."""
    for name in sorted(text.attribute_names & _ATTRIBUTES):
        return f"the test uses `{name}`"
    for name in text.reads:
        if name in _NAMES and name not in text.binds - set(text.imported):
            return f"the test uses `{name}`"
    if any(isinstance(node, ast.Compare) and _compares_identity(node) for node in ast.walk(text.tree)):
        return "the test asks whether two values are one object"
    return ""


def _compares_identity(node: ast.Compare) -> bool:
    """Whether `is` stands between values that are not single objects in every process (`None`, `True`, `int`)."""
    sides = [node.left, *node.comparators]
    return any(
        isinstance(operator, ast.Is | ast.IsNot) and not _is_single(one) and not _is_single(other)
        for one, operator, other in zip(sides, node.ops, sides[1:], strict=False)
    )


def _is_single(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, _SINGLE)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1
    if isinstance(node, ast.Name):
        return (
            node.id in _BUILTIN_TYPES or node.id in ("NotImplemented", "Ellipsis") or _is_exception(node.id)
        )
    return False


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Iteration", "Interrupt", "Exit", "Warning"))
