"""Why a test must run in the program's process: it inspects the program, shares values with it, or runs its values.

Only the test's text decides. A program has no say in whether its verdict is sealed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Set

from assistant.sandbox.guest.test_source import LIBRARY_MODULES, WATCHED_MODULES, Text

_LOOKS_INSIDE = frozenset(
    {"globals", "locals", "inspect", "monkeypatch", "mock", "patch", "setattr", "delattr", "gc", "vars"}
)
_FILES = frozenset({"open", "input", "capsys", "capfd", "tmp_path"})
_EVALUATES = frozenset({"eval", "exec", "compile", "__import__", "breakpoint"})
"""Builtins that run text. A judge that ran a program's text would say what the program wants it to say."""
_DUNDERS = frozenset({"__name__", "__doc__", "__debug__", "__file__"})
"""Names of that form that a test may read; the others lead into the interpreter."""
_REACHING_ATTRIBUTES = (
    "__dict__ __globals__ __builtins__ __getattribute__ __subclasses__ __import__ __loader__ __spec__ __self__ "
    "__func__ __code__ __closure__ __base__ __bases__ __mro__ __reduce__ __reduce_ex__ __init_subclass__ "
    "f_globals f_locals f_builtins f_back tb_frame gi_frame cr_frame ag_frame "
    "sys os builtins bltns importlib modules pickle marshal runpy codeop subprocess ctypes inspect gc "
    "_sys _os _builtins _modules"
)
_REACHING = frozenset(_REACHING_ATTRIBUTES.split())
"""Attributes by which any object leads to `eval`, and modules that other modules hold (`dataclasses.builtins`)."""
_OWN_NAMES = frozenset({"os.path", "collections.abc", "concurrent.futures", "datetime.time"})
"""What a module has under the name of another one."""
_MORE_IMPORTS = "__future__ pytest queue unittest traceback"
_SEALED_IMPORTS = LIBRARY_MODULES | WATCHED_MODULES | frozenset(_MORE_IMPORTS.split())
"""Modules that a test may import and stay apart from the program. Others may run, load or unpickle what it gives,
or call it from several threads, which a program in another process answers one at a time (`threading`)."""
_UNSEALED_IMPORTS = frozenset({"unittest.mock"})
_WATCHED = {
    "os": "path sep linesep pathsep curdir pardir extsep name fspath",
    "sys": "maxsize maxunicode float_info int_info hash_info version version_info byteorder platform getsizeof "
    "getrecursionlimit implementation",
    "io": "StringIO BytesIO TextIOWrapper BufferedReader SEEK_SET SEEK_CUR SEEK_END",
}
_HARMLESS = frozenset(f"{module}.{name}" for module, names in _WATCHED.items() for name in names.split())
_THINGS = (
    "random.seed random.setstate decimal.getcontext decimal.setcontext decimal.localcontext "
    "contextlib.redirect_stdout contextlib.redirect_stderr operator.attrgetter operator.methodcaller "
    "typing.get_type_hints typing.ForwardRef dataclasses.make_dataclass numpy.load numpy.memmap numpy.fromfile "
    "unittest.mock unittest.main unittest.defaultTestLoader unittest.TestLoader"
)
_SHARED = frozenset(_THINGS.split())
"""What a test and the program share only when they live in one process; what runs or loads something by its name."""
_WITH_SHARED = WATCHED_MODULES | {name.rpartition(".")[0] for name in _SHARED}
"""Modules that are looked at attribute by attribute; under another name they could not be."""


def reason_to_run_unsealed(text: Text, functions: Set[str], entry: str = "") -> str:
    """Why `text` cannot run against proxies of `functions`; empty when it can. `entry` is the function under test."""
    return (
        _looks_inside(text, functions, entry)
        or _evaluates(text, entry)
        or _imports(text)
        or _shares(text, functions)
        or _patches(text)
    )


def _looks_inside(text: Text, functions: Set[str], entry: str) -> str:
    for name in text.reads:
        if name != entry and (name in _LOOKS_INSIDE or (name in _FILES and name not in text.binds)):
            return f"the test uses `{name}`"
    for name, attribute in text.attributes:
        if name in functions:
            return f"the test looks inside the function: `{name}.{attribute}`"
    return ""


def _evaluates(text: Text, entry: str) -> str:
    """Whether text that the program gives could be run in the judge."""
    for name in text.reads:
        if name in _EVALUATES and name != entry:
            return f"the test uses `{name}`"
        if name.startswith("__") and name not in _DUNDERS and name not in text.binds:
            return f"the test uses `{name}`"
    for name in sorted(text.attribute_names & _REACHING):
        return f"the test uses `{name}`"
    if text.reads.count("getattr") > text.fixed_getattrs:
        return "the test uses `getattr` with a name that is not in its text"
    return ""


def _imports(text: Text) -> str:
    for name in text.imports:
        if name.partition(".")[0] not in _SEALED_IMPORTS or name in _UNSEALED_IMPORTS:
            return f"the test imports `{name}`"
    for meaning in text.imported.values():
        if meaning.endswith(".*") and meaning.partition(".")[0] in WATCHED_MODULES:
            return f"the test imports `{meaning}`"
    return ""


def _shares(text: Text, functions: Set[str]) -> str:
    for name in text.reads:
        if any(map(_is_shared, _meanings(text, name))):
            return f"the test uses `{name}`"
        module = text.imported.get(name, "" if name in text.binds or name in functions else name)
        if module in _WITH_SHARED and not _only_attributes(text, name):
            return f"the test uses `{name}`"
    for root, attribute in text.attributes:
        if _is_shared(f"{text.imported.get(root, root)}.{attribute}"):
            return f"the test uses `{root}.{attribute}`"
    return ""


def _meanings(text: Text, name: str) -> list[str]:
    """What a name may stand for, by the imports of the text."""
    stars = [meaning[:-1] + name for meaning in text.imported.values() if meaning.endswith(".*")]
    return [text.imported.get(name, ""), *(star for star in stars if star in _SHARED)]


def _is_shared(meaning: str) -> bool:
    root, dot, _ = meaning.partition(".")
    watched = dot and root in WATCHED_MODULES and not meaning.startswith("os.path.")
    return meaning in _SHARED or (watched and meaning not in _HARMLESS) or _is_imported_module(root, meaning)


def _is_imported_module(root: str, meaning: str) -> bool:
    """Whether `meaning` is a module that another module has imported (`ast.sys`)."""
    name = meaning.rpartition(".")[2].strip("_")
    foreign = name in sys.stdlib_module_names and name != root and meaning != root
    return foreign and root in sys.stdlib_module_names and meaning not in _OWN_NAMES


def _only_attributes(text: Text, name: str) -> bool:
    """Whether a module is only used by its attributes, which can be looked at one by one."""
    return text.reads.count(name) == sum(root == name for root, _ in text.attributes)


def _patches(text: Text) -> str:
    """Attributes set on something that the test did not make."""
    for name in sorted(text.patched):
        if name in text.imported or name not in text.binds:
            return f"the test changes `{name}`"
    return ""


def means_a_class(text: Text, name: str) -> bool:
    """Whether the text uses `name` as a class: not merely called like a function that gives a plain value."""
    nodes = list(ast.walk(text.tree))
    kept = {target for node in nodes for target in _kept_by(node, name)}
    free = set(text.free())
    return any(_as_class(node, name, kept, free) for node in nodes)


def _kept_by(node: ast.AST, name: str) -> list[str]:
    """Variables that hold what a call of `name` gave."""
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) or not _is_call(node.value, name):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _as_class(node: ast.AST, name: str, kept: set[str], free: set[str]) -> bool:
    """Whether an object is looked into, entered, or compared with another of the program's; or the class is named."""
    if isinstance(node, ast.Attribute):
        return _is_object(node.value, name, kept) or _is_name(node.value, name)
    if isinstance(node, ast.withitem):
        return _is_object(node.context_expr, name, kept)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        others = [side for side in sides if not _is_object(side, name, kept)]
        objects = len(sides) - len(others)
        return any(_is_name(side, name) for side in sides) or (
            objects > 1 or (objects == 1 and any(_mentions(side, free | kept) for side in others))
        )
    if isinstance(node, ast.Call):
        return _asks_for_kinds(node.func) and any(_mentions(argument, {name}) for argument in node.args)
    if isinstance(node, ast.ExceptHandler):
        return node.type is not None and _mentions(node.type, {name})
    return isinstance(node, ast.ClassDef) and any(_mentions(base, {name}) for base in node.bases)


def _asks_for_kinds(function: ast.expr) -> bool:
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return called in ("isinstance", "issubclass", "raises", "assertRaises", "assertIsInstance")


def _is_object(node: ast.expr, name: str, kept: set[str]) -> bool:
    return _is_call(node, name) or (isinstance(node, ast.Name) and node.id in kept)


def _is_call(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Call) and _is_name(node.func, name)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _mentions(node: ast.AST, names: Set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))
