"""Modules that programs and tests often use, imported once so that every fork has them."""

from __future__ import annotations

import _sitebuiltins
import builtins
import contextlib
import importlib

_MODULES = [
    "abc",
    "array",
    "bisect",
    "cmath",
    "collections.abc",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "inspect",
    "io",
    "itertools",
    "json",
    "math",
    "numbers",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "textwrap",
    "time",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "linecache",
    "threading",
    "encodings.idna",
    "stringprep",
    "_strptime",
]


def import_all() -> None:
    """Import what exists; modules that the interpreter was built without are skipped."""
    for name in _MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # What the `site` module would have added.
    for word in ("exit", "quit"):
        setattr(builtins, word, _sitebuiltins.Quitter(word, "Ctrl-D"))
    builtins.help = _sitebuiltins._Helper()
