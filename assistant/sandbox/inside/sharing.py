"""Why a test must run beside the code: it looks inside the program, or shares something with it.

Only the test's text decides. A program has no say in whether its verdict is sealed.
"""

from __future__ import annotations

from collections.abc import Set

from assistant.sandbox.inside.names import Text

_LOOKS_INSIDE = frozenset(
    {"globals", "inspect", "monkeypatch", "mock", "patch", "setattr", "delattr", "gc", "vars"}
)
_FILES = frozenset({"open", "input", "capsys", "capfd", "tmp_path"})
_IMPORTS = (
    "solution __main__ inspect gc types builtins asyncio warnings logging tempfile shutil importlib "
    "unittest.mock"
)
_TELLING_IMPORTS = frozenset(_IMPORTS.split())
"""Modules that a test only needs to look at the program, or to share something with it."""
_THINGS = (
    "sys.stdin sys.stdout sys.stderr sys.modules sys.argv sys.path sys.setrecursionlimit os.environ os.putenv "
    "os.chdir os.mkdir os.remove random.seed random.setstate decimal.getcontext decimal.setcontext "
    "decimal.localcontext contextlib.redirect_stdout contextlib.redirect_stderr pathlib.Path io.open"
)
_SHARED = frozenset(_THINGS.split())
"""What a test and the program share only when they live in one process."""


def reason_to_run_beside(text: Text, functions: Set[str]) -> str:
    """Why `text` cannot run against proxies of `functions`; empty when it can."""
    return _looks_inside(text, functions) or _imports(text) or _shares(text) or _patches(text)


def _looks_inside(text: Text, functions: Set[str]) -> str:
    for name in text.reads:
        if name in _LOOKS_INSIDE or (name in _FILES and name not in text.binds):
            return f"the test uses `{name}`"
    for name, attribute in text.attributes:
        if name in functions:
            return f"the test looks inside the function: `{name}.{attribute}`"
    return ""


def _imports(text: Text) -> str:
    for name in text.imports:
        if name in _TELLING_IMPORTS or name.partition(".")[0] in _TELLING_IMPORTS:
            return f"the test imports `{name}`"
    return ""


def _shares(text: Text) -> str:
    for name in text.reads:
        if text.imported.get(name) in _SHARED:
            return f"the test uses `{name}`"
    for root, attribute in text.attributes:
        if f"{text.imported.get(root, root)}.{attribute}" in _SHARED:
            return f"the test uses `{root}.{attribute}`"
    return ""


def _patches(text: Text) -> str:
    """Attributes set on something that the test did not make."""
    for name in sorted(text.patched):
        if name in text.imported or name not in text.binds:
            return f"the test changes `{name}`"
    return ""
